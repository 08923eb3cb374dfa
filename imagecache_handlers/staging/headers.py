"""Headers: what in them leads elsewhere, beyond what the library sees.

oslo.utils judges most of it.  It knows no qcow2 with extended entries, reads
flags where version 2 has none, and passes encrypted disks, and children of
the formats vhd, vhdx, vdi and vmdk.
"""

from collections.abc import Callable
import os
import re
import struct
from typing import Any
from typing import BinaryIO
import uuid

FOOTER = 512
_VHD = b'conectix'
_VHD_CHILD = 4
_VDI_WHOLE = (1, 2)
_VHDX_PARENT = uuid.UUID('a8d35f2d-b30b-454d-abf7-d3d84834ab0c').bytes_le
# Bits that a reader must know: dirty, corrupt, data file, compression,
# extended entries.
_QCOW2_KNOWN = 0b11111
_WHY = {
    'backing_file': 'it has a backing file',
    'data_file': 'its data lies in another file',
    'descriptor': 'its descriptor names other files, or is none',
    'footer': 'its footer differs from its header',
    'banned': 'its format is not to be trusted',
}


def explain_danger(disk_format: str, inspector: Any) -> str | None:
    """Say why nobody is to open such a file; None: it is fine."""
    failed = _find_failures(inspector)
    if disk_format == 'qcow2':
        header = bytes(inspector.region('header').data)
        failed = failed - _excuse_qcow2(header)
    for name in sorted(failed):
        return _WHY.get(name, f'its header is not to be trusted ({name})')
    check = _CHECKS.get(disk_format)
    return check(inspector) if check else None


def tell_size(disk_format: str, inspector: Any) -> int:
    """Tell how many bytes the disk in such a file has."""
    if disk_format == 'vhd':
        # The library tells with how many it was made.
        header = inspector.region('header').data
        return int(struct.unpack_from('>Q', header, 48)[0])
    return int(inspector.virtual_size)


def is_fixed_vhd(file: BinaryIO) -> bool:
    """Tell if that is a vhd which begins as the disk itself does."""
    size = os.fstat(file.fileno()).st_size
    if size < FOOTER:
        return False
    return os.pread(file.fileno(), 8, size - FOOTER) == _VHD


def _find_failures(inspector: Any) -> frozenset[str]:
    """Give the names of the library's checks that failed."""
    from oslo_utils.imageutils import format_inspector as library

    try:
        inspector.safety_check()
    except library.SafetyCheckFailed as error:
        return frozenset(error.failures)
    except library.ImageFormatError:
        return frozenset({'incomplete'})
    return frozenset()


def _excuse_qcow2(header: bytes) -> frozenset[str]:
    version, features = struct.unpack_from('>4xI64xQ', header)
    if version == 2:
        return frozenset({'data_file'})
    if features & ~_QCOW2_KNOWN:
        return frozenset()
    return frozenset({'unknown_features'}) if version == 3 else frozenset()


def _check_qcow2(inspector: Any) -> str | None:
    header = inspector.region('header').data
    (method,) = struct.unpack_from('>I', header, 32)
    return 'it is encrypted' if method else None


def _check_vhd(inspector: Any) -> str | None:
    (kind,) = struct.unpack_from('>I', inspector.region('header').data, 60)
    return _WHY['backing_file'] if kind == _VHD_CHILD else None


def _check_vdi(inspector: Any) -> str | None:
    (kind,) = struct.unpack_from('<I', inspector.region('header').data, 76)
    return None if kind in _VDI_WHOLE else _WHY['backing_file']


def _check_vhdx(inspector: Any) -> str | None:
    if not inspector.has_region('vds'):
        return 'its header is not whole'
    table = bytes(inspector.region('metadata').data)
    return _WHY['backing_file'] if _VHDX_PARENT in table else None


def _check_vmdk(inspector: Any) -> str | None:
    text = inspector.desc_text
    if 'parentfilenamehint' in text:
        return _WHY['backing_file']
    # QEMU and the library would each believe another one, and without a
    # capacity QEMU believes the descriptor.
    kinds = len(re.findall(r'createtype', text))
    (capacity,) = struct.unpack_from('<Q', inspector.region('header').data, 12)
    return _WHY['descriptor'] if kinds != 1 or not capacity else None


_CHECKS: dict[str, Callable[[Any], str | None]] = {
    'qcow2': _check_qcow2,
    'vdi': _check_vdi,
    'vhd': _check_vhd,
    'vhdx': _check_vhdx,
    'vmdk': _check_vmdk,
}
