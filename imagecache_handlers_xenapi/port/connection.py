"""Connection: one to one host, XML-RPC and JSON-RPC on the same socket."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import dataclasses
import http.client
import json
import selectors
from typing import Any
import xmlrpc.client

from imagecache_handlers.transport.bounded_socket import TooLong
from imagecache_handlers.transport.dialling import explain_cause
from imagecache_handlers_xenapi.port.address import Address
from imagecache_handlers_xenapi.port import answers
from imagecache_handlers_xenapi.port.answers import NoJson
from imagecache_handlers_xenapi.port.dialling import ConnectionOptions
from imagecache_handlers_xenapi.port.errors import ReplyLost
from imagecache_handlers_xenapi.port.errors import WrongAnswer

# Called when a request leaves: it raises what keeps it back.
Leave = Callable[[], object]

#: The most bytes of an answer: of one about a single thing, before a login
#: too, and of one about all disks of an SR.  20,000 VDIs are 23 MiB of JSON,
#: and 70 of XML, which is decoded while it comes.
SMALL, MUCH_JSON, MUCH_XML = 2**20, 32 * 2**20, 96 * 2**20

_PIECE = 2**16


def at_any_time() -> None:
    """Keep no request back."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    method: str
    path: str
    kind: str
    limit: int
    leave: Leave = at_any_time


class Connection:
    """One connection, for one thread at a time.

    Nothing is ever sent twice here: a call that is lost may have been made.
    Whoever meets another error than ``XapiFailure`` and ``NoJson`` closes
    it: the rest of an answer may yet come.
    """

    def __init__(self, address: Address, dialling: ConnectionOptions) -> None:
        self.address = address
        self._http = dialling.connect(address)

    def close(self) -> None:
        self._http.close()

    @property
    def is_stale(self) -> bool:
        """Tell if the host has closed it, or sent what nobody asked for."""
        sock = self._http.sock
        if sock is None or self._http.line.has_unread:
            return True
        # Not select(), which takes no descriptor above 1023.
        with selectors.DefaultSelector() as selector:
            selector.register(sock, selectors.EVENT_READ)
            return bool(selector.select(0))

    def xml(
        self,
        method: str,
        *params: Any,
        leave: Leave = at_any_time,
        limit: int = SMALL,
    ) -> Any:
        """Make a call over XML-RPC.

        Where ``leave`` raises the connection is of no more use.

        :raises XapiFailure: when xapi says no.
        :raises WrongAnswer: when what came cannot be understood.
        :raises ReplyLost: when no answer came, or not all of it in time.
        """
        call = _Call(
            method=method,
            path='/RPC2',
            kind='text/xml',
            limit=limit,
            leave=leave,
        )
        sent = xmlrpc.client.dumps(params, method, allow_none=True)
        with self._understood_answer(call):
            pieces = self._exchange_bytes(
                call, sent.encode('utf-8', 'xmlcharrefreplace')
            )
            return answers.of_xml(method, pieces)

    def json(self, method: str, *params: Any) -> Any:
        """Make a call over JSON-RPC, which is cheaper to decode.

        :raises NoJson: when the host does not know how.
        :raises CallError: as of ``xml``.
        """
        call = _Call(
            method=method,
            path='/jsonrpc',
            kind='application/json',
            limit=MUCH_JSON,
        )
        sent = {'jsonrpc': '2.0', 'method': method, 'params': params, 'id': 1}
        with self._understood_answer(call):
            pieces = self._exchange_bytes(call, json.dumps(sent).encode())
            return answers.of_json(method, _join_pieces(pieces))

    @contextlib.contextmanager
    def _understood_answer(self, call: _Call) -> Iterator[None]:
        where = str(self.address)
        try:
            yield
        except answers.Garbled as error:
            # Whatever cannot be read: the call may have been made.
            raise WrongAnswer(call.method, where, str(error)) from error
        except TooLong as error:
            what = f'the answer is longer than {call.limit >> 20} MiB'
            raise WrongAnswer(call.method, where, what) from error
        except (OSError, http.client.HTTPException) as error:
            raise ReplyLost(
                f'{call.method} at {where}: {explain_cause(error)}'
            ) from error

    def _exchange_bytes(self, call: _Call, body: bytes) -> Iterator[bytes]:
        """Send a call and give its answer, in pieces."""
        headers = {
            'Content-Type': call.kind,
            'Content-Length': str(len(body)),
            'User-Agent': 'imagecache',
        }
        self._http.line.begin(call.limit)
        content = _body_leaving(body, call.leave)
        self._http.request('POST', call.path, content, headers)
        answer = self._http.getresponse()
        # It has a hold of the socket, too, and would keep it open.
        with contextlib.closing(answer):
            if answer.status == http.client.OK:
                yield from _read_pieces(answer, call.limit)
            else:
                _drain_answer(answer)
        if answer.will_close:
            self.close()
        if answer.status != http.client.OK:
            if call.path == '/jsonrpc' and answer.status in _NO_SUCH_PATH:
                raise NoJson(answer.reason)
            target = answer.getheader('Location', '')
            hint = _explain_redirect(self.address, target)
            why = f'HTTP {answer.status}{hint}'
            raise ReplyLost(f'{call.method} at {self.address}: {why}')


def _body_leaving(body: bytes, leave: Leave) -> Iterator[bytes]:
    """Give a body when its headers, with which nobody acts, have gone."""
    leave()
    yield body


def _read_pieces(
    answer: http.client.HTTPResponse, limit: int
) -> Iterator[bytes]:
    """Give what an answer brings, if that is all it promised."""
    if (answer.length or 0) > limit:
        raise TooLong
    while piece := _read_piece(answer):
        limit -= len(piece)
        if limit < 0:
            raise TooLong
        yield piece
    if answer.length:
        raise http.client.HTTPException(
            'the connection was closed within the answer'
        )


def _read_piece(answer: http.client.HTTPResponse) -> bytes:
    try:
        return answer.read(_PIECE)
    except ValueError as error:
        # Of a chunk of less than no bytes.
        raise http.client.HTTPException('its chunks make no sense') from error


def _drain_answer(answer: http.client.HTTPResponse) -> None:
    for _ in _read_pieces(answer, SMALL):
        pass


def _join_pieces(pieces: Iterator[bytes]) -> bytearray:
    # Not join(), which needs all of them beside the whole.
    body = bytearray()
    for piece in pieces:
        body += piece
    return body


_NO_SUCH_PATH = (404, 405, 501)


def _explain_redirect(address: Address, target: str) -> str:
    """Say where a redirect leads, which no call ever follows."""
    if address.scheme == 'http' and target.startswith('https:'):
        url = Address('https', address.host, 443)
        return f', it wants https: set [imagecache_xenapi] url to {url}'
    return f' to {target[:100]!r}' if target else ''
