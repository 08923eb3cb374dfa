"""Nova: its options of the same meaning, followed, never registered."""

from collections.abc import Mapping
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
NAMES = frozenset(opt.dest for opt in _OPTS)


class FollowedOptions:
    """Options of Nova as Nova would have them from that configuration.

    Inside Nova they are the very options, overrides and all.  Elsewhere the
    files of ``conf`` are read once more, at the first question and never
    again: keep it as long as its values shall stay, and take another after
    ``conf`` was told to read its files again.

    ``groups`` declares them as Nova does.
    """

    def __init__(
        self, conf: cfg.ConfigOpts, groups: Mapping[str, list[cfg.Opt]]
    ) -> None:
        self._conf = conf
        self._groups = groups

    def read(self, group: str, name: str) -> Any:
        """Give the value.

        :raises ConfigurationError: when it is set to nothing that Nova takes.
        """
        opt = self._find(group, name)
        read = values.read_secret if opt.secret else values.read
        return read(self._source_of(group, name), group, opt)

    def describe(self, group: str, name: str) -> Given:
        """Give the value, how it was written, and where; of no secret.

        :raises ConfigurationError: when it is set to nothing that Nova takes.
        """
        given = values.look_up(
            self._source_of(group, name), group, self._find(group, name)
        )
        if given.origin == 'the default':
            return dataclasses.replace(given, origin="Nova's default")
        return given

    def _find(self, group: str, name: str) -> cfg.Opt:
        return next(opt for opt in self._groups[group] if opt.dest == name)

    def _source_of(self, group: str, name: str) -> cfg.ConfigOpts:
        is_there = group == files.DEFAULT or group in self._conf
        if is_there and name in values.values_of(self._conf, group):
            return self._conf
        return self._own_copy

    @functools.cached_property
    def _own_copy(self) -> cfg.ConfigOpts:
        # Kept, for every new one says anew which names are old.
        return files.read_again(self._conf, self._groups)


class NovaOptions:
    """Options of Nova's that every handler follows."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._followed = FollowedOptions(conf, {GROUP: _OPTS})

    def read_value(self, name: str) -> Any:
        """Give the value.

        :raises ConfigurationError: when it is set to nothing that Nova takes.
        """
        return self._followed.read(GROUP, name)

    def look_up(self, name: str) -> Given:
        """Give the value, how it was written, and where.

        :raises ConfigurationError: when it is set to nothing that Nova takes.
        """
        return self._followed.describe(GROUP, name)
