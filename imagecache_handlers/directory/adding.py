"""Adding: an image comes into a folder whole and labelled, or not at all."""

from collections.abc import Iterator
import contextlib
import datetime
import os
from typing import BinaryIO

from imagecache_handlers.directory.access import Access
from imagecache_handlers.directory import folder
from imagecache_handlers.directory.layout import Layout
from imagecache_handlers.directory import self_contained
from imagecache_handlers.directory import sidecar
from imagecache_handlers.directory import stages
from imagecache_handlers.directory.store_folder import changing
from imagecache_handlers.directory.store_folder import opened
from imagecache_handlers.directory.store_folder import translated
from imagecache_handlers.directory.system import birth_time
from imagecache_handlers.directory.system.descriptors import close
from imagecache_handlers.directory.system import entries
from imagecache_handlers.directory.system import safe_open
from imagecache_handlers.directory.system import sparse
from imagecache_handlers.exceptions import ImageExists
from imagecache_handlers.exceptions import Uncertain
from imagecache_handlers.exceptions import Unsupported
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.source import Holed

_CHUNK = 2**20


def add_image(
    layout: Layout,
    store: str,
    meta: ImageMeta,
    content: BinaryIO,
    labels: set[str],
    now: datetime.datetime,
    access: Access,
) -> folder.File:
    """Put an image into a folder, as ``CacheHandler.add`` promises."""
    name = layout.key(meta.image_id)
    if why := layout.explain_unfit(meta):
        raise Unsupported(meta.image_id, why)
    if len(name) > sidecar.LONGEST_NAME:
        why = f'over {sidecar.LONGEST_NAME} characters'
        raise Unsupported(meta.image_id, why)
    with opened(store) as fd:
        _refuse_existing(layout, fd, name)
    with _made_stage(store, name, content, access) as stage:
        if not stage.is_filled:
            _fill_file(stage.new, content, meta, store)
        _settle_file(stage.new, meta, store)
        with changing(store, name) as fd, layout.held(store, name):
            with stage.opened_up(access):
                _refuse_existing(layout, fd, name)
                # Where nobody knows when a file was born they might be its
                # own.
                folder.drop_notes(fd, name)
                made = _make_sidecar(stage.new, name, labels, now)
                _publish_file(fd, name, stage, made)
            return _find_added(layout, fd, name)


@contextlib.contextmanager
def _made_stage(
    store: str, name: str, content: BinaryIO, access: Access
) -> Iterator[stages.Stage]:
    """Give a new file that is gone afterwards, however it ends."""
    with contextlib.ExitStack() as stack:
        # Errors of the content, which is read inside, are not ours.
        with translated(store):
            fd = safe_open.open_folder(store)
            stack.callback(close, fd)
            stage = stack.enter_context(stages.made(fd, name, content))
            access.give_to_group(stage.new)
        yield stage


def _fill_file(
    fd: int, content: BinaryIO, meta: ImageMeta, store: str
) -> None:
    """Write the content to a file, or refuse it if it is not whole."""
    size = _skip_zeros(content)
    while chunk := content.read(_CHUNK):
        with translated(store):
            sparse.write(fd, chunk, size)
        size += len(chunk) + _skip_zeros(content)
    _refuse_size(meta, size)
    with translated(store):
        os.ftruncate(fd, size)


def _settle_file(fd: int, meta: ImageMeta, store: str) -> None:
    """Have a file on the disk, or refuse it if it is not whole by itself."""
    with translated(store):
        size = os.fstat(fd).st_size
        _refuse_size(meta, size)
        named = self_contained.explain_unfit(fd, size)
    if named:
        raise Unsupported(meta.image_id, named)
    with translated(store):
        os.fsync(fd)


def _refuse_size(meta: ImageMeta, size: int) -> None:
    if size != meta.size:
        why = f'it has {size} bytes, not the {meta.size} announced'
        raise Unsupported(meta.image_id, why)


def _skip_zeros(content: BinaryIO) -> int:
    """Pass over zeros that need no reading: of such there may be years."""
    return content.skip_hole() if isinstance(content, Holed) else 0


def _refuse_existing(layout: Layout, fd: int, name: str) -> None:
    if entries.lstat(fd, name) is not None:
        ours = layout.find_image(fd, name) is not None
        raise ImageExists(name, '' if ours else 'as a file that is not ours')


def _make_sidecar(
    new: int, name: str, labels: set[str], now: datetime.datetime
) -> sidecar.Sidecar:
    # Never by its name, which the folder's owner may have given to another.
    found, born = os.fstat(new), birth_time.read(new)
    return sidecar.Sidecar.of(name, now, labels, found, born)


def _publish_file(
    fd: int, name: str, stage: stages.Stage, made: sidecar.Sidecar
) -> None:
    # Before the file: what has none would be foreign after a crash.
    sidecar.write(fd, name, made)
    try:
        os.fsync(fd)
        stage.publish(fd, name)
    except OSError as error:
        with contextlib.suppress(OSError):
            sidecar.remove(fd, name)
        if isinstance(error, FileExistsError):
            why = 'somebody else put it there'
            raise ImageExists(name, why) from None
        raise


def _find_added(layout: Layout, fd: int, name: str) -> folder.File:
    """Give the new image as others see it from now on."""
    folder.settle_change(fd, name, 'added')
    try:
        file = layout.find_image(fd, name, folder.Listing.of(fd))
    except OSError as error:
        raise Uncertain(name, f'added, but then: {error}') from error
    if file is None:
        raise Uncertain(name, 'somebody else changed the new file')
    return file
