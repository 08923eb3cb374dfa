"""Disk head: what the first bytes of a file tell of the disk in it."""

import re

from imagecache_handlers import packed_vhd

# Where a format tells itself, and how; what tells nothing is raw.
_MAGIC = (
    ('qcow2', 0, b'QFI\xfb'),
    ('vmdk', 0, b'KDMV'),
    ('vmdk', 0, b'# Disk DescriptorFile'),
    ('vhd', 0, b'conectix'),
    ('vhdx', 0, b'vhdxfile'),
    ('vdi', 64, b'\x7f\x10\xda\xbe'),
    ('qed', 0, b'QED\0'),
    ('iso', 0x8001, b'CD001'),
)
_RAW = 'raw'
# What Nova calls the kinds of VMDK that have a header.
_VMDK_KINDS = {
    b'monolithicSparse': 'sparse',
    b'streamOptimized': 'streamOptimized',
}
_VMDK_KIND = re.compile(rb'createType="(\w+)"')
# Where such a header has the sectors of the disk; more than fit in any number
# of bytes are none.
_CAPACITY, _CAPACITY_END = 12, 20
_SECTOR, _MOST_SECTORS = 512, 2**54
# So many of them tell.
HEAD_SIZE = 0x8001 + 5


def disk_format(head: bytes) -> str:
    """Tell a format by the first bytes of a file."""
    for name, offset, magic in _MAGIC:
        if head.startswith(magic, offset):
            return name
    return packed_vhd.FORMAT if packed_vhd.is_packed(head) else _RAW


def disk_size(head: bytes) -> int | None:
    """Tell by the first bytes of a VMDK how large the disk in it is.

    None: it is no VMDK with a header, or that says what cannot be.
    """
    if not head.startswith(b'KDMV') or len(head) < _CAPACITY_END:
        return None
    sectors = int.from_bytes(head[_CAPACITY:_CAPACITY_END], 'little')
    return sectors * _SECTOR if 0 < sectors < _MOST_SECTORS else None


def disk_properties(head: bytes) -> dict[str, str]:
    """Tell by the first bytes of a file what an image service would say.

    That is ``vmware_disktype``, of a VMDK that is not the bare data.
    """
    told = _VMDK_KIND.search(head) if disk_format(head) == 'vmdk' else None
    kind = _VMDK_KINDS.get(told[1]) if told else None
    return {'vmware_disktype': kind} if kind else {}
