"""``imagecache run``: the periodic sweep, as a service of its own."""

import argparse
from collections.abc import Callable
from collections.abc import Iterator
import contextlib

from imagecache_handlers.actions.evidence import Ask
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.frontends.cli.commands.base import WitnessedCommand
from imagecache_handlers.frontends.cli import options
from imagecache_handlers.frontends.cli.options import OpenedCache
from imagecache_handlers.frontends.cli.pages import report as report_page
from imagecache_handlers.frontends import in_use_list
from imagecache_handlers.frontends import service


class Run(WitnessedCommand):
    """Sweep again and again, every manager_interval seconds.

    SIGHUP reads the configuration again, SIGTERM ends it after the current
    image.
    """

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        if parsed_args.in_use == in_use_list.STDIN:
            raise ConfigurationError(
                'standard input can be read only once: name a file, which '
                'is read for each sweep'
            )
        ask = self.asking(parsed_args)

        def sweep(site: OpenedCache, stop: Callable[[], bool]) -> bool:
            return self._sweep_site(site, ask, stop)

        signals = service.Signals()
        service.Service(self._open_site, sweep, signals, self._tell_news).run()

    @contextlib.contextmanager
    def _open_site(self) -> Iterator[OpenedCache]:
        # Not opened(): the service takes the signals.
        with options.opened(self.app.options) as site:
            if site.inherited_never is not None:
                raise ConfigurationError(
                    f'{site.inherited_never} is -1, which leaves the sweeps '
                    f'to another cleaner: for this one to sweep set '
                    f'[imagecache] manager_interval to seconds, such as 2400'
                )
            yield site

    def _tell_news(self, news: str) -> None:
        self.say(f'imagecache run: {news}')
        self.app.stdout.flush()

    def _sweep_site(
        self, site: OpenedCache, ask: Ask, stop: Callable[[], bool]
    ) -> bool:
        plan = self.planned(site, ask)
        report = site.cache.apply(plan, ask, should_stop=stop)
        for one in report_page.render(report, site.rules, self.width):
            self.say(str(one))
        self.app.stdout.flush()
        blind = self.complain_of_blindness(report, site.rules)
        return not (blind or report.plan.problems)
