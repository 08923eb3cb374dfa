"""``imagecache report``: a page for people who were not there."""

import argparse
from collections.abc import Iterator
import contextlib
import os
import socket
import tempfile

from imagecache_handlers.clocks import utc_now
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.frontends.cli.commands.base import PlanningCommand
from imagecache_handlers.frontends.cli.exit_codes import FAILED
from imagecache_handlers.frontends.html.hosts import describe_plan
from imagecache_handlers.frontends.html.hosts import Host
from imagecache_handlers.frontends.html import plan_files


class ReportError(CacheError):
    """The page cannot be written."""


class Report(PlanningCommand):
    """Write a page of HTML on why images stay, and what goes next.

    Of this host as it is now or, where files are named, of the hosts on which
    `imagecache plan -f json` wrote them.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            'plans',
            nargs='*',
            metavar='PLAN',
            help='what `imagecache plan -f json` wrote on a host; the file is '
            'named after it',
        )
        parser.add_argument(
            '--html',
            metavar='FILE',
            required=True,
            help='the page: one file, without scripts',
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        try:
            from imagecache_handlers.frontends.html import page
        except ImportError:
            raise ConfigurationError(
                'a page needs Jinja2: '
                "pip install 'imagecache-handlers[report]'"
            ) from None
        if parsed_args.plans:
            hosts = list(plan_files.read_hosts(parsed_args.plans))
            is_whole = True
        else:
            host = self._look(parsed_args)
            hosts = [host]
            is_whole = all(one.problem is None for one in host.stores)
        _write_page(parsed_args.html, page.render_page(hosts, utc_now()))
        return 0 if is_whole else FAILED

    def _look(self, parsed_args: argparse.Namespace) -> Host:
        ask = self.asking(parsed_args)
        with self.opened() as site:
            plan = self.planned(site, ask)
            self.complain(plan.problems)
            return describe_plan(socket.gethostname(), plan, site.rules)


def _write_page(path: str, text: str) -> None:
    """Write it aside, then put it in place of an older one.

    :raises ReportError: when that cannot be done.
    """
    if os.path.lexists(path) and not os.path.isfile(path):
        raise ReportError(f'{path} is there, and is not a regular file')
    try:
        with _written_aside(path, text) as aside:
            os.replace(aside, path)
    except OSError as error:
        raise ReportError(
            f'the page cannot be written to {path}: {error.strerror}'
        ) from error


@contextlib.contextmanager
def _written_aside(path: str, text: str) -> Iterator[str]:
    folder = os.path.dirname(path) or '.'
    handle, aside = tempfile.mkstemp(dir=folder, prefix='.report.')
    try:
        with open(handle, 'w', encoding='utf-8') as file:
            file.write(text)
            # As any other file that is to be shown to others.
            os.fchmod(file.fileno(), 0o644)
        yield aside
    finally:
        with contextlib.suppress(OSError):
            os.unlink(aside)
