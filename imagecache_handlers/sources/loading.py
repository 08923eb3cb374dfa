"""Loading: the source that the options, or one word of a person, name."""

from collections.abc import Mapping
from typing import Any

from oslo_config import cfg

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.source import RangedSource
from imagecache_handlers.sources.file import FileSource
from imagecache_handlers.sources.glance import GlanceSource
from imagecache_handlers.sources.glance_login import AuthPlugin
from imagecache_handlers.sources.glance_login import GlanceLogin
from imagecache_handlers.sources.login_options import read_http_options
from imagecache_handlers.sources import opts
from imagecache_handlers.sources.url import UrlSource

# What each kind of login cannot do without.
_NEEDED = {
    'none': ('endpoint',),
    'http_basic': ('endpoint', 'username', 'password'),
    'password': ('auth_url', 'password'),
    'v3applicationcredential': ('auth_url', 'application_credential_secret'),
}


def load_source(conf: cfg.ConfigOpts) -> RangedSource:
    """Build the source that ``[imagecache_glance]`` describes.

    Nobody is asked anything yet.

    :raises ConfigurationError: when an option is missing or of no use.
    """
    opts.register_opts(conf)
    given = {opt.dest: opts.read_option(conf, opt.dest) for opt in opts.OPTS}
    if given['cloud']:
        from imagecache_handlers.sources.clouds import load_cloud

        login = load_cloud(given)
    else:
        login = _load_login(given)
    return GlanceSource(login)


def name_source(place: str, checksum: str | None = None) -> RangedSource:
    """Build the source that one word names: a URL, or else a path.

    :raises SourceError: when ``checksum`` is of no use; a URL has to have
        one.
    """
    if '://' not in place:
        return FileSource(place, checksum)
    return UrlSource(place, checksum or '')


def _load_login(given: Mapping[str, Any]) -> GlanceLogin:
    kind = given['auth_type']
    if not kind:
        raise ConfigurationError(
            f'set [{opts.GROUP}] auth_type, or cloud: "none" if that Glance '
            f'asks nobody who they are'
        )
    for name in _NEEDED[kind]:
        if not given[name]:
            raise ConfigurationError(
                f'set [{opts.GROUP}] {name}, for auth_type is {kind}'
            )
    _refuse_plain(kind, given)
    return GlanceLogin(
        plugin=_load_plugin(kind, given),
        options=read_http_options(given),
        endpoint=given['endpoint'] or '',
        region_name=given['region_name'],
        interface=given['interface'],
    )


def _refuse_plain(kind: str, given: Mapping[str, Any]) -> None:
    """Refuse to send a password that anybody in between can read."""
    key = _NEEDED[kind][0]
    is_plain = given[key].lower().startswith('http://')
    if is_plain and kind != 'none' and not given['insecure']:
        raise ConfigurationError(
            f'[{opts.GROUP}] {key} begins with http://, by which anybody in '
            f'between can read the password: use https://, or set insecure'
        )


def _load_plugin(kind: str, given: Mapping[str, Any]) -> AuthPlugin:
    try:
        from keystoneauth1 import exceptions
        from keystoneauth1 import loading
    except ImportError as error:
        raise ConfigurationError(
            f'[{opts.GROUP}] auth_type takes keystoneauth1: pip install '
            f'"imagecache-handlers[glance]"'
        ) from error
    loader: Any = loading.get_plugin_loader(kind)
    try:
        plugin: AuthPlugin = loader.load_from_options_getter(
            lambda opt: given.get(opt.dest)
        )
    except exceptions.ClientException as error:
        text = f'[{opts.GROUP}] auth_type {kind}: {error}'
        raise ConfigurationError(text) from error
    return plugin
