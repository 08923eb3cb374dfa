"""Serving: metrics over HTTP, to a few at once and never for long."""

from collections.abc import Callable
from collections.abc import Iterator
from concurrent import futures
import contextlib
import dataclasses
from http.server import HTTPServer
import logging
import socket
import socketserver
import ssl
import threading
import time
from typing import Any

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.frontends.metrics.collector import make_registry
from imagecache_handlers.frontends.metrics.place import load_context
from imagecache_handlers.frontends.metrics.place import Place
from imagecache_handlers.frontends.metrics.place import read_word
from imagecache_handlers.frontends.metrics.record import Record
from imagecache_handlers.frontends.metrics.scrapes import PATH
from imagecache_handlers.frontends.metrics.scrapes import ScrapeHandler

LOG = logging.getLogger(__name__)

# Scrapes at once; who comes beyond that is sent away, not kept waiting.
_MOST = 16
# Seconds until it is tried again where nobody can be accepted.
_PAUSE = 0.2


class ServingError(CacheError):
    """The address cannot be had."""


class _Server(HTTPServer):
    """Waits without looking around, and tells the work that it does."""

    request_queue_size = 128

    def __init__(
        self,
        family: socket.AddressFamily,
        address: Any,
        handler: type[ScrapeHandler],
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

    def get_request(self) -> Any:
        try:
            return super().get_request()
        except OSError:
            # Who waits there still, for no file is left to be opened, would
            # be asked for again at once.
            if not self._is_ended:
                time.sleep(_PAUSE)
            raise

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
        (ScrapeHandler,),
        {'registry': make_registry(record), 'word': read_word(place.auth)},
    )
    context = load_context(place)
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
