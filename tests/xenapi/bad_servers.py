"""Servers on real sockets that do not behave, each in a way of its own."""

import contextlib
import itertools
import json
import socket
import socketserver
import time
import xmlrpc.client

from tests.loopback import Loopback

LOGIN = b'session.login_with_password'
DRIP = 0.1
MIB = 2**20


class _Connection(socketserver.BaseRequestHandler):
    def handle(self):
        with contextlib.suppress(OSError, ValueError):
            self.world.serve(self.request)


class BadServer(Loopback):
    """Reads requests and leaves each answer to ``act(sock)``.

    With ``welcoming`` it opens sessions as a good one does, and is bad only
    afterwards.  ``act`` is called before anything was read if it is ``rude``,
    and after the headers if it is ``bodiless``.
    """

    connection = _Connection

    def __init__(
        self,
        act,
        *,
        welcoming=False,
        certificate=None,
        rude=False,
        bodiless=False,
    ):
        self._act = act
        self._welcoming = welcoming
        self._rude = rude
        self._bodiless = bodiless
        self.methods = []
        super().__init__(None if rude else certificate)
        if certificate:
            self.url = f'https://127.0.0.1:{self.port}'

    def serve(self, sock):
        if self._bodiless:
            read_head(sock)
        elif not self._rude and not self._read_requests(sock):
            return
        self._act(sock)

    def _read_requests(self, sock):
        """Read on to what is answered badly; gives whether there is any."""
        while request := read_request(sock):
            self.methods.append(request)
            if self._welcoming and LOGIN in request:
                sock.sendall(whole(success('OpaqueRef:session')))
            elif self._welcoming and b'session.logout' in request:
                sock.sendall(whole(success('')))
            else:
                return True
        return False


def read_request(sock):
    """Read a request; gives its body."""
    data = b''
    while b'\r\n\r\n' not in data:
        if not (more := sock.recv(65536)):
            return b''
        data += more
    head, _, body = data.partition(b'\r\n\r\n')
    [length] = [
        int(line.partition(b':')[2])
        for line in head.split(b'\r\n')
        if line.lower().startswith(b'content-length')
    ]
    while len(body) < length:
        if not (more := sock.recv(65536)):
            return b''
        body += more
    return body


def xml(value):
    return xmlrpc.client.dumps((value,), methodresponse=True).encode()


def success(value):
    return xml({'Status': 'Success', 'Value': value})


def result(value):
    return json.dumps({'jsonrpc': '2.0', 'result': value, 'id': 1}).encode()


def whole(body):
    return head(f'Content-Length: {len(body)}') + body


def head(*lines):
    """Give status line and headers."""
    return '\r\n'.join(['HTTP/1.1 200 OK', *lines, '', '']).encode()


# What they do.


def sends(*parts):
    """Send that, and hang up."""

    def act(sock):
        for part in parts:
            sock.sendall(part)

    return act


def sends_for_ever(begin, piece):
    def act(sock):
        sock.sendall(begin)
        for one in itertools.repeat(piece):
            sock.sendall(one)

    return act


def drips(begin, piece):
    """Send something, and then a little from time to time."""

    def act(sock):
        sock.sendall(begin)
        while True:
            for byte in piece:
                time.sleep(DRIP)
                sock.sendall(bytes([byte]))

    return act


def says_nothing(sock):
    # Until it is closed.
    while sock.recv(65536):
        pass


def reads_nothing(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    time.sleep(60)


def nested_xml(depth):
    begin, end = '<value><array><data>', '</data></array></value>'
    return (
        '<?xml version="1.0"?><methodResponse><params><param>'
        f'{begin * depth}{end * depth}</param></params></methodResponse>'
    ).encode()


def bomb():
    """A document of one KiB that is one of gigabytes."""
    names = 'abcdefghij'
    rules = ''.join(
        f'<!ENTITY {name} "{f"&{before};" * 10}">'
        for before, name in itertools.pairwise(names)
    )
    return (
        f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "{"x" * 100}">{rules}]>'
        '<methodResponse><params><param><value>&j;</value></param></params>'
        '</methodResponse>'
    ).encode()


# Of 16 MiB or less, and of far more when they are decoded.
LISTS = b'{"result": [' + b'[],' * (16 * MIB // 3) + b'[]]}'
TEXTS = b'{"result": [' + b'"ab",' * (16 * MIB // 5) + b'"ab"]}'
WIDE = '{"result": "\N{GRINNING FACE}'.encode() + b'a' * (16 * MIB) + b'"}'
STRUCTS = (
    b'<methodResponse><params><param><value><array><data>'
    + b'<struct/>' * MIB
    + b'</data></array></value></param></params></methodResponse>'
)

# A handshake of TLS that is announced, and never whole.
HELLO = b'\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03'


def read_head(sock):
    data = b''
    while b'\r\n\r\n' not in data:
        data += sock.recv(1)


def drinks(sock):
    """Take a little from time to time."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    while sock.recv(4096):
        time.sleep(DRIP)
