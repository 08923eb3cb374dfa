"""Login options: what the operator has set, as ``HttpOptions``."""

from collections.abc import Mapping
from typing import Any

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.exceptions import SourceError
from imagecache_handlers.sources.addresses import check_url
from imagecache_handlers.sources.addresses import read_host
from imagecache_handlers.sources.http_options import HttpOptions
from imagecache_handlers.sources.services import Service


def read_http_options(
    given: Mapping[str, Any], service: Service
) -> HttpOptions:
    """Give how requests are made, by the options' names.

    :raises ConfigurationError: when a URL or ``ca_file`` is of no use.
    """
    named = frozenset(
        _read_host(key, given[key], service)
        for key in ('endpoint', 'auth_url')
        if given[key]
    )
    options = HttpOptions(
        timeout=given['timeout_seconds'],
        ca_file=given['ca_file'],
        insecure=given['insecure'],
        named=named,
    )
    try:
        options.make_context()
    except ConfigurationError as error:
        raise ConfigurationError(f'[{service.group}] {error}') from error
    return options


def _read_host(key: str, url: str, service: Service) -> str:
    try:
        host = read_host(url)
        check_url(url, frozenset({host}))
    except SourceError as error:
        text = f'[{service.group}] {key}: {error.why}'
        raise ConfigurationError(text) from error
    return host
