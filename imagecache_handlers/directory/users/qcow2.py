"""What the header of a qcow2 file says of the files that lie below it.

The form is that of ``docs/interop/qcow2.txt`` in QEMU, versions 2 and 3.  A
header may be written by a guest, so nothing in it is believed further than
it is checked: what cannot be resolved is ``Unresolved``, and says why.
"""

from collections.abc import Callable
import json
import os
import struct
from typing import Any

MAGIC = b'QFI\xfb'

# What QEMU writes into a header, with the name of a backing file behind it,
# mostly ends here; its table of features alone ends beyond 512 bytes.
HEAD = 1024

_FORMAT = 0xE2792ACA  # extension: the format of the backing file
_DATA_FILE = 0x44415441  # extension: the name of the external data file

_MAGIC_AND_VERSION = struct.Struct('>4sI')
# Backing offset and size, cluster bits; then incompatible features and the
# length of the header.
_V2 = struct.Struct('>8xQII48x')
_V3 = struct.Struct('>8xQII48xQ20xI')
_EXTENSION = struct.Struct('>II')  # type, length

_HAS_DATA_FILE = 1 << 2
_KNOWN_FEATURES = (1 << 5) - 1
_CUT_OFF = 'its qcow2 header is cut off'
_CLUSTER_BITS = range(9, 22)
_FORMATS = ('qcow2', 'raw')
_LONGEST_NAME = 1023
# A header cluster has up to 2 MiB; nobody fills as much with extensions.
_MOST_EXTENSIONS = 2**16


class Unresolved(ValueError):
    """A header names what cannot be found out; the text says why."""


# A file below another: its path, and whether it surely has none below it.
Below = tuple[str, bool]

NOTHING: tuple[Below, ...] = ()

More = Callable[[int, int], bytes]


def _no_more(offset: int, size: int) -> bytes:
    return b''


def read(fd: int) -> tuple[Below, ...]:
    """Name the files right below an open one; none if it is no qcow2.

    Paths are as they are written: one that is relative begins at the folder
    of the file itself.

    :raises Unresolved: when that cannot be told.
    :raises OSError: when the file cannot be read.
    """
    head = os.pread(fd, HEAD, 0)
    if not head.startswith(MAGIC):
        return NOTHING
    return parse(head, lambda offset, size: os.pread(fd, size, offset))


def parse(head: bytes, more: More = _no_more) -> tuple[Below, ...]:
    """Name the files below one that begins so, as ``read`` does.

    ``more`` gives the bytes of the file from an offset, up to a size.
    """
    if not head.startswith(MAGIC):
        return NOTHING
    offset, size, bits, features, length = _fields(head)
    if bits not in _CLUSTER_BITS:
        raise Unresolved(f'its clusters have 2^{bits} bytes')
    end = offset or 1 << bits
    below = NOTHING
    if offset and size:
        if size > _LONGEST_NAME or end + size > 1 << bits:
            raise Unresolved(f'its backing file has {size} bytes at {end}')
        name = _text(_bytes(head, more, offset, size))
        # This saves a look at that file; if it is not here, never mind.
        form = _extension(head, _no_more, length, min(end, len(head)), _FORMAT)
        below = ((local(name), form == b'raw'),)
    if features & _HAS_DATA_FILE:
        text = _extension(head, more, length, end, _DATA_FILE)
        if not text:
            raise Unresolved('its data file has no name')
        below += ((local(_text(text)), True),)
    return below


def _fields(head: bytes) -> tuple[int, int, int, int, int]:
    try:
        _, version = _MAGIC_AND_VERSION.unpack_from(head)
        if version == 2:
            return *_V2.unpack_from(head), 0, _V2.size
        if version != 3:
            raise Unresolved(f'it is qcow2 of version {version}')
        offset, size, bits, features, length = _V3.unpack_from(head)
    except struct.error:
        raise Unresolved(_CUT_OFF) from None
    if features & ~_KNOWN_FEATURES:
        raise Unresolved(f'it has features that nobody knows: {features:#x}')
    if not _V3.size <= length <= _MOST_EXTENSIONS:
        raise Unresolved(f'its header claims to have {length} bytes')
    return offset, size, bits, features, length


def _bytes(head: bytes, more: More, offset: int, size: int) -> bytes:
    found = head[offset : offset + size]
    if len(found) < size:
        found = more(offset, size)
    if len(found) < size:
        raise Unresolved(_CUT_OFF)
    return found


def _extension(
    head: bytes, more: More, at: int, end: int, kind: int
) -> bytes | None:
    """Give what an extension of that type says, if there is one."""
    end = min(end, _MOST_EXTENSIONS)
    while (begin := at + 8) <= end:
        if begin <= len(head):
            found, size = _EXTENSION.unpack_from(head, at)
        else:
            found, size = _EXTENSION.unpack(_bytes(head, more, at, 8))
        at = begin + size + -size % 8
        if not found or begin + size > end:
            break
        if found == kind:
            return _bytes(head, more, begin, size)
    return None


def _text(name: bytes) -> str:
    if b'\0' in name:
        raise Unresolved('a name in its header has a NUL in it')
    return os.fsdecode(name)


def local(name: str) -> str:
    """Give the path of a local file from the name that QEMU has for it.

    :raises Unresolved: when it is no local file, or begins wherever the
        machine was started.
    """
    if name.startswith('/'):
        return name
    if name.startswith('json:'):
        return _absolute(_filename(_options(name[5:])), name)
    if name.startswith('file:'):
        return _absolute(name[5:], name)
    colon, slash = name.find(':'), name.find('/')
    # As QEMU tells a protocol from a path.
    if colon >= 0 and (slash < 0 or colon < slash):
        raise Unresolved(f'{shown(name)} below it is no local file')
    if not name:
        raise Unresolved('a file below it has no name')
    return name


def _absolute(path: str, name: str) -> str:
    # In these forms QEMU takes it from its working directory.
    if not path.startswith('/') or '\0' in path:
        raise Unresolved(f'{shown(name)} below it is no absolute path')
    return path


def _options(text: str) -> dict[str, Any]:
    try:
        options = json.loads(text)
    # RecursionError: a few thousand brackets are valid JSON.
    except (ValueError, RecursionError):
        options = None
    if not isinstance(options, dict):
        raise Unresolved(f'json:{shown(text)} below it cannot be read')
    return options


def _filename(options: dict[str, Any]) -> str:
    """Go down, format by format, to the local file at the bottom."""
    text = json.dumps(options)
    while nested := _nested(options):
        driver = options.get('driver', 'raw')
        if driver not in _FORMATS or 'filename' in options:
            break
        options = nested
    filename = options.get('filename')
    local_driver = options.get('driver', 'file') in ('file', *_FORMATS)
    if nested or not local_driver or not isinstance(filename, str):
        raise Unresolved(f'json:{shown(text)} below it is no local file')
    return filename.removeprefix('file:')


def _nested(options: dict[str, Any]) -> dict[str, Any]:
    """Give the options of the file below, from either form."""
    inner = options.get('file')
    nested = dict(inner) if isinstance(inner, dict) else {}
    for key, value in options.items():
        if key.startswith('file.'):
            nested[key[5:]] = value
    return nested


def shown(name: str) -> str:
    """Write a name of whatever origin so that it only looks like one."""
    short = name if len(name) <= 200 else f'{name[:200]}...'
    return short if short.isprintable() else ascii(short)
