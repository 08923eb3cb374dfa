"""Text that a terminal can be given, whoever wrote it."""

from collections.abc import Collection
import re

_SHORTEST = 8
_LONGEST = 14
_BOTH = 6
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


def fit(text: str, width: int) -> str:
    """Cut a text that is too wide, so that one can see that it is cut."""
    if len(text) <= width:
        return text
    return text[: max(0, width - 3)] + '...'


def shortened(image_ids: Collection[str]) -> dict[str, str]:
    """Give each UUID a short form that is nobody else's: its beginning.

    Those that begin alike for long are told apart by their ends.  Other ids
    are names that people chose: they stay as they are.
    """
    names = {one: one for one in image_ids if not _UUID.match(one)}
    given = sorted(set(image_ids).difference(names))
    size = {image_id: _SHORTEST for image_id in given}
    for one, other in zip(given, given[1:], strict=False):
        alike = _alike(one, other)
        size[one] = max(size[one], alike + 1)
        size[other] = max(size[other], alike + 1)
    short = {image_id: image_id[: size[image_id]] for image_id in given}
    ends = {
        image_id: f'{image_id[:_BOTH]}..{image_id[-_BOTH:]}'
        for image_id in given
        if size[image_id] > _LONGEST
    }
    unique = len(set(ends.values())) == len(ends)
    return names | (short | ends if unique else short)


def _alike(one: str, other: str) -> int:
    for count, (mine, its) in enumerate(zip(one, other, strict=False)):
        if mine != its:
            return count
    return min(len(one), len(other))
