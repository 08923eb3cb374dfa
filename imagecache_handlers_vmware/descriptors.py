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
_PARENT_ID = re.compile(
    rb'^[ \t]*parentCID[ \t]*=[ \t]*"?([0-9a-f]+)',
    flags=re.MULTILINE | re.IGNORECASE,
)
_NO_PARENT = b'ffffffff'
# Bytes of the largest descriptor.
_LARGEST = 2**16
# Files of disks that hold bytes, not text.
_DATA = re.compile(r'.*-(flat|delta|sesparse|ctk|rdm|rdmp)\.vmdk', re.DOTALL)


def is_descriptor_file(name: str, size: int) -> bool:
    """Tell if a file may be a descriptor, by its name and its bytes.

    A disk may be called as the data of others are.
    """
    is_data = _DATA.fullmatch(name) and size > _LARGEST
    return name.endswith('.vmdk') and not is_data


def hides_parent(content: bytes) -> bool:
    """Tell if a disk has a parent, and does not name it."""
    found = _PARENT_ID.search(content)
    has_parent = found is not None and found[1].lower() != _NO_PARENT
    return has_parent and not find_parent(content)


def is_descriptor(content: bytes) -> bool:
    return content.startswith(_MAGIC)


def find_parent(content: bytes) -> str:
    """Name the parent of a disk, as its descriptor does; empty: none."""
    found = _PARENT.search(content)
    return found[1].decode('utf-8', 'replace') if found else ''


def lift_flag(content: bytes) -> bytes:
    """Give a descriptor without what keeps vSphere from deleting the disk."""
    return _FLAG.sub(b'', content)
