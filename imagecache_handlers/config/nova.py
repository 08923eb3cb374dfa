"""Nova: its options of the same meaning, followed, never registered."""

import functools
from typing import Any

from oslo_config import cfg

from imagecache_handlers.config import files
from imagecache_handlers.config import options
from imagecache_handlers.config.options import TWINS
from imagecache_handlers.config import values
from imagecache_handlers.exceptions import ConfigurationError

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
_NOVAS = {opt.dest: opt for opt in _OPTS}


_TWIN = {opt.dest: opt for opt in TWINS}
NAMES = frozenset(_TWIN)


class NovaOptions:
    """Nova's options as Nova would have them from that configuration.

    Inside Nova they are the very options, overrides and all.  Elsewhere the
    files of ``conf`` are read once more, at the first question and never
    again: keep it as long as its values shall stay, and take another after
    ``conf`` was told to read its files again.
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._conf = conf

    def value(self, name: str) -> Any:
        """Give the value, if its twin could be set to the same.

        :raises ConfigurationError: when there is none that fits.
        """
        given = values.read(self._source_of(name), GROUP, _NOVAS[name])
        try:
            # Nova itself takes some that are out of range for us.
            return _TWIN[name].type(given)
        except ValueError as error:
            where = self.origin(name)
            problem = values.refusal(where, given, _TWIN[name])
            advice = f'change it, or set [{options.GROUP}] {name}'
            text = f'{problem}: {advice}'
            raise ConfigurationError(text) from error

    def origin(self, name: str) -> str:
        """Say where the value comes from.

        :raises ConfigurationError: when there is none that fits.
        """
        source = self._source_of(name)
        where = values.origin(source, GROUP, _NOVAS[name])
        return "Nova's default" if where == 'the default' else where

    def _source_of(self, name: str) -> cfg.ConfigOpts:
        inside = GROUP in self._conf and name in self._conf[GROUP]
        return self._conf if inside else self._own_copy

    @functools.cached_property
    def _own_copy(self) -> cfg.ConfigOpts:
        # Kept, for every new one says anew which names are old.
        return files.reread(self._conf, GROUP, _OPTS)
