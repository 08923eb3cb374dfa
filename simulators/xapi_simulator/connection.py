"""One connection to a host: its requests, and which path means what."""

from collections.abc import Callable
import contextlib
import html
import http.server
import socket
import ssl
from typing import Any
from typing import TYPE_CHECKING

from xapi_simulator.addresses import bracketed
from xapi_simulator.errors import XapiError
from xapi_simulator import jsonrpc
from xapi_simulator.steering import Dropped
from xapi_simulator.steering import Replied
from xapi_simulator import transfer
from xapi_simulator import upload_request
from xapi_simulator import xmlrpc

if TYPE_CHECKING:
    from xapi_simulator.server import Server

BODY_LIMIT = 300 * 1024

# After a refused upload: so many bytes are read on, so many seconds each.
_LINGER = 2**20
_PATIENCE = 0.5


class Connection(http.server.BaseHTTPRequestHandler):
    """Answers requests until either side has had enough."""

    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True
    wbufsize = -1
    server: 'Server'

    def setup(self) -> None:
        super().setup()
        if isinstance(self.connection, ssl.SSLSocket):
            self.connection.do_handshake()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the counters know."""

    def do_POST(self) -> None:
        path = self.path.partition('?')[0]
        if path not in ('/', '/RPC2', '/jsonrpc'):
            self._refuse(404, 'not found')
            return
        body = self._body()
        if body is None:
            return
        try:
            if path != '/jsonrpc':
                self._xml(body)
            elif self.server.jsonrpc:
                self._json(body)
            else:
                error = XapiError('INTERNAL_ERROR', 'Xmlm.Error')
                self._send(200, xmlrpc.TYPE, xmlrpc.failure(error))
        except ValueError as error:
            self._refuse(500, str(error))
        except Dropped:
            self._cut()
        except Replied as other:
            self._reply(other)

    def do_GET(self) -> None:
        self._refuse(404, 'not found')

    def do_PUT(self) -> None:
        """Take a disk; every outcome ends the connection, as xapi's does."""
        self.close_connection = True
        path, _, query = self.path.partition('?')
        if path != upload_request.PATH:
            self._refuse(404, 'not found')
            return
        method = f'PUT {path}'
        server = self.server
        server.counters.begin(method, len(self.path))
        try:
            server.world.steering.reach('before', method)
            self._import(query)
            server.world.steering.reach('after', method)
        except upload_request.Refused as error:
            self._refuse(error.status, str(error))
        except XapiError as error:
            self._refuse(500, ' '.join(error.description))
        except Dropped:
            self._cut()
        except Replied as other:
            self._reply(other)
        else:
            return
        self._linger()

    def _linger(self) -> None:
        """Read on for a while after a no, so that the client can read it.

        A connection that is closed with bytes unread is reset, and the
        answer may be lost with it.
        """
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(_PATIENCE)
            left = _LINGER
            while left > 0 and (data := self.connection.recv(65536)):
                left -= len(data)

    def _import(self, query: str) -> None:
        server = self.server
        request = upload_request.Request.read(query, self.headers)
        upload_request.authorise(server.world, request)
        upload = transfer.Upload(server.world, request, server.host)
        if (host := upload.redirect()) is not None:
            scheme = 'http' if server.context is None else 'https'
            address = bracketed(server.world.address(host))
            where = f'{address}:{server.server_port}'
            self._redirect(f'{scheme}://{where}{self.path}')
            self._linger()
            return
        with upload.attached():
            self._accept(upload.task)
            upload.take(self.rfile)

    def _accept(self, task: str) -> None:
        """Say yes before a byte has been read: only the task knows more."""
        self.send_response(200)
        self.send_header('Connection', 'close')
        self.send_header('Task-Id', task)
        self.end_headers()
        self.wfile.flush()

    def _redirect(self, where: str) -> None:
        self.send_response(302)
        self.send_header('Location', where)
        self.send_header('Content-Length', '0')
        self.send_header('Connection', 'close')
        self.end_headers()
        self.wfile.flush()

    def _body(self) -> bytes | None:
        length = self.headers.get('Content-Length', '')
        if not (length.isascii() and length.isdigit()):
            self._refuse(411, 'Content-Length is required')
            return None
        if int(length) > BODY_LIMIT:
            self._refuse(413, 'request too large')
            return None
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            self.close_connection = True
            return None
        return body

    def _xml(self, body: bytes) -> None:
        method, params = xmlrpc.read(body)
        self._run(
            method,
            params,
            len(body),
            xmlrpc.TYPE,
            xmlrpc.success,
            xmlrpc.failure,
        )

    def _json(self, body: bytes) -> None:
        request = jsonrpc.read(body)
        self._run(
            request.method,
            request.params,
            len(body),
            jsonrpc.TYPE,
            lambda value: jsonrpc.success(request, value),
            lambda error: jsonrpc.failure(request, error),
        )

    def _run(
        self,
        method: str,
        params: list[Any],
        received: int,
        kind: str,
        success: Callable[[Any], bytes],
        failure: Callable[[XapiError], bytes],
    ) -> None:
        server = self.server
        server.counters.begin(method, received)
        failed = False
        try:
            answer = success(
                server.interface.answer(server.host, method, params)
            )
        except XapiError as error:
            failed = True
            answer = failure(error)
        server.counters.end(method, len(answer), failed)
        self._send(200, kind, answer)

    def _send(
        self, status: int, kind: str, body: bytes, **headers: str
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(body)))
        self.send_header('Cache-Control', 'no-cache, no-store')
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def _reply(self, other: Replied) -> None:
        kind = 'application/octet-stream'
        self._send(other.status, kind, other.body, **other.headers)

    def _refuse(self, status: int, why: str) -> None:
        """Answer below the level of calls, and close."""
        self.close_connection = True
        self.send_response(status)
        text = f'<h1>HTTP {status}</h1>{html.escape(why)}'
        body = f'<html><body>{text}</body></html>'.encode('utf-8', 'replace')
        self.send_header('Content-Type', 'text/html')
        self.send_header('Content-Length', str(len(body)))
        self.send_header('Connection', 'close')
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def _cut(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
