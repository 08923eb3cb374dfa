"""Descriptors: the text of a virtual disk, read and freed of its flag."""

import re

_MAGIC = b'# Disk DescriptorFile'
_FLAG = re.compile(
    rb'^[ \t]*ddb\.deletable[ \t]*=[ \t]*"?false"?[ \t]*\r?\n?',
    flags=re.MULTILINE | re.IGNORECASE,
)
_PARENT = re.compile(
    rb'^[ \t]*parentFileNameHint[ \t]*=[ \t]*"?(.*?)"?[ \t]*\r?$',
    flags=re.MULTILINE | re.IGNORECASE,
)
# Files of disks that hold bytes, not text.
_DATA = re.compile(r'.*-(flat|delta|sesparse|ctk|rdm|rdmp)\.vmdk', re.DOTALL)


def is_descriptor_name(name: str) -> bool:
    """Tell if a file may be a descriptor, as far as its name says."""
    return name.endswith('.vmdk') and not _DATA.fullmatch(name)


def is_descriptor(content: bytes) -> bool:
    return content.startswith(_MAGIC)


def find_parent(content: bytes) -> str:
    """Name the parent of a disk, as its descriptor does; empty: none."""
    found = _PARENT.search(content)
    return found[1].decode('utf-8', 'replace') if found else ''


def lift_flag(content: bytes) -> bytes:
    """Give a descriptor without what keeps vSphere from deleting the disk."""
    return _FLAG.sub(b'', content)
