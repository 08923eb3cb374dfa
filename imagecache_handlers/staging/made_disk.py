"""Made disk: what came out of a conversion, before anybody opens it.

What lies in a disk becomes the first bytes of a raw file, by whoever wrote
the disk; and qemu-img may take another size for that of a disk than we did.
"""

from typing import BinaryIO

from imagecache_handlers.exceptions import Unsupported
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.staging.inspecting import inspect_file
from imagecache_handlers.staging.limits import Limits

_SECTOR = 512
# What a format makes of nothing is small, whatever the disk has.
_ANY_GROWTH = Limits(growth_from=2**63)


def check_made(file: BinaryIO, meta: ImageMeta, virtual_size: int) -> None:
    """Refuse what is not the disk that was to be made.

    ``meta`` says what it should be, and ``virtual_size`` is that of the disk
    it was made of.

    :raises Unsupported: when it begins as something else, or has another
        size, but for the rest of a sector.
    """
    try:
        made = inspect_file(file, meta, _ANY_GROWTH).virtual_size
    except Unsupported as error:
        why = (
            'the disk in it begins with the header of another, which may '
            'name files of the host'
        )
        raise Unsupported(meta.image_id, why) from error
    if made != _round_up(virtual_size):
        raise Unsupported(
            meta.image_id,
            f'its header tells of a disk of {virtual_size:,} bytes, and '
            f'qemu-img makes one of {made:,} bytes of it',
        )


def _round_up(size: int) -> int:
    return -(-size // _SECTOR) * _SECTOR
