"""Fleet agent: what ``imagecache run`` tells the fleet, and does for it."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import dataclasses

from imagecache_handlers.actions.report import Did
from imagecache_handlers.actions.report import Report
from imagecache_handlers.frontends.fleet.agent import Agent
from imagecache_handlers.frontends.fleet.agent import Heart
from imagecache_handlers.frontends.fleet.board import LONGEST_NOTE
from imagecache_handlers.frontends.fleet.digest import Digest
from imagecache_handlers.frontends.fleet.digest import make_digest
from imagecache_handlers.frontends.fleet.entry import Entry
from imagecache_handlers.frontends.fleet.entry import FRAME
from imagecache_handlers.frontends.fleet.opening import FleetSettings
from imagecache_handlers.frontends.fleet.opening import open_board
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Store
from imagecache_handlers.planning import space

_BUDGET = LONGEST_NOTE - FRAME
_GONE = (Did.EVICTED, Did.GONE)


class Fleet:
    """What the service tells the fleet; this one has nobody to tell."""

    def tell_report(self, report: Report) -> None:
        """Have what a sweep left told from now on."""

    def worked(self) -> float:
        """Give the seconds of a processor that went into it."""
        return 0.0


class JoinedFleet(Fleet):
    """Tells the fleet what this host has, after each sweep.

    It asks the backend nothing: the sweep has.
    """

    def __init__(
        self, settings: FleetSettings, agent: Agent, heart: Heart
    ) -> None:
        self._settings = settings
        self._agent = agent
        self._heart = heart
        self._generation = 0

    def tell_report(self, report: Report) -> None:
        self._generation += 1
        digest = digest_report(report, self._generation)
        self._agent.tell(
            Entry(
                host=self._settings.host,
                digest=digest,
                shared_store=self._settings.shared_store,
            )
        )
        self._heart.hurry()

    def worked(self) -> float:
        return self._heart.worked()


def digest_report(report: Report, generation: int) -> Digest:
    """Make a digest of what a sweep left; of what it saw, if it did not."""
    gone = {
        one.verdict.image.identity
        for one in report.outcomes
        if one.did in _GONE
    }
    free, total = _sum_space(report.after or report.before)
    digest = make_digest(
        _choose_images(report, gone),
        generation=generation,
        as_of=report.plan.now,
        free=free,
        total=total,
        budget=_BUDGET,
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
    pools = [one for one in space.pools(stores) if one.read]
    totals = [one.total for one in pools if one.total is not None]
    if not pools or len(totals) < len(pools):
        return None, None
    return sum(one.free for one in pools), sum(totals)


@contextlib.contextmanager
def joined(
    settings: FleetSettings | None, say: Callable[[str], object]
) -> Iterator[Fleet]:
    """Be on the board of the fleet meanwhile; None: there is no fleet.

    :raises ConfigurationError: when the board cannot be meant.
    """
    if settings is None:
        yield Fleet()
        return
    agent = Agent(
        open_board(settings), settings.host, settings.member_ttl, say
    )
    heart = Heart(agent)
    heart.start()
    try:
        yield JoinedFleet(settings, agent, heart)
    finally:
        heart.close()
