"""Login loading: the login to a service that its options describe."""

from collections.abc import Mapping
from typing import Any

from oslo_config import cfg

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.sources.login_options import read_http_options
from imagecache_handlers.sources import opts
from imagecache_handlers.sources.service_login import AuthPlugin
from imagecache_handlers.sources.service_login import ServiceLogin
from imagecache_handlers.sources.services import Service

# What each kind of login cannot do without.
_NEEDED = {
    'none': ('endpoint',),
    'http_basic': ('endpoint', 'username', 'password'),
    'password': ('auth_url', 'password'),
    'v3applicationcredential': ('auth_url', 'application_credential_secret'),
}


def load_login(conf: cfg.ConfigOpts, service: Service) -> ServiceLogin:
    """Make the login that the options of a service describe.

    Nobody is asked anything yet.

    :raises ConfigurationError: when an option is missing or of no use.
    """
    opts.register_opts(conf, service)
    given = opts.read_options(conf, service)
    if given['cloud']:
        from imagecache_handlers.sources.clouds import load_cloud

        return load_cloud(given, service)
    return _load_login(given, service)


def _load_login(given: Mapping[str, Any], service: Service) -> ServiceLogin:
    kind = given['auth_type']
    if not kind:
        raise ConfigurationError(
            f'set [{service.group}] auth_type, or cloud: "none" if that '
            f'{service.name} asks nobody who they are'
        )
    for name in _NEEDED[kind]:
        if not given[name]:
            raise ConfigurationError(
                f'set [{service.group}] {name}, for auth_type is {kind}'
            )
    _refuse_plain(kind, given, service)
    return ServiceLogin(
        plugin=_load_plugin(kind, given, service),
        options=read_http_options(given, service),
        endpoint=given['endpoint'] or '',
        region_name=given['region_name'],
        interface=given['interface'],
        service=service,
    )


def _refuse_plain(
    kind: str, given: Mapping[str, Any], service: Service
) -> None:
    """Refuse to send a password that anybody in between can read."""
    key = _NEEDED[kind][0]
    is_plain = given[key].lower().startswith('http://')
    if is_plain and kind != 'none' and not given['insecure']:
        raise ConfigurationError(
            f'[{service.group}] {key} begins with http://, by which anybody '
            f'in between can read the password: use https://, or set insecure'
        )


def _load_plugin(
    kind: str, given: Mapping[str, Any], service: Service
) -> AuthPlugin:
    try:
        from keystoneauth1 import exceptions
        from keystoneauth1 import loading
    except ImportError as error:
        raise ConfigurationError(
            f'[{service.group}] auth_type takes keystoneauth1: pip install '
            f'"imagecache-handlers[{service.extra}]"'
        ) from error
    loader: Any = loading.get_plugin_loader(kind)
    try:
        plugin: AuthPlugin = loader.load_from_options_getter(
            lambda opt: given.get(opt.dest)
        )
    except exceptions.ClientException as error:
        text = f'[{service.group}] auth_type {kind}: {error}'
        raise ConfigurationError(text) from error
    return plugin
