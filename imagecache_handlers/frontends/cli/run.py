"""``imagecache run``: the periodic sweep, as a service of its own."""

import argparse
from collections.abc import Callable
from collections.abc import Iterator
import contextlib

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.frontends.cli.base import WitnessedCommand
from imagecache_handlers.frontends.cli import options
from imagecache_handlers.frontends.cli.options import Opened
from imagecache_handlers.frontends.cli import report_page
from imagecache_handlers.frontends import evidence
from imagecache_handlers.frontends import service
from imagecache_handlers.witness import Ask


class Run(WitnessedCommand):
    """Sweep again and again, every manager_interval seconds.

    SIGHUP reads the configuration again, SIGTERM ends it after the current
    image.
    """

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        if parsed_args.in_use == evidence.STDIN:
            raise ConfigurationError(
                'standard input can be read only once: name a file, which '
                'is read for each sweep'
            )
        ask = self.asking(parsed_args)

        def sweep(site: Opened, stop: Callable[[], bool]) -> bool:
            return self._sweep(site, ask, stop)

        signals = service.Signals()
        service.Service(self._opened, sweep, signals, self._tell).run()

    @contextlib.contextmanager
    def _opened(self) -> Iterator[Opened]:
        # Not opened(): the service takes the signals.
        with options.opened(self.app.options) as site:
            if site.inherited_never is not None:
                raise ConfigurationError(
                    f'{site.inherited_never} is -1, which leaves the sweeps '
                    f'to another cleaner: for this one to sweep set '
                    f'[imagecache] manager_interval to seconds, such as 2400'
                )
            yield site

    def _tell(self, news: str) -> None:
        self.say(f'imagecache run: {news}')
        self.app.stdout.flush()

    def _sweep(self, site: Opened, ask: Ask, stop: Callable[[], bool]) -> bool:
        plan = self.planned(site, ask)
        report = site.cache.apply(plan, ask, stop=stop)
        for one in report_page.lines(report, site.rules, self.width):
            self.say(str(one))
        self.app.stdout.flush()
        blind = self.complain_of_blindness(report, site.rules)
        return not (blind or report.plan.problems)
