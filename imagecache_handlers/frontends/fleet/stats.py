"""Stats: a digest as Nova tells it to its scheduler, in ``ComputeNode.stats``.

Nova writes the stats of a host anew whenever one of them differs, and asks
for them each minute: so they differ only when what is cached does.
"""

from collections.abc import Mapping
import dataclasses
import datetime
import functools

from imagecache_handlers.frontends.fleet.digest import BUDGET
from imagecache_handlers.frontends.fleet.digest import Digest

# All keys of ours begin so: the dictionary is shared.
_DIGEST = 'imagecache_digest'
_STEP = 600  # seconds
# About 8 KiB each: all hosts of a cell, and then some.
_KEPT = 4096


def write_stats(digest: Digest) -> dict[str, str]:
    """Give a digest as stats, all of whose keys begin with ``imagecache_``.

    Digests of equal images give equal stats within each ten minutes, for
    their time is told no finer.  Which turn it was and how many bytes are
    free stays out: they change always, and a scheduler knows its disks.

    :raises ValueError: when the digest takes more than 8 KiB.
    """
    told = dataclasses.replace(
        digest,
        generation=0,
        as_of=_round_down(digest.as_of),
        free=None,
        total=None,
    )
    text = told.encode()
    if len(_DIGEST) + len(text) > BUDGET:
        raise ValueError(f'{len(text)} bytes of stats are over {BUDGET}')
    return {_DIGEST: text}


def read_stats(stats: object) -> Digest | None:
    """Give the digest in the stats of a host; None: there is none.

    Nothing that somebody may have written there makes it raise: stats that
    are no dictionary, and what is not a digest, are none.
    """
    text = stats.get(_DIGEST) if isinstance(stats, Mapping) else None
    return _decode(text) if isinstance(text, str) else None


# A scheduler is shown the same text for each server that it places.
@functools.lru_cache(maxsize=_KEPT)
def _decode(text: str) -> Digest | None:
    try:
        return Digest.decode(text)
    except ValueError:
        return None


def _round_down(time: datetime.datetime) -> datetime.datetime:
    seconds = int(time.timestamp())
    return datetime.datetime.fromtimestamp(
        seconds - seconds % _STEP, datetime.UTC
    )
