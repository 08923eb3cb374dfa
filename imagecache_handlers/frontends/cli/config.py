"""``imagecache config``: what the options are, and who says so."""

import argparse
from collections.abc import Iterable
from collections.abc import Iterator
import itertools
import operator
from typing import Any
from typing import TYPE_CHECKING

from imagecache_handlers.exceptions import HandlerNotFound
from imagecache_handlers.frontends.cli import lines
from imagecache_handlers.frontends.cli import options
from imagecache_handlers.frontends.cli.paged import Answer
from imagecache_handlers.frontends.cli.paged import Paged
from imagecache_handlers.frontends.cli.text import printable

if TYPE_CHECKING:
    from oslo_config import cfg

    from imagecache_handlers.nova_opts import Followed


class Config(Paged):
    """List the options in effect: each value, and where it comes from."""

    columns = ('group', 'option', 'value', 'from')

    def answer(self, parsed_args: argparse.Namespace) -> Answer:
        from imagecache_handlers import loader
        from imagecache_handlers.nova_opts import Followed
        from imagecache_handlers import opts

        conf = options.settings(self.app.options)
        name = opts.value(conf, 'handler')
        handler = f'{opts.GROUP}_{name}'
        # One for all: each would warn of old names anew.
        nova = Followed(conf)
        typed = bool(self.app.options.handler)
        rows = list(_common(conf, nova, typed=typed))
        for group, those in loader.option_groups():
            if group == handler:
                rows += _of_handler(conf, group, those)
        # Shown only if a cache could be opened with them.
        installed = loader.available(loader.HANDLERS)
        if name not in installed:
            raise HandlerNotFound(name, installed)
        opts.rules(conf, loader.load_order, nova)
        return Answer(rows=rows, page=_page(rows))


def _page(rows: Iterable[tuple[Any, ...]]) -> Iterator[lines.Line]:
    """Give a file of options, each below where its value comes from."""
    for group, those in itertools.groupby(rows, key=operator.itemgetter(0)):
        yield lines.line(f'[{group}]', lines.Tone.HEAD)
        for _, name, value, origin in those:
            yield lines.line(f'# {origin}', lines.Tone.FREE)
            unset = '# ' if value is None else ''
            yield lines.line(f'{unset}{name} = {value or ""}'.rstrip())
        yield lines.line()


def _common(
    conf: 'cfg.ConfigOpts', nova: 'Followed', *, typed: bool
) -> Iterator[tuple[Any, ...]]:
    from imagecache_handlers import opts

    for _, those in opts.list_opts():
        for opt in those:
            value = opts.value(conf, opt.dest, nova)
            origin = opts.origin(conf, opt.dest, nova)
            if typed and opt.dest == 'handler':
                origin = 'the command line'
            yield opts.GROUP, opt.dest, _shown(value), printable(origin)


def _of_handler(
    conf: 'cfg.ConfigOpts', group: str, those: 'Iterable[cfg.Opt]'
) -> Iterator[tuple[Any, ...]]:
    from imagecache_handlers import config_values

    conf.register_opts(those, group=group)
    for opt in those:
        value = config_values.read(conf, group, opt)
        origin = config_values.origin(conf, group, opt)
        shown = '***' if opt.secret and value else _shown(value)
        yield group, opt.dest, shown, printable(origin)


def _shown(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, list):
        return printable(', '.join(map(str, value)))
    return printable(str(value))
