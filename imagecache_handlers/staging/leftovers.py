"""Leftovers: stages that nobody works on, and nobody came back for."""

import datetime
import logging
import os
import stat

from imagecache_handlers.directory.system import flock
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.model import Debris
from imagecache_handlers.staging.names import is_ours
from imagecache_handlers.staging.names import lock_of
from imagecache_handlers.staging.stage_file import remove_file
from imagecache_handlers.staging.staging_folder import opened_folder
from imagecache_handlers.staging.troubles import translated

_LOG = logging.getLogger(__name__)

_WHY = 'an image on its way in that nobody fetches any more'
OLD = datetime.timedelta(days=1)


def list_leftovers(
    folder: str,
    now: datetime.datetime,
    older_than: datetime.timedelta = OLD,
) -> list[Debris]:
    """List what nobody has worked on for so long, nor does now.

    ``store`` is the folder, ``location`` the name of a file in it; what
    has no name of a stage's is foreign.  A folder that is not there has
    none.

    :raises StoreUnavailable: when the folder is not ours.
    """
    if not os.path.lexists(folder):
        return []
    with opened_folder(folder) as fd, translated(folder):
        entries = sorted(filter(is_ours, os.listdir(fd)))
        described = [_describe(folder, fd, entry) for entry in entries]
        return [
            one
            for one in described
            if one is not None and _is_left(fd, one, now - older_than)
        ]


def drop_leftovers(folder: str, now: datetime.datetime) -> None:
    """Remove what is old and nobody works on; trouble with it is logged."""
    try:
        for left in list_leftovers(folder, now):
            if remove_leftover(folder, left):
                _LOG.info('%s in %s: removed, %s', left.location, folder, _WHY)
    except StoreUnavailable as error:
        _LOG.warning('What was left of images is not removed: %s', error)


def remove_leftover(folder: str, left: Debris) -> bool:
    """Remove one; False: somebody works on it by now, or it has changed."""
    with opened_folder(folder) as fd, translated(folder):
        try:
            lock = lock_of(left.location)
            # It is removed by whoever has held it.
            with flock.held(fd, lock, patience=0):
                if left.location != lock:
                    return _remove_unchanged(fd, left)
        except TimeoutError:
            return False
    return True


def _remove_unchanged(fd: int, left: Debris) -> bool:
    if _describe(left.store, fd, left.location) != left:
        return False
    remove_file(fd, left.location)
    return True


def _describe(folder: str, fd: int, entry: str) -> Debris | None:
    try:
        found = os.stat(entry, dir_fd=fd, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    since = datetime.datetime.fromtimestamp(found.st_mtime, datetime.UTC)
    return Debris(
        store=folder,
        location=entry,
        size=found.st_blocks * 512,
        since=since,
        why=_WHY,
    )


def _is_left(fd: int, left: Debris, before: datetime.datetime) -> bool:
    if left.since is None or left.since > before:
        return False
    return not flock.is_held(fd, lock_of(left.location))
