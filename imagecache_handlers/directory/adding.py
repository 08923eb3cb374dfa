"""How an image comes into a folder: whole and labelled, or not at all."""

from collections.abc import Iterator
import contextlib
import datetime
import os
import secrets
from typing import BinaryIO

from imagecache_handlers.directory import birth
from imagecache_handlers.directory.closing import close
from imagecache_handlers.directory import flock
from imagecache_handlers.directory import folder
from imagecache_handlers.directory.layout import Layout
from imagecache_handlers.directory.opening import changing
from imagecache_handlers.directory.opening import opened
from imagecache_handlers.directory.opening import translated
from imagecache_handlers.directory import safe_open
from imagecache_handlers.directory import sidecar
from imagecache_handlers.exceptions import ImageExists
from imagecache_handlers.exceptions import Uncertain
from imagecache_handlers.exceptions import Unsupported
from imagecache_handlers.model import ImageMeta

_CHUNK = 2**20
_LONGEST_NAME = 255 - len(sidecar.stage('', '00000000'))


def add(
    layout: Layout,
    store: str,
    meta: ImageMeta,
    content: BinaryIO,
    labels: set[str],
    now: datetime.datetime,
) -> folder.File:
    """Put an image into a folder, as ``CacheHandler.add`` promises."""
    name = layout.key(meta.image_id)
    if why := layout.refuse(meta):
        raise Unsupported(meta.image_id, why)
    if len(name) > _LONGEST_NAME:
        raise Unsupported(meta.image_id, f'over {_LONGEST_NAME} characters')
    with opened(store) as fd:
        _refuse_existing(layout, fd, name)
    stage = sidecar.stage(name, secrets.token_hex(4))
    with _staged(store, stage) as new:
        _fill(new, content, meta, store)
        with changing(store, name) as fd, layout.held(store, name):
            _refuse_existing(layout, fd, name)
            # Where nobody knows when a file was born they might be its own.
            folder.drop_notes(fd, name)
            made = _sidecar(fd, name, stage, labels, now)
            _publish(fd, name, stage, made)
            return _added(layout, fd, name)


@contextlib.contextmanager
def _staged(store: str, stage: str) -> Iterator[int]:
    """Give a new file that is gone afterwards, however it ends."""
    with contextlib.ExitStack() as stack:
        # Errors of the content, which is read inside, are not ours.
        with translated(store):
            fd = safe_open.open_folder(store)
            stack.callback(close, fd)
            # The stage is its own lock: who can take it knows that nobody
            # is writing it any more.
            new = stack.enter_context(flock.held(fd, stage, 0o644))
            folder.give_away(new, os.fstat(fd))
        yield new


def _fill(fd: int, content: BinaryIO, meta: ImageMeta, store: str) -> None:
    """Write the content to the disk, or refuse it if it is not whole."""
    size = 0
    while chunk := content.read(_CHUNK):
        size += len(chunk)
        with translated(store):
            sidecar.write_all(fd, chunk)
    if size != meta.size:
        why = f'it has {size} bytes, not the {meta.size} announced'
        raise Unsupported(meta.image_id, why)
    with translated(store):
        os.fsync(fd)


def _refuse_existing(layout: Layout, fd: int, name: str) -> None:
    if sidecar.look(fd, name) is not None:
        ours = layout.find(fd, name) is not None
        raise ImageExists(name, '' if ours else 'as a file that is not ours')


def _sidecar(
    fd: int, name: str, stage: str, labels: set[str], now: datetime.datetime
) -> sidecar.Sidecar:
    found = os.stat(stage, dir_fd=fd, follow_symlinks=False)
    born = birth.of(fd, stage)
    return sidecar.Sidecar.of(name, now, labels, found, born)


def _publish(fd: int, name: str, stage: str, made: sidecar.Sidecar) -> None:
    # Before the file: what has none would be foreign after a crash.
    sidecar.write(fd, name, made)
    try:
        os.fsync(fd)
        # A link, unlike a rename, replaces nothing that others put there.
        os.link(stage, name, src_dir_fd=fd, dst_dir_fd=fd)
    except OSError as error:
        with contextlib.suppress(OSError):
            sidecar.remove(fd, name)
        if isinstance(error, FileExistsError):
            why = 'somebody else put it there'
            raise ImageExists(name, why) from None
        raise


def _added(layout: Layout, fd: int, name: str) -> folder.File:
    """Give the new image as others see it from now on."""
    folder.settle(fd, name, 'added')
    try:
        file = layout.find(fd, name, folder.Listing.of(fd))
    except OSError as error:
        raise Uncertain(name, f'added, but then: {error}') from error
    if file is None:
        raise Uncertain(name, 'somebody else changed the new file')
    return file
