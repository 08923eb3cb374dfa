"""``imagecache prefetch``: images come in ahead of their use."""

import argparse
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import dataclasses
import sys
import threading
from typing import Any
from typing import TYPE_CHECKING

from imagecache_handlers.actions.prefetched import Ended
from imagecache_handlers.actions.prefetched import Event
from imagecache_handlers.actions.prefetched import Prefetched
from imagecache_handlers.actions.prefetched import Waiting
from imagecache_handlers.actions.prefetching import check_ttl
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.exceptions import SourceError
from imagecache_handlers.frontends.cli import arguments
from imagecache_handlers.frontends.cli.commands.base import InUseCommand
from imagecache_handlers.frontends.cli.commands.base import PAGE
from imagecache_handlers.frontends.cli.commands.base import Paged
from imagecache_handlers.frontends.cli.exit_codes import FAILED
from imagecache_handlers.frontends.cli.exit_codes import NONE
from imagecache_handlers.frontends.cli import image_options
from imagecache_handlers.frontends.cli.interrupt import stoppable
from imagecache_handlers.frontends.cli import metering
from imagecache_handlers.frontends.cli import metrics_options
from imagecache_handlers.frontends.cli.pages.answer import Answer
from imagecache_handlers.frontends.cli.pages import arrivals
from imagecache_handlers.frontends.cli.pages.text import printable
from imagecache_handlers.frontends.cli import transfer_bars

if TYPE_CHECKING:
    from imagecache_handlers.frontends.cli.options import OpenedCache
    from imagecache_handlers.source import RangedSource


_ENDING = 'soon, what was fetched is kept for the next time'


class Prefetch(InUseCommand, Paged):
    """Fetch images into the cache, verified, and kept until they are used.

    From the image service that [imagecache_glance] tells of, or, one image,
    from a file or a URL. What is there already is only kept for longer. Ends
    with 0 if all are there then, with 1 if some are, with 3 if none is.
    """

    columns = arrivals.COLUMNS

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._saying = threading.Lock()
        self._said: list[Prefetched] = []

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        image_options.add_images_to(parser)
        _add_place_to(parser)
        image_options.add_ttl_to(parser, 'prefetch_ttl_seconds')
        parser.add_argument(
            '--max-rate',
            type=arguments.rate,
            metavar='RATE',
            help='bytes a second for all of them, as in 50M; 0: no limit '
            '(default: prefetch_max_rate)',
        )
        metrics_options.add_textfile_to(parser)
        return parser

    def answer(self, parsed_args: argparse.Namespace) -> Answer:
        self._is_page = parsed_args.formatter == PAGE
        images = _choose_images(parsed_args)
        ask = self.asking(parsed_args)
        with self.opened() as site:
            given = _read_settings(site, parsed_args)
            with (
                stoppable(site, _ENDING) as stop,
                self._telling(parsed_args) as tell,
            ):
                done = site.cache.prefetch(
                    images,
                    _find_source(site, parsed_args),
                    store=site.store,
                    ask=ask,
                    tell=tell,
                    should_stop=stop,
                    **given,
                )
        unsaid = [one for one in done if one not in self._said]
        return Answer(
            rows=arrivals.rows_of(done),
            page=arrivals.page_lines(unsaid),
            code=_code_of(done),
        )

    @contextlib.contextmanager
    def _telling(
        self, parsed_args: argparse.Namespace
    ) -> Iterator[Callable[[Event], None]]:
        """Give what is called with all that happens: bars, lines, metrics."""
        with (
            transfer_bars.shown(sys.stderr, self._say_end) as show,
            metering.counted(parsed_args) as count,
        ):

            def tell(event: Event) -> None:
                count(event)
                if isinstance(event, Waiting):
                    _say_waiting(event)
                show(event)

            yield tell

    def _say_end(self, event: Event) -> None:
        """Say what became of an image, where no bar shows it."""
        if self._is_page and isinstance(event, Ended):
            with self._saying:
                self.say(arrivals.sentence(event.result))
                self.app.stdout.flush()
                self._said.append(event.result)


def _add_place_to(parser: argparse.ArgumentParser) -> None:
    """Add where the one image is, in place of the image service."""
    parser.add_argument(
        '--from',
        metavar='PLACE',
        dest='place',
        help='the one image is this file, or is at this URL',
    )
    parser.add_argument(
        '--checksum',
        metavar='SUM',
        help='what it hashes to, as in sha256:9f86..; a URL needs one',
    )


def _say_waiting(event: Waiting) -> None:
    """Say that somebody is waited for, above the bars if there are any."""
    others = f'somebody else fetches it into {event.store}'
    if event.here:
        others = 'somebody else on this host fetches it'
    waiting = (
        f'imagecache: {event.image_id}: {others}; if they have died, it goes '
        f'on within {event.most:.0f} s'
    )
    print(printable(waiting), file=sys.stderr, flush=True)  # noqa: T201


def _choose_images(options: argparse.Namespace) -> list[str]:
    """Give all ids that were named, each once."""
    chosen = image_options.read_images(options)
    if not chosen:
        raise ConfigurationError('name an image, or a list of them: --list')
    if options.place is not None and len(chosen) > 1:
        raise ConfigurationError(
            f'--from is where one image comes from, not {len(chosen)}'
        )
    if options.checksum is not None and options.place is None:
        raise ConfigurationError(
            '--checksum goes with --from: the image service tells its own'
        )
    return chosen


def _read_settings(
    site: 'OpenedCache', options: argparse.Namespace
) -> dict[str, Any]:
    from imagecache_handlers.config import prefetch

    settings = prefetch.read_prefetch(site.settings)
    if options.max_rate is not None:
        settings = dataclasses.replace(settings, max_rate=options.max_rate)
    ttl = options.ttl or prefetch.read_ttl(site.settings)
    try:
        check_ttl(ttl, site.rules.clock_skew)
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
    return {'settings': settings, 'ttl': ttl}


def _find_source(
    site: 'OpenedCache', options: argparse.Namespace
) -> 'RangedSource':
    from imagecache_handlers.sources import loading

    if options.place is None:
        return loading.load_source(site.settings.conf)
    try:
        return loading.name_source(options.place, options.checksum)
    except SourceError as error:
        # Nobody was asked yet: it is the words that are wrong.
        text = f'--from {error.source}: {error.why}'
        raise ConfigurationError(text) from error


def _code_of(done: Iterable[Prefetched]) -> int:
    there = [one.is_there for one in done]
    if all(there):
        return 0
    return FAILED if any(there) else NONE
