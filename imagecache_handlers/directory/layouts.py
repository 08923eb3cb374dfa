"""Layouts that there are, by the names that operators give them."""

from collections.abc import Callable
from collections.abc import Iterable
import datetime

from imagecache_handlers.directory.layout import Layout
from imagecache_handlers.directory.layout import Plain
from imagecache_handlers.directory.nova_layout import Nova
from imagecache_handlers.directory.nova_process import Locks
from imagecache_handlers.directory.nova_process import NoNova
from imagecache_handlers.exceptions import ConfigurationError


def choose_layout(
    name: str,
    instance_paths: Iterable[str],
    clock: Callable[[], datetime.datetime],
    locks: Locks | NoNova | None,
) -> Layout:
    if name == 'nova':
        return Nova(instance_paths, clock, locks)
    if name == 'plain':
        return Plain()
    raise ConfigurationError(
        f'[imagecache_directory] layout: {name!r} is not plain or nova'
    )
