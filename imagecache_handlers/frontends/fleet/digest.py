"""Digest: what one host has cached, small enough to be told to everybody.

Images are told by the first bytes of a hash of their names: whoever reads it
can ask for an image that they know, and learns of no other.
"""

import array
import base64
import bisect
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Sequence
import dataclasses
import datetime
import functools
import hashlib
import sys

from imagecache_handlers.checked_values import check_size
from imagecache_handlers.checked_values import check_time
from imagecache_handlers.labels import read_time
from imagecache_handlers.labels import write_time
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import check_image_id

_EDITION = '1'
# What is longer was not written here: etcd takes 1.5 MB a request, and the
# database of Nova 64 KiB for all that a host tells.
LONGEST = 16 * 1024
BUDGET = 8 * 1024
_PREFIX = 4
_DIGITS = 5  # of base 85, for so many bytes
_FRAME = 110  # at most what stands before the images, with its blanks

_WHOLE, _CUT = 'all', 'some'
_NONE = '-'


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """What one host has cached, as of a moment.

    ``whole`` and ``coming`` are the prefixes of what is cached and of what
    is being fetched, sorted, in 4 bytes each: a scheduler keeps those of
    thousands of hosts.  ``count`` is how many are cached, told or not;
    ``is_complete`` False: those that count least are left out.  ``free`` and
    ``total`` are bytes, None where that is not known.
    """

    generation: int
    as_of: datetime.datetime
    free: int | None
    total: int | None
    count: int
    is_complete: bool
    whole: Sequence[int]
    coming: Sequence[int]

    def has_image(self, image_id: str) -> bool:
        """Tell if an image is cached there whole; of a million one errs."""
        return _holds_any(self.whole, prefixes_of(image_id))

    def awaits_image(self, image_id: str) -> bool:
        """Tell if an image is on its way there."""
        return _holds_any(self.coming, prefixes_of(image_id))

    def names_image(self, image_id: str) -> bool:
        """Tell if an image is cached there, or on its way."""
        return self.has_image(image_id) or self.awaits_image(image_id)

    def encode(self) -> str:
        """Write it as one line of ASCII, no longer than ``LONGEST``."""
        fields = (
            _EDITION,
            str(self.generation),
            write_time(self.as_of),
            _write_size(self.free),
            _write_size(self.total),
            str(self.count),
            _WHOLE if self.is_complete else _CUT,
            _pack_prefixes(self.whole),
            _pack_prefixes(self.coming),
        )
        return ' '.join(fields)

    @staticmethod
    def decode(text: str) -> 'Digest':
        """Read what ``encode`` wrote.

        :raises ValueError: for anything else, and says what is wrong.
        """
        if len(text) > LONGEST:
            raise ValueError(f'{len(text)} characters are over {LONGEST}')
        fields = text.split(' ')
        if fields[0] != _EDITION:
            raise ValueError(f'edition {fields[0][:20]!r} is not {_EDITION}')
        if len(fields) != len(dataclasses.fields(Digest)) + 1:
            raise ValueError(f'{len(fields)} fields are too many or too few')
        return _read_fields(*fields[1:])


def make_digest(
    images: Iterable[CachedImage],
    coming: Iterable[str] = (),
    *,
    generation: int,
    as_of: datetime.datetime,
    free: int | None = None,
    total: int | None = None,
    budget: int = BUDGET,
) -> Digest:
    """Make a digest whose text is at most ``budget`` bytes long.

    What does not fit is left out: first whole images by their size and how
    often they were taken into use, the smallest product first; then those
    on their way.

    :raises ValueError: when not even its frame fits, or a time has no zone.
    """
    check_time('as_of', as_of)
    if not _FRAME <= budget <= LONGEST:
        raise ValueError(f'a budget is {_FRAME} to {LONGEST} bytes')
    check_size('free', free)
    check_size('total', total)
    worth = _weigh_images(images)
    places = (budget - _FRAME) // _DIGITS
    awaited = sorted({_prefix_of(name) for name in coming} - worth.keys())
    told = awaited[:places]
    ranked = sorted(worth, key=lambda one: (-worth[one], one))
    kept = ranked[: places - len(told)]
    return Digest(
        generation=generation,
        as_of=as_of,
        free=free,
        total=total,
        count=len(worth),
        is_complete=len(kept) == len(worth) and len(told) == len(awaited),
        whole=freeze_prefixes(sorted(kept)),
        coming=freeze_prefixes(told),
    )


# A scheduler asks many hosts for one image.
@functools.lru_cache(maxsize=1024)
def prefixes_of(image_id: str) -> tuple[int, int]:
    """Give those by which an image may be told.

    :raises ValueError: when nothing can be called so.
    """
    one, other = names_of(image_id)
    return _prefix_of(one), _prefix_of(other)


def names_of(image_id: str) -> tuple[str, str]:
    """Give what a backend may list an image as.

    Nova's libvirt driver knows an image by a hash of its id only.

    :raises ValueError: when nothing can be called so.
    """
    sha1 = hashlib.sha1(
        check_image_id(image_id).encode(), usedforsecurity=False
    )
    return image_id, sha1.hexdigest()


def _weigh_images(images: Iterable[CachedImage]) -> dict[int, int]:
    worth: dict[int, int] = {}
    for image in images:
        prefix = _prefix_of(image.image_id)
        value = image.size * (image.marks.hits + 1)
        worth[prefix] = max(value, worth.get(prefix, 0))
    return worth


def _prefix_of(name: str) -> int:
    digest = hashlib.sha256(name.encode()).digest()
    return int.from_bytes(digest[:_PREFIX], 'big')


def _holds_any(told: Sequence[int], wanted: Iterable[int]) -> bool:
    return any(_holds(told, prefix) for prefix in wanted)


def _holds(told: Sequence[int], prefix: int) -> bool:
    place = bisect.bisect_left(told, prefix)
    return place < len(told) and told[place] == prefix


def freeze_prefixes(prefixes: Iterable[int]) -> Sequence[int]:
    return memoryview(array.array('I', prefixes).tobytes()).cast('I')


def _write_size(size: int | None) -> str:
    return _NONE if size is None else str(size)


def _pack_prefixes(prefixes: Collection[int]) -> str:
    packed = array.array('I', prefixes)
    if sys.byteorder == 'little':
        packed.byteswap()
    return base64.b85encode(packed.tobytes()).decode() or _NONE


def _read_fields(
    generation: str,
    as_of: str,
    free: str,
    total: str,
    count: str,
    complete: str,
    whole: str,
    coming: str,
) -> Digest:
    time = read_time(as_of)
    if time is None:
        raise ValueError(f'{as_of[:40]!r} is no time')
    if complete not in (_WHOLE, _CUT):
        raise ValueError(f'{complete[:40]!r} is neither {_WHOLE} nor {_CUT}')
    return Digest(
        generation=_read_number(generation),
        as_of=time,
        free=None if free == _NONE else _read_number(free),
        total=None if total == _NONE else _read_number(total),
        count=_read_number(count),
        is_complete=complete == _WHOLE,
        whole=_unpack_prefixes(whole),
        coming=_unpack_prefixes(coming),
    )


def _read_number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise ValueError(f'{text[:40]!r} is no number')
    return int(text)


def _unpack_prefixes(text: str) -> Sequence[int]:
    if text == _NONE:
        return freeze_prefixes(())
    data = base64.b85decode(text)
    if not data or len(data) % _PREFIX:
        raise ValueError(f'{len(data)} bytes are no prefixes of {_PREFIX}')
    found = array.array('I', data)
    if sys.byteorder == 'little':
        found.byteswap()
    if any(a >= b for a, b in zip(found, found[1:], strict=False)):
        raise ValueError('its images are not sorted')
    return freeze_prefixes(found)
