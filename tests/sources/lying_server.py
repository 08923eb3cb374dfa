"""A server of HTTP on a real socket that lies as it is told to.

As a Glance it has one image; as a Keystone it gives out tokens.  ``faults``
are used up one by one, each by the next request for bytes; a fault of the
kind ``always`` stays.
"""

import contextlib
import dataclasses
import hashlib
import http.server
import json
import re
import ssl
import threading

# So many bytes may drip: a test that waits for them ends, too.
_DROPS = 50
IMAGE = 'a8b2b6a4-5d9c-4b3e-9f62-0f9d0c2c7b11'
CONTENT = bytes(range(256)) * 12_000  # three pieces


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fault:
    """What an answer with bytes is to be instead."""

    status: int | None = None
    headers: dict = dataclasses.field(default_factory=dict)
    without: tuple = ()
    body: bytes | None = None
    cut: int | None = None  # the connection ends after so many bytes
    stall: int | None = None  # nothing follows that many
    slow_headers: float | None = None  # a line each so many seconds
    drip: float | None = None  # a byte each so many seconds, for a while


def describe(content=CONTENT, **changes):
    """Tell what Glance says of an image."""
    return {
        'id': IMAGE,
        'name': 'debian',
        'status': 'active',
        'size': len(content),
        'virtual_size': None,
        'min_disk': 0,
        'disk_format': 'raw',
        'container_format': 'bare',
        'checksum': hashlib.md5(content, usedforsecurity=False).hexdigest(),
        'os_hash_algo': 'sha512',
        'os_hash_value': hashlib.sha512(content).hexdigest(),
        'tags': [],
        **changes,
    }


class LyingServer:
    """``requests`` are the paths, with the range and the token of each."""

    def __init__(self, certificate=None, content=CONTENT):
        self.content = content
        self.image = describe(content)
        self.metadata = None  # bytes instead of it
        self.faults = []
        self.metadata_faults = []
        self.tokens = None  # those that are taken; None: any
        self.given = 0
        self.catalog = None
        self.requests = []
        self.stopped = threading.Event()

        class Handler(_Handler):
            server_of_test = self

        self._server = _Server(('127.0.0.1', 0), Handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True
            )
        self.port = self._server.server_address[1]
        self.url = f'http{"s" if certificate else ""}://127.0.0.1:{self.port}'
        threading.Thread(
            target=self._server.serve_forever, args=[0.01], daemon=True
        ).start()

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def ranges(self):
        return [found for path, found, _ in self.requests if 'file' in path]


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *ignored):
        """Say nothing of clients that have gone."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    server_of_test: LyingServer

    def log_message(self, *ignored):
        pass

    def do_GET(self):
        world = self.server_of_test
        token = self.headers.get('X-Auth-Token')
        wanted = self.headers.get('Range')
        world.requests.append((self.path, wanted, token))
        if self.path.startswith('/v3'):
            links = [{'rel': 'self', 'href': f'{world.url}/v3/'}]
            version = {'id': 'v3.14', 'status': 'stable', 'links': links}
            self.send_json(200, {'version': version})
        elif world.tokens is not None and token not in world.tokens:
            self.send_body(Fault(status=401, body=b'no'))
        elif self.path == f'/v2/images/{IMAGE}':
            faults = world.metadata_faults
            body = world.metadata
            if body is None:
                body = json.dumps(world.image).encode()
            self.send_body(faults.pop(0) if faults else Fault(), body)
        elif self.path in (f'/v2/images/{IMAGE}/file', '/image.raw'):
            self.send_image(world.faults.pop(0) if world.faults else Fault())
        else:
            self.send_body(Fault(status=404, body=b'none'))

    def do_POST(self):
        world = self.server_of_test
        self.rfile.read(int(self.headers['Content-Length']))
        if world.metadata_faults:
            self.send_body(world.metadata_faults.pop(0), b'{}')
            return
        world.given += 1
        token = f'token-{world.given}'
        if world.tokens is not None:
            world.tokens.add(token)
        found = {
            'methods': ['password'],
            'expires_at': '2099-01-01T00:00:00.000000Z',
            'issued_at': '2026-01-01T00:00:00.000000Z',
            'user': {'id': 'u', 'name': 'n', 'domain': {'id': 'd'}},
            'catalog': world.catalog or [],
        }
        self.send_json(201, {'token': found}, {'X-Subject-Token': token})

    def send_json(self, status, body, headers=None):
        fault = Fault(status=status, headers=headers or {})
        self.send_body(fault, json.dumps(body).encode())

    def send_image(self, fault):
        content = self.server_of_test.content
        found = re.fullmatch(r'bytes=(\d+)-', self.headers.get('Range') or '')
        if not found or fault.status == 200:
            self.send_body(fault, content)
            return
        start = int(found.group(1))
        said = f'bytes {start}-{len(content) - 1}/{len(content)}'
        headers = {'Content-Range': said, **fault.headers}
        fault = dataclasses.replace(
            fault, status=fault.status or 206, headers=headers
        )
        self.send_body(fault, content[start:])

    def send_body(self, fault, body=b''):
        body = body if fault.body is None else fault.body
        headers = {'Content-Length': str(len(body)), **fault.headers}
        self.send_response(fault.status or 200)
        if fault.slow_headers is not None:
            self.trickle(fault.slow_headers)
        for name, value in headers.items():
            if name not in fault.without:
                self.send_header(name, value)
        if 'Content-Length' in fault.without:
            self.close_connection = True
            self.send_header('Connection', 'close')
        self.end_headers()
        with contextlib.suppress(OSError):
            self.pour(fault, body)

    def trickle(self, seconds):
        with contextlib.suppress(OSError):
            for number in range(_DROPS):
                self.send_header(f'X-{number}', 'and another')
                self.flush_headers()
                if self.server_of_test.stopped.wait(seconds):
                    break

    def pour(self, fault, body):
        if fault.drip is not None:
            for at in range(min(_DROPS, len(body))):
                if self.server_of_test.stopped.wait(fault.drip):
                    break
                self.wfile.write(body[at : at + 1])
            self.close_connection = True
        elif fault.cut is not None or fault.stall is not None:
            self.wfile.write(body[: fault.cut or fault.stall])
            if fault.stall is not None:
                self.server_of_test.stopped.wait(60)
            self.close_connection = True
        else:
            self.wfile.write(body)
