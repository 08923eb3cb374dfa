"""Fleet fetcher: fetches into the cache of this host what a wish is for."""

import argparse
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Sequence
import contextlib
import datetime
import logging
from typing import Protocol

from imagecache_handlers.actions.evidence import Ask
from imagecache_handlers.actions.prefetched import Got
from imagecache_handlers.actions.prefetched import Prefetched
from imagecache_handlers.actions.prefetching import check_ttl
from imagecache_handlers.config import prefetch
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.frontends.cli import options
from imagecache_handlers.frontends.cli.pages import arrivals
from imagecache_handlers.frontends.fleet.wishes import Stage
from imagecache_handlers.frontends.fleet.wishes import Wish
from imagecache_handlers.sources.loading import load_source

LOG = logging.getLogger(__name__)


class Listener(Protocol):
    """Who is told which images are on their way, and which came."""

    def tell_coming(self, image_ids: Collection[str]) -> None:
        """Have images told as on their way."""

    def tell_arrived(self, results: Iterable[Prefetched]) -> None:
        """Have images told as cached, as far as they came."""


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
        self, given: argparse.Namespace, ask: Ask, fleet: Listener
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
