"""Loopback: a server on 127.0.0.1 in a thread, and stopped for sure."""

import contextlib
import http.server
import json
import socket
import socketserver
import ssl
import threading
from typing import Any
from typing import Self


class Loopback:
    """Listens from its making on, until it is left or stopped.

    Each connection is one of the class ``connection``, in a thread of its
    own, and finds this server as its ``world``.  ``stopped`` is set once it
    is to end: whoever keeps a client waiting waits for that.
    """

    connection: type[socketserver.BaseRequestHandler]

    def __init__(self, certificate: tuple[str, ...] | None = None) -> None:
        """``certificate``: the paths of one and of its key, or of both."""
        self.stopped = threading.Event()
        kind = type('Connection', (self.connection,), {'world': self})
        self._server = _Server(kind, certificate)
        self.port = self._server.server_address[1]
        scheme = 'https' if certificate else 'http'
        self.url = f'{scheme}://127.0.0.1:{self.port}'
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=[0.01], daemon=True
        )
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *ignored: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Close the port, and cut what is connected."""
        self.stopped.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server.cut_connections()


class HttpConnection(http.server.BaseHTTPRequestHandler):
    """Answers requests of HTTP, and writes no line about them."""

    protocol_version = 'HTTP/1.1'
    # Headers and body leave in two pieces, which Nagle would hold back.
    disable_nagle_algorithm = True
    world: Any

    def log_message(self, *ignored: object) -> None:
        pass

    def read_body(self) -> bytes:
        return self.rfile.read(int(self.headers.get('Content-Length') or 0))

    def send(self, status: int, headers: dict[str, str], body: Any) -> None:
        """Send bytes as they are, and all else as JSON."""
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, kind: type, certificate: tuple[str, ...] | None
    ) -> None:
        self._context = load_certificate(certificate)
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(('127.0.0.1', 0), kind)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, peer = super().get_request()
        if self._context is not None:
            # Hands are shaken by the connection's thread, as it reads.
            connection = self._context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        with self._guard:
            self._open.add(connection)
        return connection, peer

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def cut_connections(self) -> None:
        with self._guard:
            there = list(self._open)
        for one in there:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def handle_error(self, *ignored: object) -> None:
        """Say nothing of clients that have gone."""


def load_certificate(
    certificate: tuple[str, ...] | None,
) -> ssl.SSLContext | None:
    if not certificate:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context
