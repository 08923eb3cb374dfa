"""Traces of machines: what shows in a disk that one of them wrote to it."""

import os
import struct

# Of qcow2, big-endian: its version, how many snapshots are in it, what QEMU
# has to know of it before it opens it, and what it need not know.
_QCOW2 = struct.Struct('>4sI52xI8xQ8xQ')
_MAGIC = b'QFI\xfb'
_DIRTY, _CORRUPT = 1, 2
_BITMAPS = 1


def explain_written(fd: int) -> str | None:
    """Say by what an open qcow2 shows that a machine wrote in it."""
    head = os.pread(fd, _QCOW2.size, 0)
    if len(head) < _QCOW2.size or not head.startswith(_MAGIC):
        return None
    _, version, snapshots, features, more = _QCOW2.unpack(head)
    if snapshots:
        return f"it has {snapshots} snapshots inside: it is some machine's"
    if version > 2 and more & _BITMAPS:
        return "it has bitmaps for backups inside: it is some machine's"
    if version > 2 and features & (_DIRTY | _CORRUPT):
        return 'it was not closed well by whoever wrote to it: qemu-img check'
    return None
