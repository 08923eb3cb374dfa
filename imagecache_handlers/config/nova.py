"""Nova: its options of the same meaning, followed, never registered."""

import dataclasses
import functools
from typing import Any

from oslo_config import cfg

from imagecache_handlers.config import files
from imagecache_handlers.config import values
from imagecache_handlers.config.values import Given

GROUP = 'image_cache'

# As nova.conf.imagecache has them: what is not the same for Nova would not
# be the same for us.
_OPTS: list[cfg.Opt] = [
    cfg.IntOpt(
        'manager_interval',
        default=2400,
        min=-1,
        deprecated_name='image_cache_manager_interval',
        deprecated_group='DEFAULT',
    ),
    cfg.BoolOpt(
        'remove_unused_base_images',
        default=True,
        deprecated_group='DEFAULT',
    ),
    cfg.IntOpt(
        'remove_unused_original_minimum_age_seconds',
        default=86400,
        deprecated_group='DEFAULT',
    ),
    cfg.IntOpt(
        'remove_unused_resized_minimum_age_seconds',
        default=3600,
        deprecated_group='libvirt',
    ),
]
_BY_NAME = {opt.dest: opt for opt in _OPTS}

NAMES = frozenset(_BY_NAME)


class NovaOptions:
    """Nova's options as Nova would have them from that configuration.

    Inside Nova they are the very options, overrides and all.  Elsewhere the
    files of ``conf`` are read once more, at the first question and never
    again: keep it as long as its values shall stay, and take another after
    ``conf`` was told to read its files again.
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._conf = conf

    def read_value(self, name: str) -> Any:
        """Give the value.

        :raises ConfigurationError: when it is set to nothing that Nova takes.
        """
        return values.read(self._source_of(name), GROUP, _BY_NAME[name])

    def look_up(self, name: str) -> Given:
        """Give the value, how it was written, and where.

        :raises ConfigurationError: when it is set to nothing that Nova takes.
        """
        given = values.look_up(self._source_of(name), GROUP, _BY_NAME[name])
        if given.origin == 'the default':
            return dataclasses.replace(given, origin="Nova's default")
        return given

    def _source_of(self, name: str) -> cfg.ConfigOpts:
        inside = GROUP in self._conf and name in self._conf[GROUP]
        return self._conf if inside else self._own_copy

    @functools.cached_property
    def _own_copy(self) -> cfg.ConfigOpts:
        # Kept, for every new one says anew which names are old.
        return files.read_again(self._conf, GROUP, _OPTS)
