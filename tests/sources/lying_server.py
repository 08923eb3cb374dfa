"""A server of HTTP on a real socket that lies as it is told to.

As a Glance it has one image; as a Keystone it gives out tokens.  ``faults``
are used up one by one, each by the next request for bytes; a fault of the
kind ``always`` stays.
"""

import contextlib
import dataclasses
import hashlib
import json
import re

from tests.keystone_double import KeystoneConnection
from tests.keystone_double import KeystoneServer

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


class ImageConnection(KeystoneConnection):
    def do_GET(self):
        world = self.world
        token = self.headers.get('X-Auth-Token')
        wanted = self.headers.get('Range')
        world.requests.append((self.path, wanted, token))
        if self.is_for_keystone:
            self.send_version()
        elif not world.takes(token):
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
        faults = self.world.metadata_faults
        if faults:
            self.read_body()
            self.send_body(faults.pop(0), b'{}')
        else:
            super().do_POST()

    def send_image(self, fault):
        content = self.world.content
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
                if self.world.stopped.wait(seconds):
                    break

    def pour(self, fault, body):
        if fault.drip is not None:
            for at in range(min(_DROPS, len(body))):
                if self.world.stopped.wait(fault.drip):
                    break
                self.wfile.write(body[at : at + 1])
            self.close_connection = True
        elif fault.cut is not None or fault.stall is not None:
            self.wfile.write(body[: fault.cut or fault.stall])
            if fault.stall is not None:
                self.world.stopped.wait(60)
            self.close_connection = True
        else:
            self.wfile.write(body)


class LyingServer(KeystoneServer):
    """``requests`` are the paths, with the range and the token of each."""

    connection = ImageConnection

    def __init__(self, certificate=None, content=CONTENT):
        self.content = content
        self.image = describe(content)
        self.metadata = None  # bytes instead of it
        self.faults = []
        self.metadata_faults = []
        self.catalog = []
        self.requests = []
        super().__init__(certificate)

    def list_catalog(self):
        return self.catalog

    def name_in(self, conf, timeout=2):
        """Have a file of options name it, without any token."""
        with conf.open('a') as file:
            file.write(
                '[imagecache_glance]\nauth_type = none\n'
                f'endpoint = {self.url}\ntimeout_seconds = {timeout}\n'
            )

    @property
    def ranges(self):
        return [found for path, found, _ in self.requests if 'file' in path]
