"""Image content: the bytes of an image, checked as they come."""

from collections.abc import Iterator
import struct
from typing import BinaryIO

from imagecache_handlers.exceptions import Unsupported
from imagecache_handlers.model import ImageMeta
from imagecache_handlers_vmware.disk_kinds import DiskKind

_CHUNK = 2**20
# How VMDKs begin that are more than the data of a disk.
_SPARSE, _TEXT = (b'KDMV', b'COWD'), b'# Disk DescriptorFile'
# Bytes in which a sparse disk has its descriptor, which may name a parent.
_HEAD, _HINT = 2**16, b'parentfilenamehint'
# How a sparse disk begins: what it is, flags, and its size in sectors.
_BEGIN = struct.Struct('<4sIIQ')
# Flags of one whose pieces are compressed, and follow each other.
_STREAMED = 3 << 16
_SECTOR = 512


class CheckedContent:
    """The bytes of an image that begins as its kind does, or of none."""

    def __init__(
        self, meta: ImageMeta, kind: DiskKind, content: BinaryIO
    ) -> None:
        self._meta = meta
        self._kind = kind
        self._content = content
        self._head: bytes | None = None

    def read(self, size: int) -> bytes:
        head = self._check_head()
        if head:
            piece, self._head = head[:size], head[size:]
            return piece
        return self._content.read(size)

    def measure_disk(self) -> int:
        """Tell how large the disk in a sparse one is, before any is read.

        :raises Unsupported: when it is none.
        """
        return read_capacity(self._check_head())

    def _check_head(self) -> bytes:
        """Give what is left of the first bytes.

        :raises Unsupported: when they are those of another kind.
        """
        if self._head is None:
            # Whole, however few bytes come at once.
            self._head = self._read_head()
            if why := _explain_head(self._kind, self._head):
                raise Unsupported(self._meta.image_id, why)
        return self._head

    def _read_head(self) -> bytes:
        head = b''
        while len(head) < _HEAD:
            piece = self._content.read(_HEAD - len(head))
            if not piece:
                break
            head += piece
        return head


def read_capacity(head: bytes) -> int:
    """Read the size of the disk in a sparse one, in bytes, off its header."""
    return int(_BEGIN.unpack_from(head)[3]) * _SECTOR


def least_taken(size: int, capacity: int) -> int:
    """Tell what a disk takes at least that was sent in so many bytes.

    That is a small part of what was sent, but for its tables of pieces: what
    is unpacked is larger, and of it a datastore may leave out zeros.
    """
    tables = capacity // 4096 + 2**17
    return max(0, size - tables) // 16


def _explain_stream(head: bytes) -> str | None:
    """Say why a disk that begins so does not come in by a lease."""
    if len(head) < _BEGIN.size or not head.startswith(_SPARSE[0]):
        return 'its vmware_disktype is streamOptimized, and it has no header'
    _, _, flags, sectors = _BEGIN.unpack_from(head)
    if flags & _STREAMED != _STREAMED or not sectors:
        return (
            'its vmware_disktype is streamOptimized, and its header says '
            'that it is another'
        )
    return 'it names another disk as its parent' if _has_parent(head) else None


def _has_parent(head: bytes) -> bool:
    return _HINT in head.lower()


def _explain_head(kind: DiskKind, head: bytes) -> str | None:
    """Say why a file that begins so is not what it passes for."""
    if kind is DiskKind.SPARSE and not head.startswith(_SPARSE):
        return 'its vmware_disktype is sparse, and it has no such header'
    if kind is DiskKind.STREAM:
        return _explain_stream(head)
    if kind is DiskKind.SPARSE and _has_parent(head):
        return 'it names another disk as its parent'
    if kind is DiskKind.FLAT and head.startswith((*_SPARSE, _TEXT)):
        return (
            'it has the header of a sparse VMDK: set its vmware_disktype to '
            'sparse in the image service'
        )
    return None


def whole_chunks(
    meta: ImageMeta, content: BinaryIO, size: int
) -> Iterator[bytes]:
    """Give all bytes of an image, then zeros up to the size of its disk.

    :raises Unsupported: when they are not as many as announced.
    """
    sent = 0
    while chunk := content.read(_CHUNK):
        sent += len(chunk)
        if sent > meta.size:
            break
        yield chunk
    if sent != meta.size:
        more = 'more' if sent > meta.size else f'{sent}'
        why = f'it has {more} bytes, not the {meta.size} announced'
        raise Unsupported(meta.image_id, why)
    yield bytes(size - meta.size)
