"""HTTP session: requests to where an image is, and nowhere else.

This is what needs ``requests``: import it where it is used.
"""

from collections.abc import Callable
from collections.abc import Generator
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import io
import socket
import ssl
import threading
from typing import Any
import urllib.parse

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.connectionpool import HTTPSConnectionPool

from imagecache_handlers.exceptions import SourceError
from imagecache_handlers.sources.addresses import check_peer
from imagecache_handlers.sources.addresses import check_url
from imagecache_handlers.sources.addresses import read_origin
from imagecache_handlers.sources.addresses import show_url
from imagecache_handlers.sources.answers import Answer
from imagecache_handlers.sources.http_errors import translate_errors
from imagecache_handlers.sources.http_options import HttpOptions
from imagecache_handlers.sources.pieces import read_pieces
from imagecache_handlers.sources.pieces import read_short

_MOVED = frozenset({301, 302, 303, 307, 308})
_MOST_MOVES = 5
_AGENT = 'imagecache-handlers'


class _Checked(HTTPConnection):
    """Looks who answers, and bounds all that comes before a body."""

    def connect(self) -> None:
        super().connect()
        check_peer(self.host, self.sock.getpeername()[0])

    def getresponse(self) -> Any:
        # Each line that drips in begins the time of a read anew.
        seconds = 2 * float(self.timeout or 0)
        timer = threading.Timer(seconds, _shut_down, [self.sock])
        timer.daemon = True
        timer.start()
        try:
            return super().getresponse()
        finally:
            timer.cancel()


def _shut_down(sock: socket.socket) -> None:
    """End whatever waits for it; the connection counts as broken."""
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


class _Http(_Checked):
    pass


class _Https(_Checked, HTTPSConnection):
    pass


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _Https


class _Adapter(HTTPAdapter):
    """Certificates are judged by a context of ours, peers by their address."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **keywords: Any) -> None:
        super().init_poolmanager(
            *arguments, ssl_context=self._context, **keywords
        )
        self.poolmanager.pool_classes_by_scheme = {
            'http': _HttpPool,
            'https': _HttpsPool,
        }

    def cert_verify(self, *arguments: Any, **keywords: Any) -> None:
        """Add no bundle of anybody's to what the context trusts."""


class _Session(requests.Session):
    """Follows nowhere by itself, and reads nothing that has no end."""

    timeout = 60.0

    def send(
        self, request: requests.PreparedRequest, **keywords: Any
    ) -> requests.Response:
        """As keystoneauth calls it, to have the body read."""
        response = super().send(request, **keywords | {'stream': True})
        if not keywords.get('stream'):
            with response, translate_errors(response.url, self.timeout):
                pieces = read_pieces(_reader(response), self.timeout)
                source = show_url(response.url)
                body = read_short(pieces, self.timeout, source)
            response.raw = io.BytesIO(body)
        return response

    def resolve_redirects(
        self, *arguments: Any, **keywords: Any
    ) -> Generator[Any, None, None]:
        yield from ()


def open_session(options: HttpOptions) -> requests.Session:
    """Open a session, for one thread."""
    session = _Session()
    session.timeout = options.timeout
    # Neither proxies nor passwords nor certificates of the environment.
    session.trust_env = False
    session.verify = not options.insecure
    # Compressed bytes are not those that the hash is of.
    session.headers.update(
        {'Accept-Encoding': 'identity', 'User-Agent': _AGENT}
    )
    adapter = _Adapter(options.make_context())
    session.mount('https://', adapter)
    session.mount('http://', adapter)
    return session


@contextlib.contextmanager
def ask(
    url: str, options: HttpOptions, headers: Mapping[str, str]
) -> Iterator[tuple[Answer, Iterator[bytes]]]:
    """Ask for what is at a URL; give the answer, and its body in pieces.

    It follows to other places of the same host only.

    :raises SourceError: when nothing trustworthy answers in time; so does
        the body, while it is read.
    """
    with contextlib.ExitStack() as stack:
        with translate_errors(url, options.timeout):
            session = stack.enter_context(open_session(options))
            response = _follow_moves(session, url, options, headers)
            stack.enter_context(response)
        answer = Answer(
            source=show_url(url),
            status=response.status_code,
            headers=response.headers,
        )
        yield answer, _read_body(response, url, options)


def _follow_moves(
    session: requests.Session,
    url: str,
    options: HttpOptions,
    headers: Mapping[str, str],
) -> requests.Response:
    check_url(url, options.named)
    origin = read_origin(url)
    for _ in range(_MOST_MOVES):
        response = session.get(
            url,
            headers=headers,
            timeout=options.timeout,
            allow_redirects=False,
            stream=True,
        )
        if response.status_code not in _MOVED:
            return response
        response.close()
        place = response.headers.get('Location') or ''
        url = _check_move(url, place, origin, options)
    raise SourceError(show_url(url), 'it sends us from place to place')


def _check_move(
    url: str, place: str, origin: tuple[str, str, int], options: HttpOptions
) -> str:
    """Give where it sends us, if that is the same host."""
    shown = show_url(url)
    try:
        there = urllib.parse.urljoin(url, place)
        check_url(there, options.named)
        is_same = place != '' and read_origin(there) == origin
    except (SourceError, ValueError):
        is_same = False
    if not is_same:
        raise SourceError(
            shown,
            f'it sends us to {show_url(place)!r}: only the same host is '
            f'followed; name that place yourself if you trust it',
        )
    return there


def _read_body(
    response: requests.Response, url: str, options: HttpOptions
) -> Iterator[bytes]:
    with translate_errors(url, options.timeout):
        yield from read_pieces(_reader(response), options.timeout)


def _reader(response: requests.Response) -> Callable[[int], bytes]:
    """Give what reads bytes as they are sent, as soon as there are any."""

    def read(size: int) -> bytes:
        part: bytes = response.raw.read1(size, decode_content=False)
        return part

    return read
