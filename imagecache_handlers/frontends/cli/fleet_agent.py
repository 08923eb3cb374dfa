"""Fleet agent: what ``imagecache run`` tells the fleet, and does for it."""

import argparse
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import dataclasses
import datetime
import logging
import threading

from imagecache_handlers.actions.evidence import Ask
from imagecache_handlers.actions.prefetched import Got
from imagecache_handlers.actions.prefetched import Prefetched
from imagecache_handlers.actions.prefetching import check_ttl
from imagecache_handlers.actions.report import Did
from imagecache_handlers.actions.report import Report
from imagecache_handlers.clocks import Clocks
from imagecache_handlers.config import prefetch
from imagecache_handlers.config.reading import read_configuration
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.frontends.cli import options
from imagecache_handlers.frontends.cli.pages import arrivals
from imagecache_handlers.frontends.fleet.agent import Agent
from imagecache_handlers.frontends.fleet.agent import Heart
from imagecache_handlers.frontends.fleet.digest import Digest
from imagecache_handlers.frontends.fleet.digest import make_digest
from imagecache_handlers.frontends.fleet.entry import DIGEST_BUDGET
from imagecache_handlers.frontends.fleet.entry import Entry
from imagecache_handlers.frontends.fleet.opening import FleetSettings
from imagecache_handlers.frontends.fleet.opening import open_board
from imagecache_handlers.frontends.fleet.opening import read_fleet
from imagecache_handlers.frontends.fleet.taking import Errands
from imagecache_handlers.frontends.fleet.taking import Taker
from imagecache_handlers.frontends.fleet.wishes import Stage
from imagecache_handlers.frontends.fleet.wishes import Wish
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Store
from imagecache_handlers.planning import space
from imagecache_handlers.sources.loading import load_source

LOG = logging.getLogger(__name__)

# Seconds: what is fetched comes to an end between two pieces of it.
_FAREWELL = 10.0
_CLOCKS = Clocks()
_GONE = (Did.EVICTED, Did.GONE)


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
    pools = [one for one in space.pools(stores) if one.read]
    totals = [one.total for one in pools if one.total is not None]
    if not pools or len(totals) < len(pools):
        return None, None
    return sum(one.free for one in pools), sum(totals)


def judge_results(results: Sequence[Prefetched]) -> tuple[Stage, str]:
    """Say what came of a wish by what came of its images."""
    absent = [one for one in results if not one.is_there]
    if not absent:
        return Stage.DONE, ''
    failed = [one for one in absent if one.did is Got.ERROR]
    first = (failed or absent)[0]
    why = f'{len(absent)} of {len(results)} images: {arrivals.sentence(first)}'
    return Stage.FAILED if failed else Stage.REFUSED, why


class Fetcher:
    """Fetches what wishes are for, into a cache that it opens itself.

    So it has the options as they are then, and nothing that the service
    closes.
    """

    def __init__(
        self, given: argparse.Namespace, ask: Ask, fleet: JoinedFleet
    ) -> None:
        self._given = given
        self._ask = ask
        self._fleet = fleet

    def fetch(
        self, wish: Wish, should_stop: Callable[[], bool]
    ) -> tuple[Stage, str]:
        """Give what came of it, and why."""
        results: Sequence[Prefetched] = ()
        self._fleet.tell_coming(wish.images)
        try:
            results = self._fetch_images(wish, should_stop)
            return judge_results(results)
        except ConfigurationError as error:
            return Stage.REFUSED, str(error)
        except CacheError as error:
            return Stage.FAILED, str(error)
        finally:
            self._fleet.tell_arrived(results)

    def _fetch_images(
        self, wish: Wish, should_stop: Callable[[], bool]
    ) -> Sequence[Prefetched]:
        with contextlib.ExitStack() as stack:
            site = _open_site(self._given, stack)
            return site.cache.prefetch(
                wish.images,
                load_source(site.settings.conf),
                _read_ttl(wish, site),
                store=site.store,
                ask=self._ask,
                settings=prefetch.read_prefetch(site.settings),
                should_stop=should_stop,
            )


class _NotOpened(CacheError):
    """The options cannot be read, or lead nowhere, for now."""

    def __str__(self) -> str:
        return 'its options cannot be read, its log says why'


def _open_site(
    given: argparse.Namespace, stack: contextlib.ExitStack
) -> options.OpenedCache:
    """Open what the options lead to now, until the stack is closed."""
    try:
        return stack.enter_context(options.opened(given))
    except CacheError as error:
        # It may show a line of the options, in which a password is, and all
        # read the board.  And whoever edits them may not be through yet.
        LOG.warning('A wish has to wait for the options: %s', error)
        raise _NotOpened from error


def _read_ttl(wish: Wish, site: options.OpenedCache) -> datetime.timedelta:
    if wish.ttl is None:
        return prefetch.read_ttl(site.settings)
    ttl = datetime.timedelta(seconds=wish.ttl)
    try:
        check_ttl(ttl, site.rules.clock_skew)
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
    return ttl


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
    board = open_board(settings)
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
