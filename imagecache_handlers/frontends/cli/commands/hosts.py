"""``imagecache host ...``: who else evicts from a store, and looks where."""

import argparse
from collections.abc import Collection
from collections.abc import Iterator
from typing import Any

from imagecache_handlers.actions.stores import Found
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.frontends.cli.app import FAILED
from imagecache_handlers.frontends.cli.commands.base import CacheCommand
from imagecache_handlers.frontends.cli.commands.base import Paged
from imagecache_handlers.frontends.cli.confirm import agreed
from imagecache_handlers.frontends.cli.pages.answer import Answer
from imagecache_handlers.frontends.cli.pages.answer import iso
from imagecache_handlers.frontends.cli.pages.answer import Several
from imagecache_handlers.frontends.cli.pages import lines
from imagecache_handlers.frontends.cli.pages import plan
from imagecache_handlers.frontends.cli.pages.text import printable
from imagecache_handlers.model import Host


class HostList(Paged):
    """List the hosts that evict from each store, and what blocks."""

    columns = (
        *('host', 'store', 'this', 'since', 'disks', 'folders'),
        *('looks_at', 'blocks'),
    )

    def answer(self, parsed_args: argparse.Namespace) -> Answer:
        with self.opened() as site:
            found = site.cache.hosts(site.stores)
        self.complain(found.problems)
        return Answer(
            rows=_host_rows(found.items),
            page=_page_lines(found.items, self.width),
            code=FAILED if found.problems else 0,
        )


def _host_rows(hosts: Collection[Host]) -> Iterator[tuple[Any, ...]]:
    for one in hosts:
        blocks = None if one.blocks is None else printable(one.blocks)
        looks_at = Several([printable(place) for place in one.looks_at])
        place = printable(one.name), printable(one.store), one.is_this
        met = iso(one.as_of), one.disks, one.folders
        yield (*place, *met, looks_at, blocks)


def _page_lines(hosts: Collection[Host], width: int) -> Iterator[lines.Line]:
    store = ''
    for one in hosts:
        if one.store != store:
            store = one.store
            yield lines.line(printable(f'{store}:'), lines.Tone.HEAD)
        this = ' (this host)' if one.is_this else ''
        yield lines.line(printable(f'  {one.name}{this}: {_what_it_met(one)}'))
        for place in one.looks_at:
            yield lines.line(printable(f'    looks at {place}'))
        if one.blocks:
            text = f'blocks every eviction by this host: {one.blocks}'
            for part in plan.wrapped(text, width - 4):
                yield lines.line(f'    {part}', lines.Tone.TROUBLE)
    if not hosts:
        yield lines.line('No host is on record.')


def _what_it_met(host: Host) -> str:
    if host.as_of is None:
        return 'not on record'
    since = f'{host.as_of.astimezone():%Y-%m-%d %H:%M}'
    if host.disks is None:
        return f'since {since}'
    return f'since {since}, {_count_disks(host.disks)} the last time'


def _count_disks(count: int) -> str:
    return f'{count} disk{"" if count == 1 else "s"}'


class HostForget(CacheCommand):
    """Strike a host that is gone for good off: what it saw is not missed."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            'host', metavar='HOST', help='as "host list" names it'
        )
        _add_yes_to(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        name = parsed_args.host
        with self.opened() as site:
            known = site.cache.hosts(site.stores)
            _check_known(name, known)
            question = (
                f'Forget {printable(name)}? What its instances use may then '
                f'be evicted.'
            )
            if not agreed(question, yes=parsed_args.yes):
                self.say('Nothing was changed.')
                return FAILED
            done = site.cache.forget_host(name, site.stores)
        self.complain(done.problems)
        for store in done.items:
            self.say(printable(f'{name} is forgotten in {store}'))
        return _exit_code(done)


def _check_known(name: str, known: Found[Host]) -> None:
    there = {one.name for one in known.items if _is_on_record(one)}
    if name not in there and not known.problems:
        those = ', '.join(sorted(map(printable, there))) or 'none'
        raise ConfigurationError(
            f'no host {printable(name)} is on record; there are: {those}'
        )


def _is_on_record(host: Host) -> bool:
    return host.as_of is not None or host.blocks is not None


class HostAccept(CacheCommand):
    """Take what this host sees now for all: fewer disks, or folders."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        _add_yes_to(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        with self.opened() as site:
            question = (
                'Take the disks that this host sees now for all that there '
                'are? See "imagecache plan".'
            )
            if not agreed(question, yes=parsed_args.yes):
                self.say('Nothing was changed.')
                return FAILED
            done = site.cache.accept_host(site.stores)
            own = [
                one
                for one in site.cache.hosts(done.items).items
                if one.is_this
            ]
        self.complain(done.problems)
        for one in own:
            disks = _count_disks(one.disks or 0)
            self.say(printable(f'{one.name}: {disks}, in {one.store}'))
        return _exit_code(done)


def _add_yes_to(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--yes', action='store_true', help='take it as confirmed'
    )


def _exit_code(done: Found[str]) -> int:
    return FAILED if done.problems or not done.items else 0
