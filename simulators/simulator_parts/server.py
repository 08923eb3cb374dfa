"""A server on one port: its threads, its TLS, and how it ends."""

import contextlib
import http.server
import socket
import socketserver
import ssl
import threading
from typing import Any


class Server(http.server.ThreadingHTTPServer):
    """One address; ``stop`` cuts what is connected, as a crash does."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        address: tuple[str, int],
        handler: type[http.server.BaseHTTPRequestHandler],
        context: ssl.SSLContext | None,
    ) -> None:
        if ':' in address[0]:
            self.address_family = socket.AF_INET6
        self.context = context
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopping = False
        super().__init__(address, handler)

    def start(self) -> None:
        self._thread = threading.Thread(target=self._accept_all, daemon=True)
        self._thread.start()

    def _accept_all(self) -> None:
        """Accept until the port is closed: at once, and not at a next poll."""
        while True:
            try:
                connection, peer = self.get_request()
            except OSError:
                if self._stopping:
                    return
                continue
            self.process_request(connection, peer)

    def stop(self) -> None:
        """Close the port and every connection."""
        self._stopping = True
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self.server_close()
        with self._guard:
            connections = list(self._open)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def server_bind(self) -> None:
        # Not the base class's, which asks the resolver for our name.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, peer = super().get_request()
        if self.context is not None:
            # The handshake is the thread's, not the acceptor's.
            connection = self.context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        with self._guard:
            self._open.add(connection)
        return connection, peer

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Let strangers and cut connections pass without a word."""
