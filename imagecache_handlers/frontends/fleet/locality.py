"""Locality: how much it helps to boot an image on each of several hosts.

All that is known here are values; whoever asks is a scheduler.
"""

from collections.abc import Sequence
import dataclasses
import datetime
import math

from imagecache_handlers.frontends.fleet.digest import Digest

_MIB = 2**20
# What is fetched in a moment counts nothing; from there it counts by size.
_SMALLEST = 64 * _MIB
_LARGEST = 8192 * _MIB
# An image of unknown size counts as one that a distribution publishes.
_USUAL = 2048 * _MIB
# Of an image that is on its way: the boot waits for the rest of it.
_COMING = 0.5
# What an image on few of the hosts keeps of its worth, so that these are
# not chosen for every server until they are full.
_RARE = 0.5
# From so many builds, copies and migrations under way on it counts nothing,
# and whole up to two thirds: who has the image is not asked to boot them all.
_BUSY = 6
# Nor to have them all in the end, when each is built before the next comes:
# so it is from so many new servers of the image on.
_MANY = 6
# Nor to be full of others: so it is from three times its share of all servers
# on, or twice where nobody knows which are new.
_SHARES, _SHARES_UNKNOWN = 3, 2
_WHOLE = 2 / 3


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A host that might boot it: what it told, if anything, and its work.

    ``io_ops`` is how many builds, copies and migrations it is at,
    ``servers`` how many it has, ``fresh`` how many of these are of the image
    and new, None where that is not known, and ``memory`` how large it is, in
    any unit that all have in common; 0: as large as the others.
    """

    digest: Digest | None
    io_ops: int = 0
    servers: int = 0
    fresh: int | None = None
    memory: int = 0


def score_places(
    places: Sequence[Place],
    image_id: str,
    size: int | None,
    *,
    now: datetime.datetime,
    max_age: datetime.timedelta,
) -> list[float]:
    """Give for each place from 0.0 to 1.0 how much it helps to boot there.

    More for a large image (``size`` in bytes, None if unknown), one that
    many of the places have, one that is whole and not on its way, and where
    little is going on and no crowd of servers is.  A digest that
    is older than ``max_age``, or as far ahead of ``now``, counts half, at
    twice that nothing.  0.0 without one.

    :raises ValueError: when no image can be called so.
    """
    found = [
        _find_image(place.digest, image_id)
        * _trust(place.digest, now, max_age)
        for place in places
    ]
    worth = _worth_of_size(size) * _worth_of_spread(found)
    shares = _share_servers(places)
    return [
        worth * one * min(_leisure(place.io_ops), _modesty(place, share))
        for one, place, share in zip(found, places, shares, strict=True)
    ]


def _find_image(digest: Digest | None, image_id: str) -> float:
    if digest is None:
        return 0.0
    if digest.has_image(image_id):
        return 1.0
    return _COMING if digest.awaits_image(image_id) else 0.0


def _trust(
    digest: Digest | None, now: datetime.datetime, max_age: datetime.timedelta
) -> float:
    if digest is None:
        return 0.0
    age = abs(now - digest.as_of)
    if age <= max_age:
        return 1.0
    return 0.5 if age <= 2 * max_age else 0.0


def _worth_of_size(size: int | None) -> float:
    known = size or _USUAL
    share = (known - _SMALLEST) / (_LARGEST - _SMALLEST)
    return math.sqrt(min(1.0, max(0.0, share)))


def _worth_of_spread(found: Sequence[float]) -> float:
    """Give from ``_RARE``, where few have it, to 1.0, where all have."""
    holders = sum(1 for one in found if one)
    return _RARE + (1 - _RARE) * holders / len(found) if found else 1.0


def _leisure(io_ops: int) -> float:
    return _fade(io_ops / _BUSY)


def _modesty(place: Place, share: float) -> float:
    """Give 1.0 where a host has no crowd of servers, down to 0.0."""
    if place.fresh is None:
        return _fade(place.servers / max(_MANY, _SHARES_UNKNOWN * share))
    return min(
        _fade(place.fresh / _MANY),
        _fade(place.servers / max(_MANY, _SHARES * share)),
    )


def _fade(part: float) -> float:
    """Give 1.0 up to two thirds of a limit, and 0.0 from the limit on."""
    return min(1.0, max(0.0, (1 - part) / (1 - _WHOLE)))


def _share_servers(places: Sequence[Place]) -> list[float]:
    """Give for each place how many of all servers it would have by size."""
    servers = sum(place.servers for place in places)
    sizes = [place.memory for place in places]
    if not all(size > 0 for size in sizes):
        sizes = [1] * len(places)
    return [servers * size / sum(sizes) for size in sizes]
