"""Scrapes: one client each, who has to say soon what it wants."""

import base64
import binascii
import hmac
import io
import socket
import time
from typing import Any

from prometheus_client import MetricsHandler

PATH = '/metrics'

# Seconds for a client to say what it wants, and again to be told it.
PATIENCE = 5.0


class _TimedReader(io.RawIOBase):
    """What a client says, byte by byte or not at all, until a time."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._end = time.monotonic() + PATIENCE

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError('it took too long to say what it wants')
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)


class ScrapeHandler(MetricsHandler):
    """One scrape; of others it tells nothing."""

    timeout = PATIENCE
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
            self.connection.settimeout(PATIENCE)
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
