"""Raw import: ``PUT /import_raw_vdi``, the bytes of a disk for a pool."""

from collections.abc import Collection
from collections.abc import Iterable
import contextlib
import http.client
from typing import Protocol
import urllib.parse

from imagecache_handlers.transport.bounded_socket import BoundedSocket
from imagecache_handlers.transport.dialling import explain_cause
from imagecache_handlers.transport.dialling import Http
from imagecache_handlers.transport.errors import Unreachable
from imagecache_handlers_xenapi.port.address import Address
from imagecache_handlers_xenapi.port.errors import ReplyLost
from imagecache_handlers_xenapi.port.errors import XapiFailure
from imagecache_handlers_xenapi.port import leaders

METHOD = 'PUT /import_raw_vdi'

_REDIRECTS = 3


class LoggedOut(XapiFailure):
    """The host does not know our login; no byte was sent yet."""


class Connect(Protocol):
    """Opens a connection; raises ``Unreachable`` when nobody is there."""

    def __call__(self, address: Address) -> Http: ...


def put(
    connect: Connect,
    addresses: Iterable[Address],
    query: dict[str, str],
    chunks: Iterable[bytes],
    size: int,
    *,
    pool: Collection[str],
) -> None:
    """Send a disk to the first host that is there, of those that see its SR.

    ``pool`` has the addresses of its hosts: to no other is it redirected, for
    the login goes there, too.

    xapi says yes before it has read a byte: whether it took them, only the
    task tells.  That is why a connection that breaks meanwhile is not an
    error here.  What ``chunks`` raises ends it at once.

    :raises LoggedOut: when another login may do.
    :raises CallError: when none begins.
    """
    path = '/import_raw_vdi?' + urllib.parse.urlencode(query)
    for _ in range(_REDIRECTS):
        address, connection = _dial_first(connect, addresses)
        with contextlib.closing(connection):
            answer = _begin_request(connection, address, path, size)
            # It has a hold of the socket, too, and would keep it open.
            with contextlib.closing(answer):
                if answer.status == http.client.OK:
                    _stream_chunks(connection.line, chunks)
                    return
                target = answer.getheader('Location', '')
        if answer.status != http.client.FOUND:
            raise _refused_upload(address, answer)
        addresses = [_follow_redirect(address, target, pool)]
    raise Unreachable(f'{address}: the upload is redirected in circles')


def _dial_first(
    connect: Connect, addresses: Iterable[Address]
) -> tuple[Address, Http]:
    problems = []
    for address in addresses:
        try:
            return address, connect(address)
        except Unreachable as error:
            problems.append(str(error))
    raise Unreachable('; '.join(problems))


def _begin_request(
    connection: Http,
    address: Address,
    path: str,
    size: int,
) -> http.client.HTTPResponse:
    connection.line.begin(0)
    try:
        connection.putrequest('PUT', path)
        connection.putheader('Content-Length', str(size))
        connection.endheaders()
        # Not getresponse(), which would close what has yet to be filled.
        answer = http.client.HTTPResponse(connection.sock, method='PUT')
        with contextlib.ExitStack() as stack:
            stack.callback(answer.close)
            answer.begin()
            stack.pop_all()
    except (OSError, http.client.HTTPException) as error:
        raise ReplyLost(
            f'{METHOD} at {address}: {explain_cause(error)}'
        ) from error
    return answer


def _stream_chunks(line: BoundedSocket, chunks: Iterable[bytes]) -> None:
    for chunk in chunks:
        # Of its own: how long a disk takes, nobody knows.
        line.begin(0)
        try:
            line.sendall(chunk)
        except OSError:
            return
    # The end of the answer is the end of the work, or of the connection.
    line.begin(0)
    with contextlib.suppress(OSError):
        line.wait()


def _follow_redirect(
    address: Address, target: str, pool: Collection[str]
) -> Address:
    """Follow a redirect by its host alone: scheme and port are ours.

    xapi names https and the bare address whatever it was called by.
    """
    try:
        found = address.at(urllib.parse.urlsplit(target).hostname or '')
    except ValueError as error:
        raise Unreachable(f'{address}: redirected to {error}') from error
    if not leaders.is_among(found.host, pool):
        raise Unreachable(
            f'{address}: redirected to {found}, not a host of the pool'
        )
    return found


def _refused_upload(
    address: Address, answer: http.client.HTTPResponse
) -> XapiFailure | Unreachable:
    if answer.status == http.client.UNAUTHORIZED:
        return LoggedOut(METHOD, ['SESSION_INVALID', str(address)])
    if answer.status == http.client.FORBIDDEN:
        return XapiFailure(METHOD, ['RBAC_PERMISSION_DENIED', str(address)])
    return Unreachable(f'{METHOD} at {address}: HTTP {answer.status}')
