"""Connection: one to one host, XML-RPC and JSON-RPC on the same socket."""

from collections.abc import Iterator
import contextlib
import http.client
import json
from typing import Any
import xmlrpc.client

from imagecache_handlers.transport.bounded_socket import TooLong
from imagecache_handlers.transport.dialling import explain_cause
from imagecache_handlers.transport.exchanges import at_any_time
from imagecache_handlers.transport.exchanges import check_end
from imagecache_handlers.transport.exchanges import KeptConnection
from imagecache_handlers.transport.exchanges import Leave
from imagecache_handlers.transport.exchanges import Post
from imagecache_handlers_xenapi.port.address import Address
from imagecache_handlers_xenapi.port import answers
from imagecache_handlers_xenapi.port.answers import NoJson
from imagecache_handlers_xenapi.port.errors import ReplyLost
from imagecache_handlers_xenapi.port.errors import WrongAnswer

#: The most bytes of an answer: of one about a single thing, before a login
#: too, and of one about all disks of an SR.  20,000 VDIs are 23 MiB of JSON,
#: and 70 of XML, which is decoded while it comes.
SMALL, MUCH_JSON, MUCH_XML = 2**20, 32 * 2**20, 96 * 2**20

_PIECE = 2**16


class Connection(KeptConnection[Address]):
    """One connection, for one thread at a time.

    Whoever meets another error than ``XapiFailure`` and ``NoJson`` closes
    it: the rest of an answer may yet come.
    """

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
        sent = xmlrpc.client.dumps(params, method, allow_none=True)
        post = Post(
            path='/RPC2',
            headers={'Content-Type': 'text/xml'},
            body=sent.encode('utf-8', 'xmlcharrefreplace'),
            limit=limit,
            leave=leave,
        )
        with self._understood_answer(method, limit):
            return answers.of_xml(method, self._read_answer(method, post))

    def json(self, method: str, *params: Any) -> Any:
        """Make a call over JSON-RPC, which is cheaper to decode.

        :raises NoJson: when the host does not know how.
        :raises CallError: as of ``xml``.
        """
        sent = {'jsonrpc': '2.0', 'method': method, 'params': params, 'id': 1}
        post = Post(
            path='/jsonrpc',
            headers={'Content-Type': 'application/json'},
            body=json.dumps(sent).encode(),
            limit=MUCH_JSON,
        )
        with self._understood_answer(method, MUCH_JSON):
            pieces = self._read_answer(method, post)
            return answers.of_json(method, _join_pieces(pieces))

    @contextlib.contextmanager
    def _understood_answer(self, method: str, limit: int) -> Iterator[None]:
        where = str(self.address)
        try:
            yield
        except answers.Garbled as error:
            # Whatever cannot be read: the call may have been made.
            raise WrongAnswer(method, where, str(error)) from error
        except TooLong as error:
            what = f'the answer is longer than {limit >> 20} MiB'
            raise WrongAnswer(method, where, what) from error
        except (OSError, http.client.HTTPException) as error:
            raise ReplyLost(
                f'{method} at {where}: {explain_cause(error)}'
            ) from error

    def _read_answer(self, method: str, post: Post) -> Iterator[bytes]:
        """Send a call and give its answer, in pieces."""
        with self._exchange(post) as answer:
            if answer.status == http.client.OK:
                yield from _read_pieces(answer, post.limit)
            else:
                _drain_answer(answer)
        if answer.status != http.client.OK:
            if post.path == '/jsonrpc' and answer.status in _NO_SUCH_PATH:
                raise NoJson(answer.reason)
            target = answer.getheader('Location', '')
            hint = _explain_redirect(self.address, target)
            why = f'HTTP {answer.status}{hint}'
            raise ReplyLost(f'{method} at {self.address}: {why}')


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
    check_end(answer)


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
