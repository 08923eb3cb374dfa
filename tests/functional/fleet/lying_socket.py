"""A socket that answers whatever it is sent with the same bytes."""

import contextlib
import socketserver
import time

from tests.loopback import Loopback


class _Connection(socketserver.BaseRequestHandler):
    def handle(self):
        with contextlib.suppress(OSError):
            while self.request.recv(65536):
                self.world.send_answer(self.request)


class LyingSocket(Loopback):
    """Stands where a server of the board is looked for, until it is left."""

    connection = _Connection

    def __init__(self, answer):
        self.answer = answer
        super().__init__()

    def send_answer(self, one):
        one.sendall(self.answer)


class DrippingSocket(LyingSocket):
    """One that sends its answer byte by byte, none of which is late."""

    def send_answer(self, one):
        for byte in self.answer:
            one.sendall(bytes([byte]))
            time.sleep(0.3)


def write_http(body, status='200 OK'):
    """Give an answer of etcd's gateway, in JSON or not."""
    lines = (
        f'HTTP/1.1 {status}',
        'Content-Type: application/json',
        f'Content-Length: {len(body)}',
    )
    return '\r\n'.join([*lines, '', '']).encode() + body
