"""Debris: what our broken operations left in a folder, and how it goes."""

import contextlib
import datetime
import logging
import os

from imagecache_handlers.directory import folder
from imagecache_handlers.directory.layout import Layout
from imagecache_handlers.directory import sidecar
from imagecache_handlers.directory.store_folder import changing
from imagecache_handlers.directory.store_folder import opened
from imagecache_handlers.directory.system import flock
from imagecache_handlers.model import Debris

LOG = logging.getLogger(__name__)


def list_debris(layout: Layout, store: str) -> list[Debris]:
    """List them, as ``CacheHandler.debris`` promises."""
    with opened(store) as fd:
        return [
            _describe_debris(store, entry, why, found)
            for entry in os.listdir(fd)
            if _image_of(layout, entry) is not None
            if (why := _why_broken(store, fd, entry)) is not None
            if (found := sidecar.lstat(fd, entry)) is not None
        ]


def clean_debris(layout: Layout, debris: Debris) -> int:
    """Remove one of them, as ``CacheHandler.clean`` promises."""
    entry = debris.location
    name = _image_of(layout, entry)
    if name is None:
        return 0
    with changing(debris.store, name) as fd:
        found = sidecar.lstat(fd, entry)
        if found is None or folder.broken(fd, entry, locked=True) is None:
            return 0
        size = folder.allocated(found) if found.st_nlink == 1 else 0
        if folder.is_new(fd, entry):
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
        return folder.broken(fd, entry)
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
    name = folder.owner(entry)
    return None if name is None or layout.named(name) is None else name


def _describe_debris(
    store: str, entry: str, why: str, found: os.stat_result
) -> Debris:
    since = datetime.datetime.fromtimestamp(found.st_mtime, datetime.UTC)
    size = folder.allocated(found) if found.st_nlink == 1 else 0
    return Debris(store=store, location=entry, size=size, since=since, why=why)
