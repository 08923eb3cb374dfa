"""Recorder: a proxy between a client and a vCenter that keeps what is said."""

from collections import Counter
import contextlib
import http.client
import pathlib
import subprocess
import urllib.parse

from tests.functional.vcenter.validity import Exchange
from tests.loopback import HttpConnection
from tests.loopback import Loopback

# They speak of one connection, and there are two.
OWN = frozenset({'connection', 'transfer-encoding', 'content-length'})


class _Connection(HttpConnection):
    def setup(self) -> None:
        super().setup()
        self.backend = http.client.HTTPConnection(
            '127.0.0.1', self.world.target, timeout=60
        )

    def finish(self) -> None:
        self.backend.close()
        with contextlib.suppress(OSError):
            super().finish()

    def pass_on(self) -> None:
        request = self.read_body()
        headers = {
            name: value
            for name, value in self.headers.items()
            if name.lower() not in OWN
        }
        self.backend.request(self.command, self.path, request, headers)
        reply = self.backend.getresponse()
        content = reply.read()
        if self.command == 'POST' and is_sdk(self.path):
            self.world.exchanges.append(Exchange(request, content))
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


class Recorder(Loopback):
    """Where clients connect to, and what they were told."""

    connection = _Connection

    def __init__(self, port: int = 0, certificate: str = '') -> None:
        self.target = port
        self.exchanges: list[Exchange] = []
        self.certificate = certificate
        super().__init__((certificate,) if certificate else None)

    def forget(self) -> None:
        self.exchanges.clear()

    def count_calls(self) -> Counter[str]:
        return Counter(exchange.method for exchange in self.exchanges)


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


def is_sdk(path: str) -> bool:
    return urllib.parse.urlsplit(path).path.rstrip('/') == '/sdk'
