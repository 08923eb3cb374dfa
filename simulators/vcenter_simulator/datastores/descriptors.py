"""Descriptors of virtual disks: the text of a .vmdk, read and written."""

import dataclasses
import functools
import re
import struct
import uuid

from vcenter_simulator.datastores.trees import File

SECTOR = 512
LIMIT = 65536
_MAGIC = b'# Disk DescriptorFile'
_SPARSE = b'KDMV'
_FIELD = re.compile(r'^\s*([\w.]+)\s*=\s*"?([^"\n]*?)"?\s*$', re.MULTILINE)
_EXTENT = re.compile(r'^RW (\d+) (\w+) "(.+)"(?: \d+)?\s*$', re.MULTILINE)
_TEMPLATE = """\
# Disk DescriptorFile
version=1
encoding="UTF-8"
CID={cid}
parentCID={parent_cid}
createType="{create_type}"
{hint}
# Extent description
RW {sectors} {extent_type} "{extent}"

# The Disk Data Base
#DDB

ddb.adapterType = "{adapter}"
{deletable}ddb.geometry.cylinders = "{cylinders}"
ddb.geometry.heads = "255"
ddb.geometry.sectors = "63"
{thin}ddb.uuid = "{uuid}"
ddb.virtualHWVersion = "13"
"""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor:
    """What a descriptor says.

    ``capacity`` is in bytes.  ``extent`` is the name of a file beside it or
    ``scheme://uuid``.  ``parent`` is the file name of its parent, in the same
    folder or from ``/vmfs/volumes`` on, empty without one.
    """

    capacity: int
    extent: str
    uuid: str
    adapter: str = 'lsilogic'
    extent_type: str = 'VMFS'
    is_thin: bool = False
    is_deletable: bool = True
    parent: str = ''
    cid: str = 'fffffffe'
    parent_cid: str = 'ffffffff'

    @property
    def is_child(self) -> bool:
        return bool(self.parent)


def make_disk_uuid() -> str:
    """Make the uuid of a disk, in the form that vSphere writes."""
    return format_uuid(uuid.uuid4().bytes)


def format_uuid(value: bytes) -> str:
    """Write 16 bytes as the uuid of a disk: VMware's own first bytes."""
    text = (b'\x60\x00\xc2\x9d' + value[4:]).hex(' ')
    return text[:23] + '-' + text[24:]


def write_descriptor(disk: Descriptor) -> bytes:
    """Write a descriptor as ESX does."""
    hint = f'parentFileNameHint="{disk.parent}"\n' if disk.parent else ''
    text = _TEMPLATE.format(
        cid=disk.cid,
        parent_cid=disk.parent_cid,
        create_type='vmfsSparse' if disk.parent else 'vmfs',
        hint=hint,
        sectors=disk.capacity // SECTOR,
        extent_type=disk.extent_type,
        extent=disk.extent,
        adapter=disk.adapter,
        deletable='' if disk.is_deletable else 'ddb.deletable = "false"\n',
        cylinders=disk.capacity // (255 * 63 * SECTOR),
        thin='ddb.thinProvisioned = "1"\n' if disk.is_thin else '',
        uuid=disk.uuid,
    )
    return text.encode()


def read_descriptor(file: File) -> Descriptor | None:
    """Read a descriptor; None for a file that is no descriptor."""
    if file.size > LIMIT or not file.content.startswith(_MAGIC):
        return None
    return _parse_text(file.content)


def read_sparse(file: File) -> int | None:
    """Read the capacity, in bytes, of a disk that is one sparse file."""
    header = file.content[:20]
    if len(header) < 20 or not header.startswith(_SPARSE):
        return None
    (sectors,) = struct.unpack_from('<Q', header, 12)
    return int(sectors) * SECTOR


def is_undeletable(file: File) -> bool:
    """Tell if a file is the descriptor of a disk that must stay."""
    disk = read_descriptor(file)
    return disk is not None and not disk.is_deletable


@functools.lru_cache(maxsize=4096)
def _parse_text(content: bytes) -> Descriptor | None:
    text = content.decode('utf-8', 'replace')
    extent = _EXTENT.search(text)
    if extent is None:
        return None
    fields = dict(_FIELD.findall(text))
    return Descriptor(
        capacity=int(extent[1]) * SECTOR,
        extent_type=extent[2],
        extent=extent[3],
        uuid=fields.get('ddb.uuid', ''),
        adapter=fields.get('ddb.adapterType', 'lsilogic'),
        is_thin=fields.get('ddb.thinProvisioned') == '1',
        is_deletable=fields.get('ddb.deletable') != 'false',
        parent=fields.get('parentFileNameHint', ''),
        cid=fields.get('CID', 'fffffffe'),
        parent_cid=fields.get('parentCID', 'ffffffff'),
    )
