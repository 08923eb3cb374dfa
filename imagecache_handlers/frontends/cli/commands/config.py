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
from imagecache_handlers.frontends.cli.pages.answer import Answer
from imagecache_handlers.frontends.cli.pages import lines
from imagecache_handlers.frontends.cli.pages.text import printable

if TYPE_CHECKING:
    from oslo_config import cfg

    from imagecache_handlers.config.settings import Settings


class Config(Paged):
    """List the options in effect: each value, and where it comes from."""

    columns = ('group', 'option', 'value', 'from')

    def answer(self, parsed_args: argparse.Namespace) -> Answer:
        from imagecache_handlers.config import groups
        from imagecache_handlers.config.reading import read_configuration
        from imagecache_handlers.config.settings import Settings
        from imagecache_handlers import loader

        options = self.app.options
        conf = read_configuration(
            options.config or (), handler=options.handler
        )
        settings = Settings(conf)
        name = settings.read_value('handler')
        rows = list(_common_options(settings, typed=bool(options.handler)))
        for group, those in groups.load_groups_of(name):
            rows += _handler_options(conf, group, those)
        # Shown only if a cache could be opened with them.
        known = loader.available(loader.HANDLERS)
        if name not in known:
            raise HandlerNotFound(name, known)
        settings.make_rules(loader.load_order)
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
    settings: 'Settings', *, typed: bool
) -> Iterator[tuple[Any, ...]]:
    from imagecache_handlers.config.options import BY_NAME
    from imagecache_handlers.config.options import GROUP

    for name in BY_NAME:
        given = settings.look_up(name)
        origin = given.origin
        if typed and name == 'handler':
            origin = 'the command line'
        yield GROUP, name, _shown_value(given.value), printable(origin)


def _handler_options(
    conf: 'cfg.ConfigOpts', group: str, those: 'Iterable[cfg.Opt]'
) -> Iterator[tuple[Any, ...]]:
    from imagecache_handlers.config import values

    conf.register_opts(those, group=group)
    for opt in those:
        given = values.look_up(conf, group, opt)
        hidden = opt.secret and given.value
        shown = '***' if hidden else _shown_value(given.value)
        yield group, opt.dest, shown, printable(given.origin)


def _shown_value(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, list):
        return printable(', '.join(map(str, value)))
    return printable(str(value))
