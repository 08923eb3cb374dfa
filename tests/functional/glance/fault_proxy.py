"""Fault proxy: stands before a Glance, and breaks the answers it is told to.

``faults`` are used up one by one, each by the next request for bytes.
"""

import contextlib
import dataclasses
import http.client
import http.server
import threading
from typing import Any
from typing import Self


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fault:
    """What is sent instead: a status, or only so many bytes."""

    status: int | None = None
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    cut: int | None = None
    stall: int | None = None
    lie: int = 0  # added to Content-Length


class FaultProxy:
    """``ranges`` are those that were asked for."""

    def __init__(self, port: int) -> None:
        self.behind = port
        self.faults: list[Fault] = []
        self.ranges: list[str | None] = []
        self.stopped = threading.Event()
        handler = type('Handler', (_Handler,), {'proxy': self})
        self._server = http.server.ThreadingHTTPServer(
            ('127.0.0.1', 0), handler
        )
        self.url = f'http://127.0.0.1:{self._server.server_address[1]}'

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        return self

    def __exit__(self, *ignored: object) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(http.server.BaseHTTPRequestHandler):
    proxy: FaultProxy

    def log_message(self, *ignored: Any) -> None:
        pass

    def do_GET(self) -> None:
        fault = Fault()
        if self.path.endswith('/file'):
            self.proxy.ranges.append(self.headers['Range'])
            fault = (self.proxy.faults or [fault]).pop(0)
        behind = http.client.HTTPConnection('127.0.0.1', self.proxy.behind)
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
            self.proxy.stopped.wait(60)
