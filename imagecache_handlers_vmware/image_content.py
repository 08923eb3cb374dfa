"""Content: the bytes of an image, checked as they come."""

from collections.abc import Iterator
from typing import BinaryIO

from imagecache_handlers.exceptions import Unsupported
from imagecache_handlers.model import ImageMeta
from imagecache_handlers_vmware.disk_kinds import DiskKind

_CHUNK = 2**20
# How VMDKs begin that are more than the data of a disk.
_SPARSE, _TEXT = (b'KDMV', b'COWD'), b'# Disk DescriptorFile'
# Bytes in which a sparse disk has its descriptor, which may name a parent.
_HEAD, _HINT = 2**16, b'parentfilenamehint'


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
        if self._head is None:
            # Whole, however few bytes come at once.
            self._head = self._read_head()
            if why := _explain_head(self._kind, self._head):
                raise Unsupported(self._meta.image_id, why)
        if self._head:
            piece, self._head = self._head[:size], self._head[size:]
            return piece
        return self._content.read(size)

    def _read_head(self) -> bytes:
        head = b''
        while len(head) < _HEAD:
            piece = self._content.read(_HEAD - len(head))
            if not piece:
                break
            head += piece
        return head


def _explain_head(kind: DiskKind, head: bytes) -> str | None:
    """Say why a file that begins so is not what it passes for."""
    if kind is DiskKind.SPARSE and not head.startswith(_SPARSE):
        return 'its vmware_disktype is sparse, and it has no such header'
    if kind is DiskKind.SPARSE and _HINT in head.lower():
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
