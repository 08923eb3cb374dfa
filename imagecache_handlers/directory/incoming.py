"""Incoming: the folder in a store for images on their way in, and its debris.

Whoever stages an image there holds a lock: one file of that image, by its
name or by what comes before the last dot in it.
"""

from collections.abc import Collection
from collections.abc import Iterator
import contextlib
import datetime
import logging
import os
import re
import stat

from imagecache_handlers.directory import folder
from imagecache_handlers.directory.parts import INCOMING
from imagecache_handlers.directory import reserving
from imagecache_handlers.directory import sidecar
from imagecache_handlers.directory.store_folder import opened
from imagecache_handlers.directory.system.descriptors import close
from imagecache_handlers.directory.system import flock
from imagecache_handlers.directory.system import own_folder
from imagecache_handlers.directory.system import rights
from imagecache_handlers.directory.system import safe_open
from imagecache_handlers.model import Debris

LOG = logging.getLogger(__name__)

# Seconds for which what was cut off may be gone on with.
_KEPT = 24 * 60 * 60
_BESIDE = f'{INCOMING}/'
# Whatever has another name was put there by somebody else, and stays.
_ENTRY = re.compile(r'[A-Za-z0-9_+][A-Za-z0-9._-]*', flags=re.ASCII)


def name_folder(store: str) -> str:
    """Name the folder of a store, as ``CacheHandler.staging`` promises."""
    with opened(store) as fd:
        own_folder.make_own(fd, INCOMING)
    return os.path.join(store, INCOMING)


def staged_in(location: str) -> str | None:
    """Give the entry of the folder that a piece of debris is, if any."""
    entry = location.removeprefix(_BESIDE)
    return entry if entry != location and '/' not in entry else None


def list_staged(
    store: str, fd: int, now: datetime.datetime
) -> Iterator[Debris]:
    """List what nobody goes on with, in an open folder of a store."""
    if own_folder.find_own(fd, INCOMING) is None:
        return
    try:
        with own_folder.opened_own(fd, INCOMING) as incoming:
            names = os.listdir(incoming)
            for entry in names:
                why = _explain_over(incoming, entry, names, now)
                found = sidecar.lstat(incoming, entry)
                if why is not None and found is not None:
                    yield _describe_staged(store, entry, why, found)
    except OSError as error:
        why = error.strerror or str(error)
        LOG.warning(
            'Store %s: nobody can tell if debris lies in %s (%s)',
            store,
            INCOMING,
            why,
        )


def clean_staged(fd: int, entry: str, now: datetime.datetime) -> int:
    """Remove one of them, if it is one still; tell what that frees."""
    if own_folder.find_own(fd, INCOMING) is None:
        return 0
    with (
        own_folder.opened_own(fd, INCOMING) as incoming,
        contextlib.ExitStack() as locks,
    ):
        names = os.listdir(incoming)
        if _explain_over(incoming, entry, names, now) is None:
            return 0
        for one in _list_kin(entry, names):
            if not _take_lock(incoming, one, locks):
                return 0
        found = sidecar.lstat(incoming, entry)
        if found is None:
            return 0
        os.unlink(entry, dir_fd=incoming)
        return folder.allocated(found) if found.st_nlink == 1 else 0


def _explain_over(
    incoming: int, entry: str, names: Collection[str], now: datetime.datetime
) -> str | None:
    """Say why an entry is debris; None if it is not, or not surely."""
    if not _ENTRY.fullmatch(entry):
        return None
    reserved = reserving.Entry.parse(entry)
    if reserved is not None:
        is_over = reserved.is_debris(now)
        is_told = is_over and reserving.is_told(incoming, entry)
        return 'its room was reserved until then' if is_told else None
    kin = _list_kin(entry, names)
    if all(_is_left(incoming, one, now) for one in kin):
        return 'fetching an image was cut off'
    return None


def _list_kin(entry: str, names: Collection[str]) -> list[str]:
    """Give what is of one image, and perhaps more, the entry with it."""
    stem = _stem(entry)
    return [
        name
        for name in names
        if f'{name}.'.startswith(f'{stem}.')
        or f'{entry}.'.startswith(f'{_stem(name)}.')
    ]


def _stem(entry: str) -> str:
    return entry.rpartition('.')[0] or entry


def _is_left(incoming: int, entry: str, now: datetime.datetime) -> bool:
    """Tell if a file of ours is as it was for long, and nobody holds it."""
    found = sidecar.lstat(incoming, entry)
    if found is None:
        return True
    return (
        stat.S_ISREG(found.st_mode)
        and rights.is_owned(incoming, found)
        and now.timestamp() - found.st_mtime > _KEPT
        and not flock.is_held(incoming, entry)
    )


def _take_lock(incoming: int, entry: str, locks: contextlib.ExitStack) -> bool:
    try:
        fd = safe_open.open_file(incoming, entry, os.O_RDWR)
    except FileNotFoundError:
        return True
    locks.callback(close, fd)
    return flock.try_lock(fd)


def _describe_staged(
    store: str, entry: str, why: str, found: os.stat_result
) -> Debris:
    return Debris(
        store=store,
        location=f'{_BESIDE}{entry}',
        size=folder.allocated(found) if found.st_nlink == 1 else 0,
        since=_read_since(found),
        why=why,
    )


def _read_since(found: os.stat_result) -> datetime.datetime | None:
    try:
        return datetime.datetime.fromtimestamp(found.st_mtime, datetime.UTC)
    except (OverflowError, ValueError, OSError):
        return None  # no calendar has it
