"""Nova's options of the same meaning, followed and never registered."""

import functools
from typing import Any

from oslo_config import cfg

from imagecache_handlers import cache_opts
from imagecache_handlers.cache_opts import CENTURY
from imagecache_handlers import config_files
from imagecache_handlers import config_values
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

_NOT_SET = ' Not set: what Nova is told by its [image_cache] {0}.'

# The same in our own group, where they are not set unless somebody does.
TWINS: list[cfg.Opt] = [
    cfg.IntOpt(
        'manager_interval',
        min=-1,
        max=CENTURY,
        help='Seconds between two periodic sweeps; -1 for none, 0 for a '
        'minute.'
        + _NOT_SET.format('manager_interval')
        + ' A -1 there leaves the sweeps to another cleaner, as "imagecache '
        'run" is one: it asks for a value here.',
    ),
    cfg.BoolOpt(
        'remove_unused_base_images',
        help='Whether unused images go at all.'
        + _NOT_SET.format('remove_unused_base_images'),
    ),
    cfg.IntOpt(
        'remove_unused_original_minimum_age_seconds',
        min=0,
        max=CENTURY,
        help='How long an image stays unused before it may go.'
        + _NOT_SET.format('remove_unused_original_minimum_age_seconds'),
    ),
    cfg.IntOpt(
        'remove_unused_resized_minimum_age_seconds',
        min=0,
        max=CENTURY,
        help='The same of a file derived from an image.'
        + _NOT_SET.format('remove_unused_resized_minimum_age_seconds'),
    ),
]
_TWIN = {opt.dest: opt for opt in TWINS}
NAMES = frozenset(_TWIN)


class Followed:
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
        given = config_values.read(self._source(name), GROUP, _NOVAS[name])
        try:
            # Nova itself takes some that are out of range for us.
            return _TWIN[name].type(given)
        except ValueError as error:
            where = self.origin(name)
            problem = config_values.refusal(where, given, _TWIN[name])
            advice = f'change it, or set [{cache_opts.GROUP}] {name}'
            text = f'{problem}: {advice}'
            raise ConfigurationError(text) from error

    def origin(self, name: str) -> str:
        """Say where the value comes from.

        :raises ConfigurationError: when there is none that fits.
        """
        source = self._source(name)
        where = config_values.origin(source, GROUP, _NOVAS[name])
        return "Nova's default" if where == 'the default' else where

    def _source(self, name: str) -> cfg.ConfigOpts:
        inside = GROUP in self._conf and name in self._conf[GROUP]
        return self._conf if inside else self._copy

    @functools.cached_property
    def _copy(self) -> cfg.ConfigOpts:
        # Kept, for every new one says anew which names are old.
        return config_files.reread(self._conf, GROUP, _OPTS)
