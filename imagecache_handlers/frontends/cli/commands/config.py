"""``imagecache config``: what the options are, and who says so."""

import argparse
from collections.abc import Iterable
from collections.abc import Iterator
import itertools
import operator
from typing import Any
from typing import TYPE_CHECKING

from imagecache_handlers.exceptions import HandlerNotFound
from imagecache_handlers.frontends.cli.commands.base import Paged
from imagecache_handlers.frontends.cli import options
from imagecache_handlers.frontends.cli.pages.answer import Answer
from imagecache_handlers.frontends.cli.pages import lines
from imagecache_handlers.frontends.cli.pages.text import printable

if TYPE_CHECKING:
    from oslo_config import cfg

    from imagecache_handlers.config.nova import NovaOptions


class Config(Paged):
    """List the options in effect: each value, and where it comes from."""

    columns = ('group', 'option', 'value', 'from')

    def answer(self, parsed_args: argparse.Namespace) -> Answer:
        from imagecache_handlers.config.nova import NovaOptions
        from imagecache_handlers.config.options import GROUP
        from imagecache_handlers.config import settings
        from imagecache_handlers import loader

        conf = options.read_configuration(self.app.options)
        name = settings.value(conf, 'handler')
        handler = f'{GROUP}_{name}'
        # One for all: each would warn of old names anew.
        nova = NovaOptions(conf)
        typed = bool(self.app.options.handler)
        rows = list(_common_options(conf, nova, typed=typed))
        for group, those in loader.option_groups():
            if group == handler:
                rows += _of_handler(conf, group, those)
        # Shown only if a cache could be opened with them.
        installed = loader.available(loader.HANDLERS)
        if name not in installed:
            raise HandlerNotFound(name, installed)
        settings.rules(conf, loader.load_order, nova)
        return Answer(rows=rows, page=_page_lines(rows))


def _page_lines(rows: Iterable[tuple[Any, ...]]) -> Iterator[lines.Line]:
    """Give a file of options, each below where its value comes from."""
    for group, those in itertools.groupby(rows, key=operator.itemgetter(0)):
        yield lines.line(f'[{group}]', lines.Tone.HEAD)
        for _, name, value, origin in those:
            yield lines.line(f'# {origin}', lines.Tone.FREE)
            unset = '# ' if value is None else ''
            yield lines.line(f'{unset}{name} = {value or ""}'.rstrip())
        yield lines.line()


def _common_options(
    conf: 'cfg.ConfigOpts', nova: 'NovaOptions', *, typed: bool
) -> Iterator[tuple[Any, ...]]:
    from imagecache_handlers.config.options import GROUP
    from imagecache_handlers.config.options import list_opts
    from imagecache_handlers.config import settings

    for _, those in list_opts():
        for opt in those:
            value = settings.value(conf, opt.dest, nova)
            origin = settings.origin(conf, opt.dest, nova)
            if typed and opt.dest == 'handler':
                origin = 'the command line'
            yield GROUP, opt.dest, _shown_value(value), printable(origin)


def _of_handler(
    conf: 'cfg.ConfigOpts', group: str, those: 'Iterable[cfg.Opt]'
) -> Iterator[tuple[Any, ...]]:
    from imagecache_handlers.config import values

    conf.register_opts(those, group=group)
    for opt in those:
        value = values.read(conf, group, opt)
        origin = values.origin(conf, group, opt)
        shown = '***' if opt.secret and value else _shown_value(value)
        yield group, opt.dest, shown, printable(origin)


def _shown_value(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, list):
        return printable(', '.join(map(str, value)))
    return printable(str(value))
