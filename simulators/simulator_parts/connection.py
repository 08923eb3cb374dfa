"""One connection: reading bodies, sending answers, and ways to refuse."""

import contextlib
import html
import http.server
import socket
import ssl
from typing import Any

from simulator_parts.steering import Replied

# After a refused upload: so many bytes are read on, so many seconds each.
_LINGER = 2**20
_PATIENCE = 0.5


class Connection(http.server.BaseHTTPRequestHandler):
    """Answers requests until either side has had enough."""

    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True
    wbufsize = -1

    def setup(self) -> None:
        super().setup()
        if isinstance(self.connection, ssl.SSLSocket):
            self.connection.do_handshake()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the counters know."""

    def read_body(self, limit: int) -> bytes | None:
        length = self.headers.get('Content-Length', '')
        if not (length.isascii() and length.isdigit()):
            self.refuse(411, 'Content-Length is required')
            return None
        if int(length) > limit:
            self.refuse(413, 'request too large')
            return None
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            self.close_connection = True
            return None
        return body

    def send(
        self, status: int, kind: str, body: bytes, **headers: str
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(body)))
        self.send_header('Cache-Control', 'no-cache, no-store')
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def reply(self, other: Replied) -> None:
        kind = 'application/octet-stream'
        self.send(other.status, kind, other.body, **other.headers)

    def refuse(self, status: int, why: str) -> None:
        """Answer below the level of calls, and close."""
        self.close_connection = True
        self.send_response(status)
        text = f'<h1>HTTP {status}</h1>{html.escape(why)}'
        body = f'<html><body>{text}</body></html>'.encode('utf-8', 'replace')
        self.send_header('Content-Type', 'text/html')
        self.send_header('Content-Length', str(len(body)))
        self.send_header('Connection', 'close')
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def cut(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def linger(self) -> None:
        """Read on for a while after a no, so that the client can read it.

        A connection that is closed with bytes unread is reset, and the
        answer may be lost with it.
        """
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(_PATIENCE)
            left = _LINGER
            while left > 0 and (data := self.connection.recv(65536)):
                left -= len(data)
