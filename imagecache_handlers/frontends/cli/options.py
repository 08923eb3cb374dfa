"""Options that every command takes, and what is opened with them."""

import argparse
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterator
import contextlib
import dataclasses
import datetime
from typing import TYPE_CHECKING

from imagecache_handlers.actions.slow_calls import RunningCalls
from imagecache_handlers.actions.slow_calls import TellEnd
from imagecache_handlers.cache import ImageCache
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.exceptions import HandlerFailed
from imagecache_handlers.planning.rules import Rules

if TYPE_CHECKING:
    from oslo_config import cfg

    from imagecache_handlers.config.settings import Settings
    from imagecache_handlers.handler import CacheHandler

_NO_FILES = (
    'no file of options was found: name one with --config-file, or write '
    '~/.imagecache/imagecache.conf or /etc/imagecache/imagecache.conf; to see '
    'the commands at work without one: imagecache demo'
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OpenedCache:
    """The cache that the options lead to.

    ``stores`` None: all of them; ``interval`` None: no periodic sweeps, and
    ``inherited_never`` tells where that was said, if not to us.  ``close`` is
    for who cannot wait for the end of the command, and ``calls`` says what it
    is at.  ``settings`` are the options that all of it was made of, and
    ``handler`` is for what one handler alone can do.
    """

    cache: ImageCache
    handler: 'CacheHandler'
    calls: RunningCalls
    rules: Rules
    stores: Collection[str] | None
    interval: datetime.timedelta | None
    close: Callable[[], None]
    settings: 'Settings'
    inherited_never: str | None = None

    @property
    def leave(self) -> Callable[[], None]:
        """Take back what others would wait for, from any thread."""
        return self.cache.give_back_room

    @property
    def store(self) -> str | None:
        """The one store that was named, if any."""
        if self.stores is None:
            return None
        if len(self.stores) > 1:
            raise ConfigurationError('this takes one --store, or none for all')
        return next(iter(self.stores))


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the options to a parser."""
    group = parser.add_argument_group('what to work on')
    group.add_argument(
        '--handler', metavar='NAME', help='the handler to reach images with'
    )
    for name, what in ('file', 'file'), ('dir', 'folder'):
        group.add_argument(
            f'--config-{name}',
            metavar=what.upper(),
            # In one list, for of two files the later has its way.
            dest='config',
            action='append',
            type=f'--config-{name}={{}}'.format,
            help=f'read the options in this {what}; may be repeated',
        )
    group.add_argument(
        '--store',
        metavar='NAME',
        dest='stores',
        action='append',
        help='only this store; may be repeated',
    )


@contextlib.contextmanager
def opened(
    options: argparse.Namespace, tell_end: TellEnd | None = None
) -> Iterator[OpenedCache]:
    """Open the cache that the options lead to; for ``tell_end`` see its calls.

    :raises CacheError: when an option cannot be honoured.
    """
    # Imported where they are needed: `--help` shall not wait for them.
    from imagecache_handlers.config.reading import read_configuration
    from imagecache_handlers.config.settings import Settings
    from imagecache_handlers import loader

    conf = read_configuration(options.config or (), handler=options.handler)
    settings = Settings(conf)
    rules = settings.make_rules(loader.load_order)
    name = settings.read_value('handler')
    calls = RunningCalls(settings.call_timeout(), tell_end=tell_end)
    with (
        contextlib.closing(_load_handler(name, conf)) as handler,
        calls.watching(),
        _nobody_exits(name),
    ):
        yield OpenedCache(
            cache=ImageCache(handler, rules, calls=calls),
            handler=handler,
            calls=calls,
            rules=rules,
            stores=options.stores and frozenset(options.stores),
            interval=settings.sweep_interval(),
            close=handler.close,
            settings=settings,
            inherited_never=settings.inherited_never(),
        )


def _load_handler(name: str, conf: 'cfg.ConfigOpts') -> 'CacheHandler':
    """Load the handler; where it lacks options tell where they may stand."""
    from imagecache_handlers.config import files
    from imagecache_handlers import loader

    try:
        return loader.load_handler(name, conf)
    except ConfigurationError as error:
        if files.named_files(conf):
            raise
        raise ConfigurationError(f'{error}; {_NO_FILES}') from error


@contextlib.contextmanager
def _nobody_exits(handler: str) -> Iterator[None]:
    """Have a handler that ends the program fail as any other that is wrong.

    No command of ours ends it; sys.exit(0) would pass for success.
    """
    try:
        yield
    except SystemExit as end:
        text = f'the handler {handler} called sys.exit({end.code!r})'
        raise HandlerFailed(RuntimeError(text)) from end
