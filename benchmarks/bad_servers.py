"""Servers that answer no login as a pool would, on a loopback socket."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import functools
import socketserver
import threading
import time
from typing import IO
from typing import NamedTuple

MIB = 2**20
EVERY = 0.4


class Shape(NamedTuple):
    """What stands around the text that a call brings."""

    kind: str
    begin: bytes
    end: bytes


JSON = Shape(
    'application/json', b'{"jsonrpc": "2.0", "id": 1, "result": "', b'"}'
)
XML = Shape(
    'text/xml',
    b'<?xml version="1.0"?><methodResponse><params><param><value><struct>'
    b'<member><name>Status</name><value>Success</value></member>'
    b'<member><name>Value</name><value>',
    b'</value></member></struct></value></param></params></methodResponse>',
)

Answer = Callable[[IO[bytes], Shape], None]


def drip(out: IO[bytes], shape: Shape) -> None:
    """Send a byte now and then: each arrives within any time-out."""
    out.write(_head(shape, MIB))
    for number in range(MIB):
        out.write(shape.begin[number : number + 1] or b'x')
        out.flush()
        time.sleep(EVERY)


def endless(out: IO[bytes], shape: Shape) -> None:
    """Send an answer that has no end."""
    out.write(_head(shape, None) + shape.begin)
    while True:
        out.write(b'x' * 65536)


def large(out: IO[bytes], shape: Shape) -> None:
    """Send a text of 100 MiB, well-formed from its beginning to its end."""
    out.write(_head(shape, len(shape.begin) + 100 * MIB + len(shape.end)))
    out.write(shape.begin)
    for _ in range(100):
        out.write(b'x' * MIB)
    out.write(shape.end)


def broken(out: IO[bytes], shape: Shape) -> None:
    """Close in the middle of what was to be sent."""
    out.write(_head(shape, MIB) + shape.begin)


def _head(shape: Shape, length: int | None) -> bytes:
    """Give the head of an answer, of a length or without an end."""
    lines = ['HTTP/1.1 200 OK', f'Content-Type: {shape.kind}']
    if length is not None:
        lines.append(f'Content-Length: {length}')
    return '\r\n'.join([*lines, '', '']).encode()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    # Whoever is being answered for ever is not waited for.
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that had enough."""


class _Connection(socketserver.StreamRequestHandler):
    """Answers one request, and closes."""

    def __init__(self, answer: Answer, *given: object) -> None:
        self._answer = answer
        super().__init__(*given)  # type: ignore[arg-type]

    def handle(self) -> None:
        first = self.rfile.readline()
        if first:
            self._read()
            self._answer(self.wfile, JSON if b'/jsonrpc' in first else XML)

    def _read(self) -> None:
        """Read the rest of a request, whatever it asks for."""
        length = 0
        while line := self.rfile.readline().strip():
            name, _, value = line.partition(b':')
            if name.lower() == b'content-length':
                length = int(value)
        self.rfile.read(length)


@contextlib.contextmanager
def serve(answer: Answer) -> Iterator[str]:
    """Answer every request so; gives the URL."""
    made = functools.partial(_Connection, answer)
    with _Server(('127.0.0.1', 0), made) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f'http://127.0.0.1:{server.server_address[1]}'
        finally:
            server.shutdown()
