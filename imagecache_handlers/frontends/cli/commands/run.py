"""``imagecache run``: the periodic sweep, as a service of its own."""

import argparse
from collections.abc import Callable
from collections.abc import Iterator
import contextlib
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from imagecache_handlers.actions.evidence import Ask
from imagecache_handlers.actions.report import Report
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.frontends.cli.commands.base import PlanningCommand
from imagecache_handlers.frontends.cli import json_log
from imagecache_handlers.frontends.cli import metering
from imagecache_handlers.frontends.cli import metrics_options
from imagecache_handlers.frontends.cli import options
from imagecache_handlers.frontends.cli.options import OpenedCache
from imagecache_handlers.frontends.cli.output import ServiceOutput
from imagecache_handlers.frontends.cli.pages import report as report_page
from imagecache_handlers.frontends.cli import retired_options
from imagecache_handlers.frontends.cli import timed_log
from imagecache_handlers.frontends import in_use_list
from imagecache_handlers.frontends import service
from imagecache_handlers.frontends.signals import Signals
from imagecache_handlers.frontends.signals import ToldToEnd

if TYPE_CHECKING:
    from imagecache_handlers.frontends.cli.fleet_agent import Fleet


class Run(PlanningCommand):
    """Sweep again and again, every manager_interval seconds.

    SIGHUP reads the configuration again, SIGTERM ends it after the current
    image.
    """

    _events: json_log.Events | None = None

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        metrics_options.add_server_to(parser)
        metrics_options.add_textfile_to(parser)
        parser.add_argument(
            '--log-json',
            action='store_true',
            help='write one line of JSON for each image that was to go or to '
            'be labelled, with why, and for each sweep, in place of pages',
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        self._output = ServiceOutput(self.app.stdout)
        if parsed_args.log_json:
            json_log.use_json()
            self._events = json_log.Events(self._output)
        if parsed_args.in_use == in_use_list.STDIN:
            raise ConfigurationError(
                'standard input can be read only once: name a file, which '
                'is read for each sweep'
            )
        self._signals = Signals()
        ask = self.asking(parsed_args)
        with (
            metering.metered(parsed_args) as meter,
            self._joined_fleet(ask) as fleet,
        ):
            if meter.served is not None:
                self._tell_news(f'metrics at {meter.served.address}')
            self._meter = meter
            self._fleet = fleet
            self._run_service(ask)

    def say(self, text: str = '') -> None:
        self._output.write(f'{text}\n')

    def _joined_fleet(self, ask: Ask) -> 'AbstractContextManager[Fleet]':
        # Imported where it is needed: `--help` shall not wait for it.
        from imagecache_handlers.frontends.cli import fleet_agent

        return fleet_agent.joined(self.app.options, ask, self._tell_news)

    def await_answer(
        self, ask: Callable[[], retired_options.Said]
    ) -> retired_options.Said:
        # Who is asked may take minutes, which nobody waits for at the end.
        return self._signals.await_answer(ask)

    def _run_service(self, ask: Ask) -> None:
        signals = self._signals
        noted = self._meter.noting(lambda: signals.await_answer(ask))

        def sweep(site: OpenedCache, stop: Callable[[], bool]) -> bool:
            try:
                with self._meter.sweeping(site.rules) as tell:
                    return self._sweep_site(site, noted, stop, tell)
            except ToldToEnd:
                self._tell_news('stopped before anything was to go')
                return True

        service.Service(
            self._open_site,
            sweep,
            signals,
            self._tell_news,
            beside=lambda: self._meter.worked() + self._fleet.worked(),
            begin=self._meter.note_site,
        ).run()

    @contextlib.contextmanager
    def _open_site(self) -> Iterator[OpenedCache]:
        # Not opened(): the service takes the signals.
        note = self._meter.record.note_call
        with options.opened(self.app.options, note) as site:
            if site.inherited_never is not None:
                raise ConfigurationError(
                    f'{site.inherited_never} is -1, which leaves the sweeps '
                    f'to another cleaner: for this one to sweep set '
                    f'[imagecache] manager_interval to seconds, such as 2400'
                )
            yield site

    def _tell_news(self, news: str) -> None:
        if self._events is not None:
            self._events.write('news', message=news)
            return
        # Not before: who is refused at once is told so as by any command.
        timed_log.use_times()
        self.say(f'{timed_log.write_head("info")} imagecache run: {news}')

    def _sweep_site(
        self,
        site: OpenedCache,
        ask: Ask,
        stop: Callable[[], bool],
        tell: Callable[[Report], object],
    ) -> bool:
        plan = self.planned(site, ask)
        if stop():
            # What is retired may not be in it.
            raise ToldToEnd
        self._meter.note_plan(plan, site)
        if self._events is None:
            report = site.cache.apply(plan, ask, should_stop=stop)
        else:
            report = site.cache.apply(
                plan,
                ask,
                on_outcome=self._events.write_outcome,
                should_stop=stop,
            )
        tell(report)
        self._fleet.tell_report(report)
        self._show_report(report, site)
        blind = self.complain_of_blindness(report, site.rules)
        return not (blind or report.plan.problems)

    def _show_report(self, report: Report, site: OpenedCache) -> None:
        result = metering.judge_sweep(report, site.rules)
        if self._events is not None:
            self._events.write_sweep(report, result.value)
            return
        self._tell_news(f'a sweep has ended: {result.value}')
        for one in report_page.render(report, site.rules, self.width):
            self.say(str(one))
