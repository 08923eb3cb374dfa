"""Exchanges: a request and its answer, on a connection that is kept."""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import dataclasses
import http.client
import selectors
from typing import Generic
from typing import TypeVar

from imagecache_handlers.transport.address import Address
from imagecache_handlers.transport.dialling import ConnectionOptions

# Called when a request leaves: it raises what keeps it back.
Leave = Callable[[], object]

A = TypeVar('A', bound=Address)


def at_any_time() -> None:
    """Keep no request back."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What is posted, and how many bytes of an answer are borne.

    ``leave`` is called with nothing left to do but to send.
    """

    path: str
    headers: Mapping[str, str]
    body: bytes
    limit: int
    leave: Leave = at_any_time


class KeptConnection(Generic[A]):
    """One connection, for one thread at a time.

    Nothing is ever sent twice here: a call that is lost may have been made.
    """

    def __init__(self, address: A, options: ConnectionOptions) -> None:
        self.address = address
        self._http = options.connect(address)

    def close(self) -> None:
        self._http.close()

    @property
    def is_stale(self) -> bool:
        """Tell if the peer has closed it, or sent what nobody asked for."""
        sock = self._http.sock
        if sock is None or self._http.line.has_unread:
            return True
        # Not select(), which takes no descriptor above 1023.
        with selectors.DefaultSelector() as selector:
            selector.register(sock, selectors.EVENT_READ)
            return bool(selector.select(0))

    @contextlib.contextmanager
    def _exchange(self, post: Post) -> Iterator[http.client.HTTPResponse]:
        """Post something, and give the answer, to be read to its end.

        :raises OSError: when the line breaks, or in no time.
        :raises http.client.HTTPException: when what comes is no HTTP.
        """
        headers = {
            **post.headers,
            'Content-Length': str(len(post.body)),
            'User-Agent': 'imagecache',
        }
        self._http.line.begin(post.limit)
        content = body_leaving(post.body, post.leave)
        self._http.request('POST', post.path, content, headers)
        answer = self._http.getresponse()
        # It has a hold of the socket, too, and would keep it open.
        with contextlib.closing(answer):
            yield answer
        if answer.will_close:
            self.close()


def body_leaving(body: bytes, leave: Leave) -> Iterator[bytes]:
    """Give a body when its headers, with which nobody acts, have gone."""
    leave()
    yield body


def check_end(answer: http.client.HTTPResponse) -> None:
    """Make sure that an answer which has ended was all that it promised.

    :raises http.client.HTTPException: when it was cut off.
    """
    if answer.length:
        raise http.client.HTTPException(
            'the connection was closed within the answer'
        )
