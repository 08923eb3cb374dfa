"""Quarantine: where images lie that differ from what was added, for people.

Nothing is made of them any more, and nothing of ours removes them.
"""

import contextlib
import dataclasses
import os
import secrets

from imagecache_handlers.directory.candidates import Removal
from imagecache_handlers.directory.evicting import Evictions
from imagecache_handlers.directory import folder
from imagecache_handlers.directory.parts import QUARANTINE
from imagecache_handlers.directory import sidecar
from imagecache_handlers.directory.store_folder import opened
from imagecache_handlers.directory.system import own_folder
from imagecache_handlers.exceptions import ImageNotFound
from imagecache_handlers.handler import Alive
from imagecache_handlers.model import CachedImage


@dataclasses.dataclass(slots=True)
class SettingAside(Removal):
    """One image on its way to an open folder, to have that name there."""

    to: int
    name: str
    is_there: bool = False

    def take_file(self, fd: int, file: folder.File) -> None:
        """Move the file; both folders are to last before more is done."""
        os.rename(file.name, self.name, src_dir_fd=fd, dst_dir_fd=self.to)
        self.is_there = True
        folder.settle_change(self.to, file.name, 'set aside')

    def take_traces(self, fd: int, file: folder.File) -> None:
        """Move the sidecar after it: it says what the bytes should be."""
        with contextlib.suppress(OSError):
            os.rename(
                sidecar.path(file.name),
                sidecar.path(self.name),
                src_dir_fd=fd,
                dst_dir_fd=self.to,
            )
        folder.drop_traces(fd, file)


def set_aside(
    evictions: Evictions, store: str, image: CachedImage, alive: Alive
) -> str:
    """Move one, as ``CacheHandler.quarantine`` promises; tell where to."""
    name = f'{image.location}.{secrets.token_hex(4)}'
    with opened(store) as fd:
        own_folder.make_own(fd, QUARANTINE)
        with own_folder.opened_own(fd, QUARANTINE) as to:
            removal = SettingAside(to, name)
            way = dataclasses.replace(evictions, removal=removal)
            way.evict(store, image, alive)
    if not removal.is_there:
        raise ImageNotFound(image.image_id, 'that file is gone')
    return os.path.join(store, QUARANTINE, name)
