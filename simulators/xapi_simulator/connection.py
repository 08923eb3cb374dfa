"""One connection to a host: its requests, and which path means what."""

from collections.abc import Callable
from typing import Any
from typing import TYPE_CHECKING

from simulator_parts import connection
from simulator_parts.steering import Dropped
from simulator_parts.steering import Replied
from xapi_simulator.addresses import bracketed
from xapi_simulator.errors import XapiError
from xapi_simulator import jsonrpc
from xapi_simulator import transfer
from xapi_simulator import upload_request
from xapi_simulator import xmlrpc

if TYPE_CHECKING:
    from xapi_simulator.server import Server

BODY_LIMIT = 300 * 1024


class Connection(connection.Connection):
    """Answers requests until either side has had enough."""

    server: 'Server'

    def do_POST(self) -> None:
        path = self.path.partition('?')[0]
        if path not in ('/', '/RPC2', '/jsonrpc'):
            self.refuse(404, 'not found')
            return
        body = self.read_body(BODY_LIMIT)
        if body is None:
            return
        try:
            if path != '/jsonrpc':
                self._xml(body)
            elif self.server.jsonrpc:
                self._json(body)
            else:
                error = XapiError('INTERNAL_ERROR', 'Xmlm.Error')
                self.send(200, xmlrpc.TYPE, xmlrpc.failure(error))
        except ValueError as error:
            self.refuse(500, str(error))
        except Dropped:
            self.cut()
        except Replied as other:
            self.reply(other)

    def do_GET(self) -> None:
        self.refuse(404, 'not found')

    def do_PUT(self) -> None:
        """Take a disk; every outcome ends the connection, as xapi's does."""
        self.close_connection = True
        path, _, query = self.path.partition('?')
        if path != upload_request.PATH:
            self.refuse(404, 'not found')
            return
        method = f'PUT {path}'
        server = self.server
        server.counters.begin(method, len(self.path))
        try:
            server.world.steering.reach('before', method)
            self._import(query)
            server.world.steering.reach('after', method)
        except upload_request.Refused as error:
            self.refuse(error.status, str(error))
        except XapiError as error:
            self.refuse(500, ' '.join(error.description))
        except Dropped:
            self.cut()
        except Replied as other:
            self.reply(other)
        else:
            return
        self.linger()

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
            self.linger()
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
        self.send(200, kind, answer)
