"""Connection: one to vCenter, for one call at a time."""

from collections.abc import Collection
from collections.abc import Iterator
import contextlib
import http.client
import http.cookies
import io

from imagecache_handlers.transport.bounded_socket import TooLong
from imagecache_handlers.transport.dialling import explain_cause
from imagecache_handlers.transport.exchanges import at_any_time
from imagecache_handlers.transport.exchanges import check_end
from imagecache_handlers.transport.exchanges import KeptConnection
from imagecache_handlers.transport.exchanges import Leave
from imagecache_handlers.transport.exchanges import Post
from imagecache_handlers import units
from imagecache_handlers_vmware.port.address import Address
from imagecache_handlers_vmware.port.errors import REFUSED
from imagecache_handlers_vmware.port.errors import ReplyLost
from imagecache_handlers_vmware.port.errors import VimFault
from imagecache_handlers_vmware.port.errors import WrongAnswer
from imagecache_handlers_vmware.port import replies
from imagecache_handlers_vmware.port.replies import Element
from imagecache_handlers_vmware.port.requests import Request

#: The most bytes of an answer: 5,000 images with ten labels each are 40 MiB.
LONGEST = 256 * 2**20

#: The most bytes of a file that is read or written as a whole.
SMALL = 2**16

COOKIE = 'vmware_soap_session'

_HEADERS = {
    'Content-Type': 'text/xml; charset=utf-8',
    'SOAPAction': '"urn:vim25/6.7"',
}


class Connection(KeptConnection[Address]):
    """One connection, for one thread at a time.

    Whoever meets another error than ``VimFault`` closes it: the rest of an
    answer may yet come.
    """

    def exchange(
        self,
        request: Request,
        cookie: str,
        names: Collection[str],
        leave: Leave = at_any_time,
    ) -> Iterator[Element]:
        """Send a request and give the elements of some names in its answer.

        :raises VimFault: when vCenter says no.
        :raises WrongAnswer: when what came cannot be understood.
        :raises ReplyLost: when no answer came, or not all of it in time.
        """
        with (
            self._told_errors(request.method),
            self._exchange(make_post(request, cookie, leave)) as answer,
        ):
            # A fault comes with 500; whatever else does is no SOAP.
            if answer.status not in _WITH_SOAP:
                raise self._make_refusal(request.method, answer)
            yield from replies.read_elements(
                _Whole(answer), request.method, names
            )

    def access_file(
        self, method: str, target: str, cookie: str, content: bytes | None
    ) -> bytes:
        """Read or write a small file, and give what came.

        :raises VimFault: when vCenter says no: nothing was written.
        :raises ReplyLost: when no answer came.
        """
        called = f'{method} {target.partition("?")[0][:200]}'
        headers = {
            'User-Agent': 'imagecache',
            'Cookie': f'{COOKIE}={cookie}',
        }
        with self._told_errors(called, SMALL):
            self._http.line.begin(SMALL)
            self._http.request(method, target, content, headers)
            answer = self._http.getresponse()
            with contextlib.closing(answer):
                body = _Whole(answer)
                found = b''.join(iter(lambda: body.read(SMALL), b''))
                if answer.status in REFUSED:
                    # Who takes no file closes, and need not say so.
                    self.close()
                    name = REFUSED[answer.status]
                    raise VimFault(called, name, f'HTTP {answer.status}')
                if answer.status not in _DONE:
                    raise self._make_refusal(called, answer)
            if answer.will_close:
                self.close()
            return found

    def read_cookie(self, request: Request) -> str:
        """Log in, and give the cookie that stands for the session.

        :raises VimFault: when vCenter says no.
        :raises CallError: when there is no answer to work with.
        """
        with (
            self._told_errors(request.method),
            self._exchange(make_post(request, '', at_any_time)) as answer,
        ):
            body = _Whole(answer)
            for _ in replies.read_elements(body, request.method, ()):
                pass
        cookies = http.cookies.SimpleCookie(
            answer.getheader('Set-Cookie') or ''
        )
        if COOKIE not in cookies:
            raise WrongAnswer(f'{request.method}: it came without a session')
        return cookies[COOKIE].coded_value

    def _make_refusal(
        self, method: str, answer: http.client.HTTPResponse
    ) -> ReplyLost:
        return ReplyLost(
            f'{method} at {self.address}: HTTP {answer.status}'
            f' {answer.reason[:100]}'
        )

    @contextlib.contextmanager
    def _told_errors(
        self, method: str, limit: int = LONGEST
    ) -> Iterator[None]:
        try:
            yield
        except TooLong as error:
            what = f'the answer is longer than {units.size(limit)}'
            raise WrongAnswer(f'{method} at {self.address}: {what}') from error
        except (OSError, http.client.HTTPException) as error:
            raise ReplyLost(
                f'{method} at {self.address}: {explain_cause(error)}'
            ) from error


_DONE = (http.client.OK, http.client.CREATED, http.client.NO_CONTENT)
_WITH_SOAP = (http.client.OK, http.client.INTERNAL_SERVER_ERROR)


def make_post(request: Request, cookie: str, leave: Leave) -> Post:
    login = {'Cookie': f'{COOKIE}={cookie}'} if cookie else {}
    return Post(
        path='/sdk',
        headers={**_HEADERS, **login},
        body=request.encode(),
        limit=LONGEST,
        leave=leave,
    )


class _Whole(io.RawIOBase):
    """An answer as a file that tells if it was cut off."""

    def __init__(self, answer: http.client.HTTPResponse) -> None:
        self._answer = answer

    def read(self, size: int = -1, /) -> bytes:
        piece = self._answer.read(size)
        if not piece:
            check_end(self._answer)
        return piece
