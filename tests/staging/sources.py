"""Sources in memory that cut, stall, lie and change their mind."""

from collections.abc import Iterator
import contextlib
import dataclasses
import hashlib
import random

from imagecache_handlers import Checksum
from imagecache_handlers import ImageMeta
from imagecache_handlers import SourceError
from imagecache_handlers import Stretch

PIECE = 2**16


def random_bytes(size: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size)


def checksum_of(content: bytes, algorithm: str = 'sha512') -> Checksum:
    value = hashlib.new(algorithm, content).hexdigest()
    return Checksum(algorithm=algorithm, value=value)


def meta_of(
    content: bytes,
    image_id: str = 'debian-12',
    algorithm: str | None = 'sha512',
    **more,
) -> ImageMeta:
    known = checksum_of(content, algorithm) if algorithm else None
    return ImageMeta(
        **{
            'image_id': image_id,
            'size': len(content),
            'disk_format': 'raw',
            'checksum': known,
            **more,
        }
    )


@dataclasses.dataclass
class Memory:
    """A source of one image, which does as each try is told to.

    ``cuts`` are offsets at which a try ends, each once and with an error
    that may be retried; what else a try meets first is in ``errors``.
    """

    content: bytes
    meta: ImageMeta
    cuts: list[int] = dataclasses.field(default_factory=list)
    errors: list[Exception] = dataclasses.field(default_factory=list)
    is_silent: bool = False  # a cut is an end, not an error
    starts_over: bool = False  # Range is ignored
    lies_by: int = 0  # bytes from elsewhere, once it goes on
    piece: int = PIECE
    given: int = 0
    offsets: list[int] = dataclasses.field(default_factory=list)
    described: int = 0

    @classmethod
    def of(cls, content: bytes, **more):
        return cls(content, meta_of(content), **more)

    def describe(self, image_id: str) -> ImageMeta:
        assert image_id == self.meta.image_id
        self.described += 1
        return self.meta

    @contextlib.contextmanager
    def read_from(self, meta: ImageMeta, offset: int) -> Iterator[Stretch]:
        self.offsets.append(offset)
        if self.errors:
            raise self.errors.pop(0)
        start = 0 if self.starts_over else offset
        if offset and self.lies_by:
            start += self.lies_by
        yield Stretch(start, self._give(start))

    def _give(self, at: int) -> Iterator[bytes]:
        while at < len(self.content):
            end = min(at + self.piece, len(self.content))
            if self.cuts and at <= self.cuts[0] < end:
                end = self.cuts.pop(0)
                yield self._count(self.content[at:end])
                if self.is_silent:
                    return
                raise SourceError('memory', 'cut off', retry=True)
            yield self._count(self.content[at:end])
            at = end

    def _count(self, piece: bytes) -> bytes:
        self.given += len(piece)
        return piece
