"""Serving: metrics over HTTP, to a few at once and never for long."""

import base64
import binascii
from collections.abc import Callable
from collections.abc import Iterator
from concurrent import futures
import contextlib
import dataclasses
import hmac
from http.server import HTTPServer
import io
import logging
import os
import socket
import socketserver
import ssl
import stat
import threading
import time
from typing import Any

from prometheus_client import MetricsHandler

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.frontends.metrics.collector import make_registry
from imagecache_handlers.frontends.metrics.record import Record

LOG = logging.getLogger(__name__)

LOOPBACK = '127.0.0.1'
DEFAULT = f'{LOOPBACK}:9185'
PATH = '/metrics'

# Scrapes at once; who comes beyond that is sent away, not kept waiting.
_MOST = 16
# Seconds for a client to say what it wants, and again to be told it.
_PATIENCE = 5.0
_LONGEST_WORD = 4096


class ServingError(CacheError):
    """The address cannot be had."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where to serve, and whom.

    ``auth`` names a file with the one line ``user:password``; ``cert`` and
    ``key`` name files in PEM, for TLS.
    """

    host: str
    port: int
    auth: str | None = None
    cert: str | None = None
    key: str | None = None


class _TimedReader(io.RawIOBase):
    """What a client says, byte by byte or not at all, until a time."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._end = time.monotonic() + _PATIENCE

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError('it took too long to say what it wants')
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)


class _Handler(MetricsHandler):
    """One scrape; of others it tells nothing."""

    timeout = _PATIENCE
    server_version = 'imagecache'
    sys_version = ''
    word: bytes | None = None  # what a client has to say for itself

    def setup(self) -> None:
        super().setup()
        self.rfile = io.BufferedReader(_TimedReader(self.connection))

    def do_GET(self) -> None:
        if self.word is not None and not self._is_known():
            self._refuse(401, 'WWW-Authenticate', 'Basic realm="imagecache"')
        elif self.path.partition('?')[0] != PATH:
            self._refuse(404, 'X-Metrics-At', PATH)
        else:
            # All of it is sent within that, too.
            self.connection.settimeout(_PATIENCE)
            super().do_GET()

    def _is_known(self) -> bool:
        scheme, _, said = self.headers.get('Authorization', '').partition(' ')
        try:
            word = base64.b64decode(said.strip(), validate=True)
        except (binascii.Error, ValueError):
            return False
        known = hmac.compare_digest(word, self.word or b'')
        return known and scheme.lower() == 'basic'

    def _refuse(self, code: int, header: str, value: str) -> None:
        self.send_response(code)
        self.send_header(header, value)
        self.send_header('Content-Length', '0')
        self.end_headers()


class _Server(HTTPServer):
    """Waits without looking around, and tells the work that it does."""

    request_queue_size = 128

    def __init__(
        self,
        family: socket.AddressFamily,
        address: Any,
        handler: type[_Handler],
        context: ssl.SSLContext | None,
    ) -> None:
        self.address_family = family
        self._context = context
        self._is_ended = False
        self._clocks: list[int] = []
        self._open: set[socket.socket] = set()
        self._free = threading.Semaphore(_MOST)
        # Threads that stay: what one costs that ends is on no clock.
        self._workers = futures.ThreadPoolExecutor(
            _MOST, 'metrics', self._note_clock
        )
        super().__init__(address, handler)

    def worked(self) -> float:
        """Give the seconds of a processor that went into scrapes."""
        return sum(map(time.clock_gettime, self._clocks))

    def _note_clock(self) -> None:
        ident = threading.get_ident()
        self._clocks.append(time.pthread_getcpuclockid(ident))

    def serve_until_ended(self) -> None:
        self._note_clock()
        while not self._is_ended:
            # Not serve_forever(), which wakes up twice a second.
            self.handle_request()

    def end(self) -> None:
        self._is_ended = True
        self.socket.shutdown(socket.SHUT_RDWR)
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def server_close(self) -> None:
        super().server_close()
        self._workers.shutdown()

    def server_bind(self) -> None:
        # Not HTTPServer's, which asks the name service for our own name.
        socketserver.TCPServer.server_bind(self)
        self.server_name = str(self.server_address[0])
        self.server_port = self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._free.acquire(blocking=False):
            self._workers.submit(self._serve_client, request, client_address)
        else:
            self.shutdown_request(request)

    def _serve_client(self, request: Any, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        except (OSError, ValueError) as error:
            # Who went away, or spoke no HTTP, is no trouble of ours.
            LOG.debug('A scrape from %s failed: %r', client_address, error)
        finally:
            self.shutdown_request(request)
            self._free.release()

    def finish_request(self, request: Any, client_address: Any) -> None:
        with self._secure(request) as connection:
            self._open.add(connection)
            try:
                super().finish_request(connection, client_address)
            finally:
                self._open.discard(connection)

    def _secure(self, connection: socket.socket) -> socket.socket:
        if self._context is None:
            return connection
        # The greeting is waited for here, not where others are accepted.
        return self._context.wrap_socket(
            connection, server_side=True, do_handshake_on_connect=False
        )


def parse_place(text: str) -> tuple[str, int]:
    """Read ``HOST:PORT``, or a port of the loopback address.

    :raises ValueError: when it is neither.
    """
    host, _, port = text.rpartition(':')
    host = host.removeprefix('[').removesuffix(']') or LOOPBACK
    if not port.isascii() or not port.isdecimal() or int(port) > 65535:
        raise ValueError(f'{text!r} is not HOST:PORT, as in {DEFAULT}')
    return host, int(port)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Where metrics are, and what it has cost so far.

    ``worked`` gives the seconds of a processor that went into scrapes.
    """

    address: str
    worked: Callable[[], float]


@contextlib.contextmanager
def serve_metrics(place: Place, record: Record) -> Iterator[Served]:
    """Serve a record meanwhile.

    :raises ConfigurationError: when a file of the place cannot be used.
    :raises ServingError: when the address cannot be had: it is busy.
    """
    server = _open_server(place, record)
    thread = threading.Thread(target=server.serve_until_ended, daemon=True)
    thread.start()
    try:
        yield Served(
            address=_write_address(place, server), worked=server.worked
        )
    finally:
        server.end()
        thread.join()
        server.server_close()


def _open_server(place: Place, record: Record) -> _Server:
    handler = type(
        'Handler',
        (_Handler,),
        {'registry': make_registry(record), 'word': _read_word(place.auth)},
    )
    context = _load_context(place)
    try:
        found = socket.getaddrinfo(
            place.host,
            place.port,
            type=socket.SOCK_STREAM,
            flags=socket.AI_PASSIVE,
        )
        family, _, _, _, address = found[0]
        return _Server(family, address, handler, context)
    except (OSError, UnicodeError) as error:
        why = getattr(error, 'strerror', None) or error
        raise ServingError(
            f'metrics cannot be served at {place.host} port {place.port}: '
            f'{why}'
        ) from error


def _write_address(place: Place, server: _Server) -> str:
    scheme = 'http' if place.cert is None else 'https'
    host = f'[{place.host}]' if ':' in place.host else place.host
    return f'{scheme}://{host}:{server.server_port}{PATH}'


def _load_context(place: Place) -> ssl.SSLContext | None:
    if place.cert is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        # Of a key with a password nobody is there to be asked.
        context.load_cert_chain(place.cert, place.key, password=b'')
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f'the certificate {place.cert} cannot be used: {error}'
        ) from error
    return context


def _read_word(path: str | None) -> bytes | None:
    """Read who may scrape: ``user:password``, in a file of our own.

    :raises ConfigurationError: when it says no such thing, or says it to
        everybody.
    """
    if path is None:
        return None
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(handle, 'rb') as file:
            open_to_all = os.fstat(file.fileno()).st_mode & stat.S_IROTH
            word = file.read(_LONGEST_WORD).strip()
    except OSError as error:
        raise ConfigurationError(
            f'{path} cannot be read: {error.strerror}'
        ) from error
    user, _, password = word.partition(b':')
    if not user or not password or len(word.split(b'\n')) > 1:
        raise ConfigurationError(f'{path} must hold one line, user:password')
    if open_to_all:
        raise ConfigurationError(
            f'{path} has a password that everybody may read: chmod o-r'
        )
    return word
