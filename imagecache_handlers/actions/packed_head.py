"""Packed head: what disk a tar.gz of VHDs has, by its first bytes."""

import dataclasses

from imagecache_handlers.actions.image_head import inspect_first
from imagecache_handlers.exceptions import Unsupported
from imagecache_handlers.model import ImageMeta
from imagecache_handlers import packed_vhd
from imagecache_handlers.source import RangedSource
from imagecache_handlers.staging.stopping import ShouldStop
from imagecache_handlers.staging.stopping import stop_between
from imagecache_handlers import units

# A little more than gzip can: what says more of itself is never whole.
_MOST_GROWTH = 1040


def describe_packed(
    source: RangedSource, meta: ImageMeta, should_stop: ShouldStop
) -> ImageMeta:
    """Tell what the disk in it will be.

    :raises Unsupported: when it is a chain of several, or no disk is in it.
    :raises SourceError: when its first bytes cannot be had.
    :raises Stopped: when it is not to go on.
    """
    packed = b''
    with source.read_from(meta, 0) as stretch:
        for piece in stop_between(stretch.chunks, should_stop, meta.image_id):
            packed += piece
            if len(packed) >= packed_vhd.PACKED_HEAD:
                break
    head = packed_vhd.unpack_head(packed)
    try:
        disk = packed_vhd.find_disk(head)
        if disk.size > _MOST_GROWTH * meta.size:
            raise ValueError(_describe_bomb(disk.size, meta.size))
        found = dataclasses.replace(
            meta,
            size=disk.size,
            disk_format=packed_vhd.DISK,
            allocated=None,
            checksum=None,
        )
    except ValueError as error:
        raise Unsupported(meta.image_id, str(error)) from error
    first = head[disk.start : disk.start + disk.size]
    return dataclasses.replace(found, virtual_size=inspect_first(first, found))


def _describe_bomb(size: int, packed: int) -> str:
    return (
        f'its disk is said to have {units.size(size)}, which '
        f'{units.size(packed)} of a tar.gz cannot hold'
    )
