"""Staging folder: where stages of this host lie, and nobody else enters."""

from collections.abc import Iterator
import contextlib
import os

from imagecache_handlers.directory.system.descriptors import close
from imagecache_handlers.directory.system import own_folder
from imagecache_handlers.directory.system import safe_open
from imagecache_handlers.staging.troubles import translated


@contextlib.contextmanager
def opened_folder(path: str) -> Iterator[int]:
    """Give the folder, which is made where only its parent is there.

    It is ours, also in the store of somebody else: who could change what
    lies in it would have us read, write and publish other files.

    :raises StoreUnavailable: when it is of others, or others may enter it.
    """
    with contextlib.ExitStack() as stack:
        with translated(path):
            fd = stack.enter_context(_opened_own(path))
        yield fd


@contextlib.contextmanager
def _opened_own(path: str) -> Iterator[int]:
    parent, name = os.path.split(os.path.normpath(path))
    above = safe_open.open_folder(parent)
    try:
        own_folder.make_ours(above, name)
        with own_folder.opened_ours(above, name) as fd:
            yield fd
    finally:
        close(above)
