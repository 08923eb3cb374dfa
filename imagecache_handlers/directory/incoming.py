"""Incoming: the folder in a store for images on their way in, and its debris.

Whoever stages an image there holds a lock: one file of that image, by its
name or by what comes before the last dot in it.
"""

from collections.abc import Collection
from collections.abc import Iterator
import contextlib
import datetime
import functools
import logging
import os
import re
import stat
from typing import NamedTuple
from typing import Self

from imagecache_handlers.directory.folder import count_allocated
from imagecache_handlers.directory.parts import INCOMING
from imagecache_handlers.directory.parts import ROOTS
from imagecache_handlers.directory import reserving
from imagecache_handlers.directory.store_folder import opened
from imagecache_handlers.directory.system.descriptors import close
from imagecache_handlers.directory.system import entries
from imagecache_handlers.directory.system import flock
from imagecache_handlers.directory.system import own_folder
from imagecache_handlers.directory.system import rights
from imagecache_handlers.directory.system import safe_open
from imagecache_handlers.model import Debris

LOG = logging.getLogger(__name__)

# Seconds for which what was cut off may be gone on with.
_KEPT = 24 * 60 * 60
# Whatever has another name was put there by somebody else, and stays.
_ENTRY = re.compile(r'[A-Za-z0-9_+][A-Za-z0-9._-]*', flags=re.ASCII)


def name_folder(store: str) -> str:
    """Name the folder of a store, as ``CacheHandler.staging`` promises."""
    with opened(store) as fd:
        name = choose_folder(fd)
        if name == INCOMING:
            own_folder.make_own(fd, name)
        own_folder.make_ours(fd, name)
    return os.path.join(store, name)


def choose_folder(fd: int) -> str:
    """Give the entry of an open store in which we stage images.

    Whoever is not root stages in their own store only.
    """
    is_roots = os.geteuid() == 0 and os.fstat(fd).st_uid != 0
    return ROOTS if is_roots else INCOMING


class Staged(NamedTuple):
    """One entry of one of these folders."""

    folder: str
    entry: str

    @classmethod
    def parse(cls, location: str) -> Self | None:
        """Read where a piece of debris lies; None: not in such a folder."""
        folder, _, entry = location.partition('/')
        is_one = folder in (INCOMING, ROOTS) and '/' not in entry
        return cls(folder, entry) if is_one else None


def list_staged(
    store: str, fd: int, now: datetime.datetime
) -> Iterator[Debris]:
    """List what nobody goes on with, in an open folder of a store."""
    for name in filter(functools.partial(_is_there, fd), (INCOMING, ROOTS)):
        yield from _list_folder(store, fd, name, now)


def _is_there(fd: int, name: str) -> bool:
    """Tell if that folder is there, and for us to look after."""
    found = own_folder.find_own(fd, name)
    return found is not None and (
        name != ROOTS or found.st_uid == os.geteuid()
    )


def _list_folder(
    store: str, fd: int, name: str, now: datetime.datetime
) -> Iterator[Debris]:
    try:
        with own_folder.opened_own(fd, name) as folder:
            names = os.listdir(folder)
            incoming = _Incoming(folder, os.fstat(fd).st_uid)
            for entry in names:
                why = _explain_over(incoming, entry, names, now)
                found = entries.lstat(folder, entry)
                if why is not None and found is not None:
                    location = f'{name}/{entry}'
                    yield _describe_staged(store, location, why, found)
    except OSError as error:
        why = error.strerror or str(error)
        LOG.warning(
            'Store %s: nobody can tell if debris lies in %s (%s)',
            store,
            name,
            why,
        )


def clean_staged(fd: int, staged: Staged, now: datetime.datetime) -> int:
    """Remove one of them, if it is one still; tell what that frees."""
    if not _is_there(fd, staged.folder):
        return 0
    entry = staged.entry
    with (
        own_folder.opened_own(fd, staged.folder) as folder,
        contextlib.ExitStack() as locks,
    ):
        names = os.listdir(folder)
        incoming = _Incoming(folder, os.fstat(fd).st_uid)
        if _explain_over(incoming, entry, names, now) is None:
            return 0
        for one in _list_kin(entry, names):
            if not _take_lock(folder, one, locks):
                return 0
        found = entries.lstat(folder, entry)
        if found is None:
            return 0
        os.unlink(entry, dir_fd=folder)
        return _count_freed(found)


class _Incoming(NamedTuple):
    """One of these folders, open, and whose store it lies in."""

    fd: int
    owner: int


def _explain_over(
    incoming: _Incoming,
    entry: str,
    names: Collection[str],
    now: datetime.datetime,
) -> str | None:
    """Say why an entry is debris; None if it is not, or not surely."""
    if not _ENTRY.fullmatch(entry):
        return None
    reserved = reserving.Entry.parse(entry)
    if reserved is not None:
        is_over = reserved.is_debris(now)
        is_told = is_over and reserving.is_told(incoming.fd, entry)
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


def _is_left(incoming: _Incoming, entry: str, now: datetime.datetime) -> bool:
    """Tell if a file of ours is as it was for long, and nobody holds it."""
    found = entries.lstat(incoming.fd, entry)
    if found is None:
        return True
    return (
        stat.S_ISREG(found.st_mode)
        and _is_known(incoming, found)
        and now.timestamp() - found.st_mtime > _KEPT
        and not flock.is_held(incoming.fd, entry)
    )


def _is_known(incoming: _Incoming, found: os.stat_result) -> bool:
    # What was about to be an image belongs to whom the store does.
    return found.st_uid == incoming.owner or rights.is_owned(
        incoming.fd, found
    )


def _take_lock(incoming: int, entry: str, locks: contextlib.ExitStack) -> bool:
    try:
        fd = safe_open.open_file(incoming, entry, os.O_RDWR)
    except FileNotFoundError:
        return True
    locks.callback(close, fd)
    return flock.try_lock(fd)


def _describe_staged(
    store: str, location: str, why: str, found: os.stat_result
) -> Debris:
    return Debris(
        store=store,
        location=location,
        size=_count_freed(found),
        since=_read_since(found),
        why=why,
    )


def _count_freed(found: os.stat_result) -> int:
    return count_allocated(found) if found.st_nlink == 1 else 0


def _read_since(found: os.stat_result) -> datetime.datetime | None:
    try:
        return datetime.datetime.fromtimestamp(found.st_mtime, datetime.UTC)
    except (OverflowError, ValueError, OSError):
        return None  # no calendar has it
