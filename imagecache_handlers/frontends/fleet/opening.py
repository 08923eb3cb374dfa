"""Opening: the board that the options name, and this host's name on it."""

from collections.abc import Mapping
import dataclasses
import os
import socket
from typing import Any
import urllib.parse

from oslo_config import cfg

from imagecache_handlers.config import values
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.frontends.fleet.board import Board
from imagecache_handlers.frontends.fleet.board import check_part
from imagecache_handlers.frontends.fleet import opts

# Seconds that a request may take, for people and for a host on the board: so
# that it tries again soon, and ends in time what it may do only while it is
# there.
_TIMEOUT, AGENT_TIMEOUT = 5.0, 2.5
_ETCD = {'etcd3+http': 'http', 'etcd3+https': 'https'}
_ETCD_FILES = frozenset({'ca_cert', 'cert_cert', 'cert_key'})
_REDIS = frozenset({'redis', 'rediss'})
_REDIS_FILES = frozenset({'ssl_ca_certs', 'ssl_certfile', 'ssl_keyfile'})
_ETCD_PORT, _REDIS_PORT = 2379, 6379


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FleetSettings:
    """What the options say of the fleet; ``url`` is a secret."""

    url: str = dataclasses.field(repr=False)
    group: str
    host: str
    member_ttl: int
    shared_store: str | None


def read_fleet(conf: cfg.ConfigOpts) -> FleetSettings | None:
    """Give what the options say of the fleet; None: this host is in none.

    :raises ConfigurationError: when an option is of no use.
    """
    opts.register_opts(conf)
    by_name = {one.dest: one for one in opts.OPTS}
    url = values.read_secret(conf, opts.GROUP, by_name['backend_url'])
    if not url:
        return None
    given = {
        name: values.read(conf, opts.GROUP, by_name[name])
        for name in ('group', 'host', 'shared_store', 'member_ttl_seconds')
    }
    return FleetSettings(
        url=url,
        group=_check_name('group', given['group']),
        host=_check_name('host', given['host'] or socket.gethostname()),
        member_ttl=given['member_ttl_seconds'],
        shared_store=given['shared_store']
        and _check_name('shared_store', given['shared_store']),
    )


def open_board(settings: FleetSettings, timeout: float = _TIMEOUT) -> Board:
    """Open the board of the fleet; nobody is asked anything yet.

    ``timeout`` is how many seconds each request has, with its answer.

    :raises ConfigurationError: when its URL is of no use, or the library
        for it is not installed.
    """
    try:
        return _open_url(settings, timeout)
    except ImportError as error:
        raise ConfigurationError(
            f'[{opts.GROUP}] backend_url takes {error.name}: pip install '
            f'"imagecache-handlers[fleet]"'
        ) from error


def _open_url(settings: FleetSettings, timeout: float) -> Board:
    parts = _split_url(settings.url)
    if parts.scheme in _ETCD:
        return _open_etcd(parts, settings.group, timeout)
    if 'ssl_' in parts.query and parts.scheme != 'rediss':
        raise _refuse_url('files of ssl_ are of use with rediss:// only')
    _read_files(parts.query, _REDIS_FILES)
    from imagecache_handlers.frontends.fleet.redis_board import open_redis

    port = parts.port or _REDIS_PORT
    return open_redis(
        settings.url,
        f'{parts.scheme}://{parts.hostname}:{port}',
        group=settings.group,
        timeout=timeout,
    )


def _open_etcd(
    parts: urllib.parse.SplitResult, group: str, timeout: float
) -> Board:
    if parts.username is not None or parts.password is not None:
        raise _refuse_url(
            'etcd is given a certificate (cert_cert, cert_key), no password'
        )
    files = _read_files(parts.query, _ETCD_FILES)
    if ('cert_cert' in files) != ('cert_key' in files):
        raise _refuse_url('cert_cert and cert_key are of use together only')
    from imagecache_handlers.frontends.fleet.etcd_board import open_etcd

    return open_etcd(
        parts.hostname or '',
        parts.port or _ETCD_PORT,
        protocol=_ETCD[parts.scheme],
        group=group,
        timeout=timeout,
        files=files,
    )


def _split_url(url: str) -> urllib.parse.SplitResult:
    """Split a URL whose host, port and database can be meant."""
    known = ', '.join(f'{one}://' for one in sorted({*_ETCD, *_REDIS}))
    try:
        parts = urllib.parse.urlsplit(url)
        _ = parts.port
    except ValueError:
        raise _refuse_url('its host or port cannot be read') from None
    if parts.scheme not in {*_ETCD, *_REDIS}:
        raise _refuse_url(f'it must begin with one of {known}')
    if not parts.hostname:
        raise _refuse_url('it names no host')
    if '#' in url:
        # What stands before it may be the half of a password.
        raise _refuse_url('it may have no #: write %23 in a password')
    path = parts.path.strip('/')
    if path and not (parts.scheme in _REDIS and path.isdecimal()):
        raise _refuse_url('after the host comes at most a number, of redis')
    return parts


def _read_files(query: str, known: frozenset[str]) -> Mapping[str, str]:
    given = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
    if not given.keys() <= known:
        raise _refuse_url(
            f'behind the ? it may have {", ".join(sorted(known))} only'
        )
    for name, path in given.items():
        if not os.access(path.replace('\0', ''), os.R_OK):
            raise _refuse_url(f'the file of {name} cannot be read')
    return given


def _refuse_url(why: str) -> ConfigurationError:
    """Say what is wrong with it, and show nothing of it."""
    return ConfigurationError(f'[{opts.GROUP}] backend_url: {why}')


def _check_name(option: str, text: Any) -> str:
    try:
        return check_part(option, text)
    except ValueError as error:
        raise ConfigurationError(f'[{opts.GROUP}] {error}') from error
