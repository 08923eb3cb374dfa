"""Image folders: what a search found, as the images that Nova lays there.

An image is ``<base>/<id>/<id>.vmdk`` with its extent ``<id>-flat.vmdk``, or
``<id>.iso``; beside it lie copies that were made larger for linked clones,
``<id>.<GiB>.vmdk``.
"""

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import datetime
import functools
import re

from imagecache_handlers.model import IMAGE_ID
from imagecache_handlers_vmware import label_folders
from imagecache_handlers_vmware.paths import DatastorePath

# What a hypervisor leaves beside a disk that it has open, and takes away.
_PASSING = re.compile(r'\.lck-[0-9a-f]+|.*\.lck')
# How names go on that begin with an image's: of its larger copies, of all.
_SIZED = re.compile(r'\.\d+\.vmdk')
_OWN = re.compile(r'(\.\d+)?(-flat)?\.vmdk|\.iso')


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that a search found; its size is in bytes."""

    name: str
    size: int = 0
    modified: datetime.datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder that a search found, with what lies directly in it.

    ``filled`` are those of its folders in which anything lies.  Without
    ``has_extents`` a disk is its descriptor alone, as on vSAN.
    """

    path: DatastorePath
    files: tuple[File, ...] = ()
    folders: tuple[str, ...] = ()
    filled: frozenset[str] = frozenset()
    has_extents: bool = True


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImageFolder:
    """A folder that is named as an image's is, and what it holds."""

    image_id: str
    folder: Folder

    @property
    def path(self) -> DatastorePath:
        return self.folder.path

    @property
    def size(self) -> int:
        return sum(file.size for file in self.folder.files)

    @functools.cached_property
    def labels(self) -> frozenset[str]:
        return label_folders.read_labels(self.folder.folders)

    @property
    def has_iso(self) -> bool:
        return f'{self.image_id}.iso' in self._files

    @property
    def has_any_iso(self) -> bool:
        return any(name.endswith('.iso') for name in self._files)

    @property
    def cached_at(self) -> datetime.datetime | None:
        """When it was fetched: its bytes are never written again."""
        for name in f'{self.image_id}-flat.vmdk', f'{self.image_id}.iso':
            if name in self._files:
                return self._files[name].modified
        descriptor = self._files.get(f'{self.image_id}.vmdk')
        return None if descriptor is None else descriptor.modified

    @property
    def disks(self) -> tuple[str, ...]:
        """The disks by their descriptors; the image itself comes last."""
        sized = sorted(
            one for one in self._files if self._has_ending(_SIZED, one)
        )
        own = f'{self.image_id}.vmdk'
        return (*sized, own) if own in self._files else tuple(sized)

    @property
    def is_whole(self) -> bool:
        """Whether the image is all there: a disk needs its extent.

        A descriptor without a byte is one that was being written.
        """
        if self.has_iso:
            return True
        descriptor = self._files.get(f'{self.image_id}.vmdk')
        if descriptor is None or not self.folder.has_extents:
            return descriptor is not None
        has_text = descriptor.size > 0
        return has_text and f'{self.image_id}-flat.vmdk' in self._files

    @property
    def foreign(self) -> tuple[str, ...]:
        """What lies in it and is not of the image, by name."""
        files = [one for one in self._files if not self._has_ending(_OWN, one)]
        folders = [
            one
            for one in self.folder.folders
            if not label_folders.is_label(one) or one in self.folder.filled
        ]
        return tuple(sorted(files + folders))

    def _has_ending(self, ends: re.Pattern[str], name: str) -> bool:
        """Tell if a file has the image's name, and how that goes on."""
        begin = self.image_id
        return name.startswith(begin) and bool(
            ends.fullmatch(name, len(begin))
        )

    @functools.cached_property
    def _files(self) -> Mapping[str, File]:
        return {
            file.name: file
            for file in self.folder.files
            if not is_passing(file.name)
        }


def is_passing(name: str) -> bool:
    """Tell if a file is a lock that its hypervisor takes away by itself."""
    return bool(_PASSING.fullmatch(name))


def find_image_folders(
    base: DatastorePath, folders: Iterable[Folder]
) -> dict[str, ImageFolder]:
    """Give the image folders below a base folder, by image id.

    What has a name that cannot name an image is foreign.  A folder that the
    search gave twice is one.
    """
    found: dict[str, ImageFolder] = {}
    for folder in folders:
        name = folder.path.name
        if folder.path == base.join(name) and IMAGE_ID.fullmatch(name):
            found[name] = ImageFolder(image_id=name, folder=folder)
    return found
