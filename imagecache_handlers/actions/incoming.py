"""Incoming: what an image will be in its store, before a byte is fetched."""

from collections.abc import Sequence
import dataclasses
import os
import stat

from imagecache_handlers.actions.guard import GuardedHandler
from imagecache_handlers.actions.image_head import find_virtual_size
from imagecache_handlers.actions.packed_head import describe_packed
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import NotSupported
from imagecache_handlers.exceptions import Unsupported
from imagecache_handlers.model import ImageMeta
from imagecache_handlers import packed_vhd
from imagecache_handlers.source import RangedSource
from imagecache_handlers.staging.names import Names
from imagecache_handlers.staging.stopping import ShouldStop

# The disk in these is the file.
_PLAIN = frozenset({'raw', 'iso'})


class Refused(CacheError):
    """An image does not come in, for a reason that people understand.

    ``blind``: it may, once somebody says who uses what is in its place.
    """

    def __init__(self, why: str, *, blind: bool = False) -> None:
        super().__init__(why)
        self.blind = blind


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """An image on its way in: as its source has it, and as it is stored.

    ``convert_to`` names the format that it is to be converted to; None: it
    stays as it is.
    """

    meta: ImageMeta
    stored: ImageMeta
    convert_to: str | None = None

    def measure_room(self, handler: GuardedHandler, store: str) -> int:
        """Tell how many bytes it takes there."""
        try:
            return handler.room(self.stored, store)
        except NotSupported:
            return self.stored.size

    @property
    def staged_size(self) -> int:
        """Bytes that it takes on its way, beside those that are stored."""
        return self.meta.size if self.convert_to else 0

    @property
    def size_beside(self) -> int:
        """Bytes that it takes on its way where nothing of it is linked."""
        return self.meta.size + (self.stored.size if self.convert_to else 0)

    def count_staged(self, folder: str) -> int:
        """Tell how many bytes of it lie in the folder of its stage.

        What will not be taken up again, or is not there alone, counts for
        nothing.
        """
        if self.meta.checksum is None:
            return 0
        entry = Names.of(self.meta).stage
        return _count_allocated(os.path.join(folder, entry))


def _count_allocated(path: str) -> int:
    try:
        found = os.lstat(path)
    except OSError:
        return 0
    alone = stat.S_ISREG(found.st_mode) and found.st_nlink == 1
    return found.st_blocks * 512 if alone else 0


def plan_incoming(
    handler: GuardedHandler,
    source: RangedSource,
    meta: ImageMeta,
    should_stop: ShouldStop,
) -> Incoming:
    """Decide in which format an image is stored.

    :raises Refused: when the size of its disk cannot be told, though it
        has to be converted.
    :raises SourceError: when the bytes that tell it cannot be had.
    :raises Stopped: when it is not to go on.
    :raises Unsupported: when it is a tar.gz of VHDs, and no one disk that is
        a VHD there is made of it.
    """
    formats = handler.formats
    if meta.disk_format == packed_vhd.FORMAT:
        return _plan_packed(formats, source, meta, should_stop)
    if not formats:
        return Incoming(meta=meta, stored=meta)
    if meta.disk_format in formats:
        stored = _with_disk_size(source, meta, should_stop)
        return Incoming(meta=meta, stored=stored)
    size = _find_virtual_size(source, meta, should_stop)
    stored = dataclasses.replace(
        meta,
        size=size,
        disk_format=formats[0],
        allocated=None,
        virtual_size=size,
        checksum=None,
    )
    return Incoming(meta=meta, stored=stored, convert_to=formats[0])


def _plan_packed(
    formats: Sequence[str],
    source: RangedSource,
    meta: ImageMeta,
    should_stop: ShouldStop,
) -> Incoming:
    disk = packed_vhd.DISK
    if disk not in formats:
        why = 'it is a tar.gz of VHDs, which is for hosts of XenServer'
        raise Unsupported(meta.image_id, why)
    stored = describe_packed(source, meta, should_stop)
    return Incoming(meta=meta, stored=stored, convert_to=disk)


def _with_disk_size(
    source: RangedSource, meta: ImageMeta, should_stop: ShouldStop
) -> ImageMeta:
    """Have an image tell how large the disk in it is, if its bytes do.

    What a backend makes of it may be as large, whatever its file is.
    """
    if meta.virtual_size is not None or meta.disk_format in _PLAIN:
        return meta
    try:
        size = _find_virtual_size(source, meta, should_stop)
    except Refused:
        return meta
    return dataclasses.replace(meta, virtual_size=size)


def _find_virtual_size(
    source: RangedSource, meta: ImageMeta, should_stop: ShouldStop
) -> int:
    """Tell how large the disk in an image is, by its first bytes if need be.

    :raises Refused: when they do not tell.
    """
    if meta.virtual_size is not None:
        return meta.virtual_size
    try:
        return find_virtual_size(source, meta, should_stop)
    except Unsupported as error:
        raise Refused(
            f'its {meta.disk_format} has to be converted, and its first '
            f'bytes do not tell how large the disk in it is: {error.why}'
        ) from error
