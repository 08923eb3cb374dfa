"""Disk kinds: how the bytes of an image become a disk that vSphere runs."""

import enum

from imagecache_handlers.exceptions import Unsupported
from imagecache_handlers.model import ImageMeta

# What the handler takes; others are converted to the first.
FORMATS = ('raw', 'vmdk', 'iso')

_FLAT = frozenset({'preallocated', 'thin', 'thick', 'eagerZeroedThick'})
_STREAM = 'streamOptimized'


class DiskKind(enum.Enum):
    """What an image's bytes are."""

    FLAT = 'the data of a disk, and nothing else'
    SPARSE = 'a disk of one file with what is written in it'
    STREAM = 'a disk that comes in with a machine of its own'
    ISO = 'a CD-ROM'


def read_kind(meta: ImageMeta) -> DiskKind:
    """Tell by its format and Nova's ``vmware_disktype`` what an image is.

    :raises Unsupported: when it cannot be made a disk here.
    """
    if meta.disk_format == 'iso':
        return DiskKind.ISO
    if meta.disk_format == 'raw':
        return DiskKind.FLAT
    if meta.disk_format != 'vmdk':
        known = ', '.join(FORMATS)
        why = f'it is {meta.disk_format[:100]}, and vSphere takes {known}'
        raise Unsupported(meta.image_id, why)
    return _read_vmdk(meta)


def _read_vmdk(meta: ImageMeta) -> DiskKind:
    # Nova's default, for what does not say.
    kind = meta.properties.get('vmware_disktype') or 'preallocated'
    if kind in _FLAT:
        return DiskKind.FLAT
    if kind == 'sparse':
        return DiskKind.SPARSE
    if kind == _STREAM:
        return DiskKind.STREAM
    known = ', '.join(sorted(_FLAT | {'sparse', _STREAM}))
    why = f'its vmware_disktype {kind[:100]!r} is none of {known}'
    raise Unsupported(meta.image_id, why)


_ADAPTERS = {
    'lsiLogic': 'lsiLogic',
    'busLogic': 'busLogic',
    'ide': 'ide',
    # Kinds of controllers that disks are not told apart for.
    'lsiLogicsas': 'lsiLogic',
    'paraVirtual': 'lsiLogic',
}


def adapter_of(meta: ImageMeta) -> str:
    """Give the adapter that a disk is made for.

    :raises Unsupported: when vSphere has none of that name.
    """
    name = meta.properties.get('vmware_adaptertype') or 'lsiLogic'
    if name not in _ADAPTERS:
        known = ', '.join(_ADAPTERS)
        why = f'its vmware_adaptertype {name[:100]!r} is none of {known}'
        raise Unsupported(meta.image_id, why)
    return _ADAPTERS[name]
