"""Streams: streamOptimized disks, and where their machines are put."""

import struct

from imagecache_handlers_vmware.import_places import ImportPlace

PLACE = ImportPlace(
    pool='datacenter-0/host/cluster-0/Resources', folder='datacenter-0/vm'
)
STREAM = {'vmware_disktype': 'streamOptimized'}
CAPACITY = 2**20
_HEADER = struct.Struct('<4sIIQQQQIQQQB4sH')
_SECTOR = 512
_DESCRIPTOR = """# Disk DescriptorFile
version=1
CID=fffffffe
parentCID=ffffffff
createType="streamOptimized"

RW {sectors} SPARSE "disk.vmdk"
"""


def make_stream(capacity=CAPACITY, *, flags=0x30001, size=4096, text=b''):
    """Give what begins as such a disk does: nobody unpacks it here."""
    sectors = capacity // _SECTOR
    head = _HEADER.pack(
        *(b'KDMV', 3, flags, sectors, 128, 1, 2),
        *(512, 0, 3, 16, 0, b'\n \r\n', 1),
    )
    told = _DESCRIPTOR.format(sectors=sectors).encode() + text
    return (head.ljust(_SECTOR, b'\0') + told).ljust(size, b'\0')
