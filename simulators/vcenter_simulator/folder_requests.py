"""Requests to ``/folder``: GET, HEAD and PUT, who may, and what they get."""

import base64
import binascii
from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
from typing import TYPE_CHECKING

from simulator_parts.steering import Dropped
from simulator_parts.steering import Replied
from vcenter_simulator.faults import VimFault
from vcenter_simulator.folder_access import BLOCK
from vcenter_simulator.folder_access import Files
from vcenter_simulator.folder_access import Place
from vcenter_simulator.folder_access import read_place
from vcenter_simulator.folder_access import status_of
from vcenter_simulator.sessions import Session

if TYPE_CHECKING:
    from vcenter_simulator.connection import Connection

_TICKET = 'vmware_cgi_ticket'
_KIND = 'application/octet-stream'


def serve(connection: 'Connection', method: str) -> None:
    """Answer one request; it is steered and counted as ``PUT /folder``."""
    server = connection.server
    name = f'{method} /folder'
    server.counters.begin(name, _read_length(connection) or 0)
    try:
        server.world.steering.reach('before', name)
        sent = _serve_file(connection, method)
        server.world.steering.reach('after', name)
        server.counters.end(name, sent.size, False)
        sent.finish()
    except VimFault as fault:
        server.counters.end(name, 0, True)
        _refuse_request(connection, method, status_of(fault), fault.message)
    except Dropped:
        connection.cut()
    except Replied as other:
        connection.close_connection = method == 'PUT'
        connection.reply(other)


class _Sent:
    """An answer that is ready, and goes out when ``finish`` is called."""

    def __init__(
        self,
        connection: 'Connection',
        status: int,
        size: int = 0,
        body: Iterable[bytes] = (),
    ) -> None:
        self._connection = connection
        self._status = status
        self._body = body
        self.size = size

    def finish(self) -> None:
        to = self._connection
        to.send_response(self._status)
        to.send_header('Content-Type', _KIND)
        to.send_header('Content-Length', str(self.size))
        to.end_headers()
        for block in self._body:
            to.wfile.write(block)
        to.wfile.flush()


def _serve_file(connection: 'Connection', method: str) -> _Sent:
    world = connection.server.world
    session = _find_session(connection)
    path, _, query = connection.path.partition('?')
    place = read_place(path, query)
    files = world.files
    if files is None:
        raise VimFault('NotFound', 'There are no datastores.')
    if method == 'PUT':
        return _take_file(connection, files, session, place)
    size = files.size_of(session, place)
    body = (
        _read_blocks(files, session, place, size)
        if method == 'GET'
        else iter(())
    )
    return _Sent(connection, 200, size, body)


def _take_file(
    connection: 'Connection', files: Files, session: Session, place: Place
) -> _Sent:
    length = _read_length(connection)
    if length is None:
        raise VimFault('InvalidArgument', 'Content-Length is required')
    body = _receive_blocks(connection, length)
    is_new = files.write(session, place, body, length)
    return _Sent(connection, 201 if is_new else 200)


def _receive_blocks(connection: 'Connection', left: int) -> Iterator[bytes]:
    while left > 0:
        block = connection.rfile.read(min(BLOCK, left))
        if not block:
            connection.close_connection = True
            return
        left -= len(block)
        yield block


def _read_blocks(
    files: Files, session: Session, place: Place, size: int
) -> Iterator[bytes]:
    for start in range(0, size, BLOCK):
        wanted = min(BLOCK, size - start)
        # A file that has shrunk meanwhile: the length has been promised.
        yield files.read(session, place, start, wanted).ljust(wanted, b'\0')


def _read_length(connection: 'Connection') -> int | None:
    text = connection.headers.get('Content-Length', '')
    return int(text) if text.isascii() and text.isdigit() else None


def _find_session(connection: 'Connection') -> Session:
    """Find whose request it is.

    :raises VimFault: NotAuthenticated.
    """
    sessions = connection.server.world.sessions
    found = sessions.find(connection.read_cookie())
    ticket = connection.read_cookie(_TICKET)
    if found is None and ticket is not None:
        found = sessions.take_ticket(ticket)
    if found is None:
        found = _log_in(connection)
    if found is None:
        message = 'The session is not authenticated.'
        raise VimFault('NotAuthenticated', message)
    return found


def _log_in(connection: 'Connection') -> Session | None:
    """Take a name and password for one request."""
    kind, _, value = connection.headers.get('Authorization', '').partition(' ')
    if kind.lower() != 'basic':
        return None
    with contextlib.suppress(binascii.Error, UnicodeDecodeError, VimFault):
        name, _, password = base64.b64decode(value).decode().partition(':')
        sessions = connection.server.world.sessions
        session = sessions.login(name, password)
        sessions.end(session)
        return session
    return None


def _refuse_request(
    connection: 'Connection', method: str, status: int, why: str
) -> None:
    """Answer below the level of files, and read on for a while after it."""
    connection.refuse(status, '' if method == 'HEAD' else why)
    if method == 'PUT':
        connection.linger()
