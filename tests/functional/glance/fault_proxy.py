"""Fault proxy: stands before a Glance, and breaks the answers it is told to.

``faults`` are used up one by one, each by the next request for bytes.
"""

import contextlib
import dataclasses
import http.client

from tests.loopback import HttpConnection
from tests.loopback import Loopback


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fault:
    """What is sent instead: a status, or only so many bytes."""

    status: int | None = None
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    cut: int | None = None
    stall: int | None = None
    lie: int = 0  # added to Content-Length


class _Connection(HttpConnection):
    # Bodies that are cut end with their connection.
    protocol_version = 'HTTP/1.0'

    def do_GET(self) -> None:
        fault = Fault()
        if self.path.endswith('/file'):
            self.world.ranges.append(self.headers['Range'])
            fault = (self.world.faults or [fault]).pop(0)
        behind = http.client.HTTPConnection('127.0.0.1', self.world.behind)
        with contextlib.closing(behind), contextlib.suppress(OSError):
            behind.request('GET', self.path, headers=dict(self.headers))
            self.pass_on(behind.getresponse(), fault)

    def pass_on(self, answer: http.client.HTTPResponse, fault: Fault) -> None:
        headers = {**dict(answer.headers), **fault.headers}
        if fault.lie:
            length = int(answer.headers['Content-Length'])
            headers['Content-Length'] = str(length + fault.lie)
        self.send_response(fault.status or answer.status)
        for name, value in headers.items():
            if name not in ('Date', 'Server', 'Connection'):
                self.send_header(name, value)
        self.end_headers()
        limit = fault.cut if fault.stall is None else fault.stall
        self.wfile.write(answer.read(limit))
        if fault.stall is not None:
            self.world.stopped.wait(60)


class FaultProxy(Loopback):
    """``ranges`` are those that were asked for."""

    connection = _Connection

    def __init__(self, port: int) -> None:
        self.behind = port
        self.faults: list[Fault] = []
        self.ranges: list[str | None] = []
        super().__init__()
