"""Nova's options: followed where ours are not set, never registered."""

from collections.abc import Mapping
from typing import Any

from oslo_config import cfg

from imagecache_handlers.config.nova import FollowedOptions
from imagecache_handlers.exceptions import ConfigurationError

# As nova.conf has them, those in groups of its own and my_ip in none; its
# default for that is an address of the machine that Nova runs on.
_OPTS: Mapping[str, list[cfg.Opt]] = {
    'vmware': [
        cfg.StrOpt('host_ip'),
        cfg.PortOpt('host_port', default=443),
        cfg.StrOpt('host_username'),
        cfg.StrOpt('host_password', secret=True),
        cfg.StrOpt('ca_file'),
        cfg.BoolOpt('insecure', default=False),
        cfg.StrOpt('datastore_regex'),
        cfg.StrOpt('cache_prefix'),
    ],
    'image_cache': [
        cfg.StrOpt(
            'subdirectory_name',
            default='_base',
            deprecated_name='image_cache_subdirectory_name',
            deprecated_group='DEFAULT',
        ),
        cfg.BoolOpt(
            'remove_unused_base_images',
            default=True,
            deprecated_group='DEFAULT',
        ),
    ],
    'DEFAULT': [cfg.StrOpt('my_ip')],
}


class NovaOptions:
    """What Nova's VMware driver goes by, in our words.

    Each raises ConfigurationError where Nova's is set to what Nova refuses.
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._followed = FollowedOptions(conf, _OPTS)

    def read_url(self) -> str | None:
        host = self._read_option('host_ip')
        return make_url(host, self._read_option('host_port')) if host else None

    def read_login(self) -> tuple[str | None, str | None]:
        """Give a name and its password."""
        return self._read_option('host_username'), self._read_option(
            'host_password'
        )

    def read_trust(self) -> tuple[str | None, bool]:
        """Give ``ca_file`` and ``insecure``, of which Nova heeds the first."""
        ca_file = self._read_option('ca_file') or None
        return ca_file, ca_file is None and self._read_option('insecure')

    def read_regex(self) -> str | None:
        regex: str | None = self._read_option('datastore_regex')
        return regex

    def read_folder(self) -> str:
        """Give the base folder.

        :raises ConfigurationError: when it cannot be told from here, too.
        """
        return derive_folder(
            cache_prefix=self._read_option('cache_prefix'),
            my_ip=self._followed.read('DEFAULT', 'my_ip'),
            subdirectory=self._followed.read(
                'image_cache', 'subdirectory_name'
            ),
            removes_unused=self._followed.read(
                'image_cache', 'remove_unused_base_images'
            ),
        )

    def _read_option(self, name: str) -> Any:
        return self._followed.read('vmware', name)


def make_url(host: str, port: int) -> str:
    """Write the address of a vCenter as Nova reaches it, by TLS."""
    name = f'[{host}]' if ':' in host else host
    return f'https://{name}:{port}'


def derive_folder(
    *,
    cache_prefix: str | None,
    my_ip: str | None,
    subdirectory: str,
    removes_unused: bool,
) -> str:
    """Name the folder in which Nova caches, as its driver does.

    :raises ConfigurationError: when it has the name of a host that is not
        known.
    """
    if cache_prefix:
        return f'{cache_prefix}{subdirectory}'
    if not removes_unused:
        return subdirectory
    if not my_ip:
        raise ConfigurationError(
            'in which folder Nova caches cannot be told without its '
            'cache_prefix or my_ip: set [imagecache_vmware] base_folder'
        )
    return f'{my_ip}{subdirectory}'
