"""Text that a terminal can be given, whoever wrote it."""

from collections.abc import Collection
from collections.abc import Sequence
import re

_SHORTEST = 8
_LONGEST = 14
_BOTH = 6
_WIDEST = 26
_WIDE = 12
# A UUID, or a sha1 in place of one, and what may follow it.
_UUID = re.compile(r'[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}')


def printable(text: str) -> str:
    """Write control characters out; backends and files may hold any."""
    if text.isprintable():
        return text
    return ''.join(
        one if one.isprintable() else one.encode('unicode_escape').decode()
        for one in text
    )


def truncate(text: str, width: int) -> str:
    """Cut a text that is too wide, so that one can see that it is cut."""
    if len(text) <= width:
        return text
    return text[: max(0, width - 3)] + '...'


def images(count: int) -> str:
    """Count images in words."""
    return f'{count} image' if count == 1 else f'{count} images'


def shortened(image_ids: Collection[str]) -> dict[str, str]:
    """Give each id a short form that is nobody else's.

    A UUID is cut to its beginning, or to both ends where several begin alike
    for long.  Names that people chose stay as they are, unless they are so
    long that nothing else would fit beside them.
    """
    given = sorted(one for one in set(image_ids) if _UUID.match(one))
    names = set(image_ids).difference(given)
    return _cut_to_ends(
        {one: one for one in names}, _WIDEST, _WIDE
    ) | _cut_to_ends(_cut_to_beginnings(given), _LONGEST, _BOTH)


def _cut_to_beginnings(image_ids: Sequence[str]) -> dict[str, str]:
    """Cut sorted ids to what tells each from its neighbours."""
    size = {image_id: _SHORTEST for image_id in image_ids}
    for one, other in zip(image_ids, image_ids[1:], strict=False):
        alike = _count_alike(one, other)
        size[one] = max(size[one], alike + 1)
        size[other] = max(size[other], alike + 1)
    return {image_id: image_id[: size[image_id]] for image_id in image_ids}


def _cut_to_ends(
    short: dict[str, str], longest: int, both: int
) -> dict[str, str]:
    """Cut what is still too long to its ends, if they tell it apart."""
    ends = {
        image_id: f'{image_id[:both]}..{image_id[-both:]}'
        for image_id, form in short.items()
        if len(form) > longest
    }
    unique = len(set(ends.values())) == len(ends)
    return short | ends if unique else short


def _count_alike(one: str, other: str) -> int:
    for count, (mine, its) in enumerate(zip(one, other, strict=False)):
        if mine != its:
            return count
    return min(len(one), len(other))
