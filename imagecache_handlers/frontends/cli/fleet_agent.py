"""Fleet agent: what ``imagecache run`` tells the fleet, and does for it."""

import argparse
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import dataclasses
import threading

from imagecache_handlers.actions.evidence import Ask
from imagecache_handlers.actions.prefetched import Prefetched
from imagecache_handlers.actions.report import Report
from imagecache_handlers.clocks import Clocks
from imagecache_handlers.config.reading import read_configuration
from imagecache_handlers.frontends.cli.fleet_digest import digest_report
from imagecache_handlers.frontends.cli.fleet_digest import identify_report
from imagecache_handlers.frontends.cli.fleet_fetcher import Fetcher
from imagecache_handlers.frontends.fleet.agent import Agent
from imagecache_handlers.frontends.fleet.entry import Entry
from imagecache_handlers.frontends.fleet.errands import Errands
from imagecache_handlers.frontends.fleet.heart import Heart
from imagecache_handlers.frontends.fleet.opening import AGENT_TIMEOUT
from imagecache_handlers.frontends.fleet.opening import FleetSettings
from imagecache_handlers.frontends.fleet.opening import open_board
from imagecache_handlers.frontends.fleet.opening import read_fleet
from imagecache_handlers.frontends.fleet.taking import Taker
from imagecache_handlers.model import CachedImage

# Seconds: what is fetched comes to an end between two pieces of it.
_FAREWELL = 10.0
_CLOCKS = Clocks()


class Fleet:
    """What the service tells the fleet; this one has nobody to tell."""

    def tell_report(self, report: Report) -> None:
        """Have what a sweep left told from now on."""

    def worked(self) -> float:
        """Give the seconds of a processor that went into it."""
        return 0.0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Arrival:
    """An image that came ``at`` a time, by a clock that nobody sets."""

    at: float
    image: CachedImage


class JoinedFleet(Fleet):
    """Tells the fleet what this host has, after each sweep.

    It asks the backend nothing: the sweep has.
    """

    def __init__(
        self,
        settings: FleetSettings,
        agent: Agent,
        heart: Heart,
        *,
        clocks: Clocks = _CLOCKS,
    ) -> None:
        self._clocks = clocks
        self._settings = settings
        self._agent = agent
        self._heart = heart
        self._others: list[Callable[[], float]] = []
        self._lock = threading.Lock()
        self._generation = 0
        self._report: Report | None = None
        # Since the sweep: what is on its way, and what came.
        self._coming: tuple[str, ...] = ()
        self._arrived: dict[str, _Arrival] = {}

    def tell_report(self, report: Report) -> None:
        with self._lock:
            self._report = report
            # What came while it went on, it may not have seen.
            age = (self._clocks.now() - report.plan.now).total_seconds()
            began = self._clocks.monotonic() - max(0.0, age)
            self._arrived = {
                name: one
                for name, one in self._arrived.items()
                if one.at >= began
            }
            self._tell()

    def tell_coming(self, image_ids: Collection[str]) -> None:
        """Have images told as on their way."""
        with self._lock:
            self._coming = tuple(image_ids)
            self._tell()

    def tell_arrived(self, results: Iterable[Prefetched]) -> None:
        """Have images told as cached, as far as they came."""
        with self._lock:
            self._coming = ()
            for one in results:
                if one.is_there:
                    self._arrived[one.image_id] = _Arrival(
                        at=self._clocks.monotonic(),
                        image=_describe_result(one),
                    )
            self._tell()

    def _tell(self) -> None:
        if self._report is None:
            return  # what else is there nobody knows yet
        self._generation += 1
        digest = digest_report(
            self._report,
            self._generation,
            arrived=[one.image for one in self._arrived.values()],
            coming=self._coming,
        )
        self._agent.tell(
            Entry(
                host=self._settings.host,
                digest=digest,
                shared_store=self._settings.shared_store,
                store=identify_report(self._report),
            )
        )
        self._heart.hurry()

    def count_in(self, worked: Callable[[], float]) -> None:
        """Have the work of others counted as well."""
        self._others.append(worked)

    def worked(self) -> float:
        others = sum(worked() for worked in self._others)
        return self._heart.worked() + others


def _describe_result(one: Prefetched) -> CachedImage:
    return CachedImage(
        image_id=one.image_id,
        store=one.store,
        location=one.image_id,
        size=one.size,
    )


@contextlib.contextmanager
def joined(
    given: argparse.Namespace, ask: Ask, say: Callable[[str], object]
) -> Iterator[Fleet]:
    """Be on the board of the fleet meanwhile, if the options name one.

    :raises ConfigurationError: when that cannot be meant.
    """
    conf = read_configuration(given.config or (), handler=given.handler)
    settings = read_fleet(conf)
    if settings is None:
        yield Fleet()
        return
    board = open_board(settings, AGENT_TIMEOUT)
    agent = Agent(board, settings.host, settings.member_ttl, say)
    heart = Heart(agent)
    fleet = JoinedFleet(settings, agent, heart)
    fetcher = Fetcher(given, ask, fleet)
    errands = Errands(Taker(board, agent, fetcher.fetch))
    fleet.count_in(errands.worked)
    heart.start(errands.look)
    errands.start()
    try:
        yield fleet
    finally:
        errands.close(_FAREWELL)
        heart.close()
