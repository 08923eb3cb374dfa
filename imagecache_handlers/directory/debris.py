"""Debris: what our broken operations left in a folder, and how it goes."""

import contextlib
import datetime
import logging
import os
import stat

from imagecache_handlers.directory import folder
from imagecache_handlers.directory import incoming
from imagecache_handlers.directory.layout import Layout
from imagecache_handlers.directory import notes
from imagecache_handlers.directory import sidecar
from imagecache_handlers.directory.store_folder import changing
from imagecache_handlers.directory.store_folder import opened
from imagecache_handlers.directory.system import entries
from imagecache_handlers.directory.system import flock
from imagecache_handlers.directory.system import rights
from imagecache_handlers.model import Debris

LOG = logging.getLogger(__name__)


def list_debris(
    layout: Layout, store: str, now: datetime.datetime
) -> list[Debris]:
    """List them, as ``CacheHandler.debris`` promises."""
    with opened(store) as fd:
        beside = [
            _describe_debris(store, entry, why, found)
            for entry in os.listdir(fd)
            if _image_of(layout, entry) is not None
            if (why := _why_broken(store, fd, entry)) is not None
            if (found := entries.lstat(fd, entry)) is not None
        ]
        return [*beside, *incoming.list_staged(store, fd, now)]


def clean_debris(
    layout: Layout, debris: Debris, now: datetime.datetime
) -> int:
    """Remove one of them, as ``CacheHandler.clean`` promises."""
    entry = debris.location
    staged = incoming.Staged.parse(entry)
    if staged is not None:
        with opened(debris.store) as fd:
            return incoming.clean_staged(fd, staged, now)
    name = _image_of(layout, entry)
    if name is None:
        return 0
    with changing(debris.store, name) as fd:
        found = entries.lstat(fd, entry)
        if found is None or explain_broken(fd, entry, locked=True) is None:
            return 0
        size = folder.count_allocated(found) if found.st_nlink == 1 else 0
        if is_new(fd, entry):
            # That removes it, and waits for whoever took it after all.
            with flock.held(fd, entry):
                return size
        with contextlib.suppress(FileNotFoundError):
            os.unlink(entry, dir_fd=fd)
            return size
        return 0


def _why_broken(store: str, fd: int, entry: str) -> str | None:
    """Say why one is debris, if that can be told; it ends no others' list."""
    try:
        return explain_broken(fd, entry)
    except OSError as error:
        LOG.warning(
            'Store %s: nobody can tell if %s is debris: its image, or the '
            'lock of that, cannot be opened (%s)',
            store,
            entry,
            error.strerror or error,
        )
        return None


def _image_of(layout: Layout, entry: str) -> str | None:
    """Give the file that an entry lies beside, if that may be an image."""
    name = image_beside(entry)
    return None if name is None or layout.read_name(name) is None else name


def _describe_debris(
    store: str, entry: str, why: str, found: os.stat_result
) -> Debris:
    since = datetime.datetime.fromtimestamp(found.st_mtime, datetime.UTC)
    size = folder.count_allocated(found) if found.st_nlink == 1 else 0
    return Debris(store=store, location=entry, size=size, since=since, why=why)


def image_beside(entry: str) -> str | None:
    """Give the image that an entry lies beside, by its name alone."""
    note = notes.Note.parse(entry)
    return note.name if note else sidecar.image_of(entry)


def explain_broken(
    folder: int, entry: str, *, locked: bool = False
) -> str | None:
    """Say why an entry is debris; None if it is not, or not surely.

    ``locked``: the caller holds the lock of the image that it lies beside.
    """
    name = image_beside(entry)
    found = entries.lstat(folder, entry)
    if name is None or found is None or not stat.S_ISREG(found.st_mode):
        return None
    if not rights.is_owned(folder, found):
        return None
    note = notes.Note.parse(entry)
    if note is None and is_new(folder, entry):
        held = flock.is_held(folder, entry)
        return None if held else 'adding an image was cut off'
    lock = sidecar.path(name, sidecar.LOCK)
    if not locked and flock.is_held(folder, lock):
        return None
    if note is not None:
        return _why_void(folder, note)
    if entry == lock:
        return None if locked or found.st_size else 'whoever held it died'
    if entry.endswith(sidecar.STAGE):
        return 'adding an image was cut off'
    if entry.endswith(sidecar.NEW):
        return 'writing labels was cut off'
    if entries.lstat(folder, name) is None and sidecar.read(folder, name):
        return 'its image is gone'
    return None


def is_new(folder: int, entry: str) -> bool:
    """Tell if an entry is a stage that did not become its image yet.

    Whoever may read the image may lock it: that says nothing any more.
    """
    name = sidecar.image_of(entry)
    if name is None or not entry.endswith(sidecar.STAGE):
        return False
    found, image = entries.lstat(folder, entry), entries.lstat(folder, name)
    if found is None or image is None:
        return True
    return not os.path.samestat(found, image)


def _why_void(folder: int, note: notes.Note) -> str | None:
    """Say why a note says nothing any more; None if it may say something."""
    found = entries.lstat(folder, note.name)
    written = sidecar.read(folder, note.name)
    if note.is_over and written is None:
        # It may be one that nobody understands.
        there = entries.lstat(folder, sidecar.path(note.name)) is not None
        return None if there else 'its sidecar is gone'
    if found is None:
        return 'its image is gone'
    subject = notes.Subject.of(folder, note.name, found.st_ino, written)
    return None if subject.is_of(note) else 'it speaks of another file'
