"""Recorder: a proxy between a client and a vCenter that keeps what is said."""

from collections import Counter
import contextlib
import http.client
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer
import pathlib
import ssl
import subprocess
import threading
from typing import Any
import urllib.parse

from tests.functional.vcenter.validity import Exchange

# They speak of one connection, and there are two.
OWN = frozenset({'connection', 'transfer-encoding', 'content-length'})


class Recorder:
    """Where clients connect to, and what they were told."""

    def __init__(self, port: int = 0, certificate: str = '') -> None:
        self.target = port
        self.exchanges: list[Exchange] = []
        self.certificate = certificate
        self.handshake = load_certificate(certificate)
        self.server = ThreadingHTTPServer(('127.0.0.1', 0), make_handler(self))
        self.server.daemon_threads = True
        if self.handshake:
            self.server.socket = self.handshake.wrap_socket(
                self.server.socket, server_side=True
            )
        self.port = self.server.server_address[1]

    def __enter__(self) -> 'Recorder':
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *unused: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def forget(self) -> None:
        self.exchanges.clear()

    def count_calls(self) -> Counter[str]:
        return Counter(exchange.method for exchange in self.exchanges)


def load_certificate(path: str) -> ssl.SSLContext | None:
    if not path:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def make_certificate(place: pathlib.Path) -> str:
    """Make one for this machine; its file is its own authority's, too."""
    path = str(place / 'certificate.pem')
    subprocess.run(  # noqa: S603
        [  # noqa: S607
            *('openssl', 'req', '-x509', '-nodes', '-days', '2'),
            *('-newkey', 'rsa:2048', '-keyout', path, '-out', path + '.part'),
            *('-subj', '/CN=localhost'),
            *('-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'),
        ],
        check=True,
        capture_output=True,
    )
    with open(path, 'a') as whole, open(path + '.part') as part:
        whole.write(part.read())
    return path


def make_handler(recorder: Recorder) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = 'HTTP/1.1'
        # Headers and body leave in two pieces, which Nagle would hold back.
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            self.backend = http.client.HTTPConnection(
                '127.0.0.1', recorder.target, timeout=60
            )

        def finish(self) -> None:
            self.backend.close()
            with contextlib.suppress(OSError):
                super().finish()

        def pass_on(self) -> None:
            length = int(self.headers.get('Content-Length') or 0)
            request = self.rfile.read(length)
            headers = {
                name: value
                for name, value in self.headers.items()
                if name.lower() not in OWN
            }
            self.backend.request(self.command, self.path, request, headers)
            reply = self.backend.getresponse()
            content = reply.read()
            if self.command == 'POST' and is_sdk(self.path):
                recorder.exchanges.append(Exchange(request, content))
            self.give_back(reply, content)

        def give_back(
            self, reply: http.client.HTTPResponse, content: bytes
        ) -> None:
            self.send_response_only(reply.status, reply.reason)
            for name, value in reply.getheaders():
                if name.lower() not in OWN:
                    self.send_header(name, value)
            length = str(len(content))
            if self.command == 'HEAD':
                length = reply.getheader('Content-Length') or '0'
            self.send_header('Content-Length', length)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = pass_on

        def log_message(self, *unused: Any) -> None:
            """Say nothing on the terminal."""

    return Handler


def is_sdk(path: str) -> bool:
    return urllib.parse.urlsplit(path).path.rstrip('/') == '/sdk'
