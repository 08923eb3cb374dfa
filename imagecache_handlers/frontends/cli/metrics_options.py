"""Metrics options: the ways out of metrics, and what is opened for them.

prometheus-client is imported only if one of them is asked for.
"""

import argparse
from collections.abc import Collection
from typing import TYPE_CHECKING

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.frontends.metrics.families import FAMILIES
from imagecache_handlers.frontends.metrics import place
from imagecache_handlers.frontends.metrics.record import Record

if TYPE_CHECKING:
    from imagecache_handlers.frontends.metrics.textfile import Textfile


def add_textfile_to(parser: argparse.ArgumentParser) -> None:
    """Add the option that writes metrics to a file."""
    parser.add_argument(
        '--textfile',
        metavar='PATH',
        help="write metrics to this file, for node_exporter's collector, and "
        'go on from the counters that it holds',
    )


def add_server_to(parser: argparse.ArgumentParser) -> None:
    """Add the options that serve metrics over HTTP."""
    group = parser.add_argument_group('metrics')
    group.add_argument(
        '--metrics',
        metavar='HOST:PORT',
        nargs='?',
        const=place.DEFAULT,
        help=f'serve metrics there (without a value: {place.DEFAULT})',
    )
    group.add_argument(
        '--metrics-auth',
        metavar='FILE',
        help='serve them only to who knows the one line user:password in '
        'this file',
    )
    group.add_argument(
        '--metrics-cert',
        metavar='FILE',
        help='serve them over TLS, with this certificate in PEM',
    )
    group.add_argument(
        '--metrics-key',
        metavar='FILE',
        help='the key of that certificate, if it is in another file',
    )


def open_textfile(
    options: argparse.Namespace,
    record: Record,
    only: Collection[str] = FAMILIES,
) -> 'Textfile | None':
    """Give the file that was named, if one was, and go on from it.

    :raises CacheError: when it cannot be written.
    """
    if options.textfile is None:
        return None
    need_prometheus()
    from imagecache_handlers.frontends.metrics.textfile import Textfile

    textfile = Textfile(options.textfile, record, only)
    # What cannot be written is told now, not after the first sweep.
    textfile.check_writable()
    textfile.restore()
    return textfile


def read_place(options: argparse.Namespace) -> place.Place | None:
    """Give where to serve, if it is to be served.

    :raises ConfigurationError: when options do not go together.
    """
    if getattr(options, 'metrics', None) is None:
        for name in ('metrics_auth', 'metrics_cert', 'metrics_key'):
            if getattr(options, name, None) is not None:
                said = name.replace('_', '-')
                raise ConfigurationError(f'--{said} goes with --metrics')
        return None
    if options.metrics_key is not None and options.metrics_cert is None:
        raise ConfigurationError('--metrics-key goes with --metrics-cert')
    need_prometheus()
    try:
        host, port = place.parse_place(options.metrics)
    except ValueError as error:
        raise ConfigurationError(f'--metrics: {error}') from None
    return place.Place(
        host=host,
        port=port,
        auth=options.metrics_auth,
        cert=options.metrics_cert,
        key=options.metrics_key,
    )


def need_prometheus() -> None:
    """Refuse to go on without the library that writes metrics.

    :raises ConfigurationError: when it is not installed.
    """
    try:
        import prometheus_client  # noqa: F401 -- only to see that it is there
    except ImportError:
        raise ConfigurationError(
            'metrics need prometheus-client: '
            "pip install 'imagecache-handlers[metrics]'"
        ) from None
