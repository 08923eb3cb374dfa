"""Fleet digest: what a sweep left, as the fleet is told it."""

from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses
import hashlib

from imagecache_handlers.actions.report import Did
from imagecache_handlers.actions.report import Report
from imagecache_handlers.frontends.fleet.digest import Digest
from imagecache_handlers.frontends.fleet.digest import make_digest
from imagecache_handlers.frontends.fleet.entry import DIGEST_BUDGET
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Store
from imagecache_handlers.planning import space

_GONE = (Did.EVICTED, Did.GONE)
# Of hexadecimal digits: long enough for no two to be the same.
_LENGTH = 32


def digest_report(
    report: Report,
    generation: int,
    *,
    arrived: Iterable[CachedImage] = (),
    coming: Iterable[str] = (),
) -> Digest:
    """Make a digest of what a sweep left, and of what came since then."""
    gone = {
        one.verdict.image.identity
        for one in report.outcomes
        if one.did in _GONE
    }
    free, total = _sum_space(report.after or report.before)
    digest = make_digest(
        [*_choose_images(report, gone), *arrived],
        coming,
        generation=generation,
        as_of=report.plan.now,
        free=free,
        total=total,
        budget=DIGEST_BUDGET,
    )
    if report.plan.problems:
        # What is in a store that could not be read, nobody knows.
        return dataclasses.replace(digest, is_complete=False)
    return digest


def _choose_images(
    report: Report, gone: Iterable[tuple[str, str]]
) -> Iterator[CachedImage]:
    for verdict in report.plan.verdicts:
        image = verdict.image
        # A resized copy is not what the next server boots from.
        if image.identity not in gone and not image.variant:
            yield image


def _sum_space(stores: Iterable[Store]) -> tuple[int | None, int | None]:
    """Give free and total bytes of all pools; None where one is not known."""
    pools = [one for one in space.group_by_pool(stores) if one.read]
    totals = [one.total for one in pools if one.total is not None]
    if not pools or len(totals) < len(pools):
        return None, None
    return sum(one.free for one in pools), sum(totals)


def identify_report(report: Report) -> str | None:
    """Give what tells the stores of a report together from any others.

    None: nobody can say, or one could not be read: what this host fails to
    see there is nothing to tell the others that have it.
    """
    if report.plan.problems:
        return None
    return identify_stores(report.before)


def identify_stores(stores: Iterable[Store]) -> str | None:
    """Give what tells these stores together from any others.

    None: of one of them nobody can say if other hosts have it.
    """
    found = {one.identity for one in stores}
    known = sorted(one for one in found if one is not None)
    if not known or None in found:
        return None
    return hashlib.sha256('\n'.join(known).encode()).hexdigest()[:_LENGTH]
