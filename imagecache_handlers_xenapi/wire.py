"""One connection to one host: XML-RPC and JSON-RPC on the same socket."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import dataclasses
import functools
import http.client
import json
import selectors
import ssl
from typing import Any
from xml.parsers import expat
import xmlrpc.client

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers_xenapi.address import Address
from imagecache_handlers_xenapi import answers
from imagecache_handlers_xenapi.answers import NoJson
from imagecache_handlers_xenapi.failures import Away
from imagecache_handlers_xenapi.failures import Lost
from imagecache_handlers_xenapi.failures import WrongAnswer

# Called when a request leaves: it raises what keeps it back.
Leave = Callable[[], object]

_XML = 'text/xml'
_JSON = 'application/json'

# By the numbers that OpenSSL gives to what is wrong with a certificate.
_OTHER_NAME = 'use a name that it is for, or have one made for this one, too'
_ADVICE = {
    9: 'compare the clocks',
    10: 'have a new one made, or compare the clocks',
    62: _OTHER_NAME,
    64: _OTHER_NAME,
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Dialling:
    """How connections are made; ``timeout`` in seconds, of each wait."""

    timeout: float = 60.0
    ca_file: str | None = None
    insecure: bool = False

    def connect(self, address: Address) -> http.client.HTTPConnection:
        """Open a connection; the peer is verified unless told otherwise.

        :raises Away: when nobody trustworthy answers there.
        """
        if address.scheme == 'http':
            made = http.client.HTTPConnection(
                address.host, address.port, timeout=self.timeout
            )
        else:
            made = http.client.HTTPSConnection(
                address.host,
                address.port,
                timeout=self.timeout,
                context=_context(self.ca_file, self.insecure),
            )
        try:
            made.connect()
        except ssl.SSLCertVerificationError as error:
            why = (error.verify_message or str(error)).rstrip('.')
            advice = _ADVICE.get(error.verify_code) or self._sign()
            raise Away(
                f'{address}: the certificate is not trusted: {why}; {advice}'
            ) from error
        except ssl.SSLError as error:
            why = f'it speaks no TLS that we know ({_cause(error)})'
            raise Away(f'{address}: {why}: is it http://?') from error
        except (OSError, UnicodeError) as error:
            raise Away(f'{address}: {_cause(error)}') from error
        return made

    def _sign(self) -> str:
        if self.ca_file is None:
            return 'set ca_file to the authority that signed it, or insecure'
        return f'ca_file {self.ca_file} does not hold what signed it'


@functools.cache
def _context(ca_file: str | None, insecure: bool) -> ssl.SSLContext:
    if insecure:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f'[imagecache_xenapi] ca_file {ca_file!r}: {_cause(error)}'
        ) from error


def at_any_time() -> None:
    """Keep no request back."""


class Connection:
    """One connection, for one thread at a time.

    Nothing is ever sent twice here: a call that is lost may have been made.
    """

    def __init__(self, address: Address, dialling: Dialling) -> None:
        self.address = address
        self._http = dialling.connect(address)
        self._transport = _Transport(self._post)
        self._xml = _proxy(str(address), self._transport)

    def close(self) -> None:
        self._http.close()

    @property
    def is_stale(self) -> bool:
        """Tell if the host has closed it, or sent what nobody asked for."""
        sock = self._http.sock
        if sock is None:
            return True
        # Not select(), which takes no descriptor above 1023.
        with selectors.DefaultSelector() as selector:
            selector.register(sock, selectors.EVENT_READ)
            return bool(selector.select(0))

    def xml(
        self, method: str, *params: Any, leave: Leave = at_any_time
    ) -> Any:
        """Make a call over XML-RPC.

        Where ``leave`` raises the connection is of no more use.

        :raises Failed: when xapi says no.
        :raises WrongAnswer: when what came cannot be understood.
        :raises Lost: when no answer came.
        """
        self._transport.leave = leave
        with self._understood(method):
            answer = getattr(self._xml, method)(*params)
            return answers.of_xml(method, answer)

    def json(self, method: str, *params: Any) -> Any:
        """Make a call over JSON-RPC, which is cheaper to decode.

        :raises NoJson: when the host does not know how.
        :raises CallError: as of ``xml``.
        """
        call = {'jsonrpc': '2.0', 'method': method, 'params': params, 'id': 1}
        body = self._post('/jsonrpc', json.dumps(call).encode(), _JSON)
        with self._understood(method):
            return answers.of_json(method, body)

    @contextlib.contextmanager
    def _understood(self, method: str) -> Iterator[None]:
        try:
            yield
        except (xmlrpc.client.Error, answers.Garbled) as error:
            # A no that cannot be read is none: the call may have been made.
            what = _what(error)
            raise WrongAnswer(method, str(self.address), what) from error

    def _post(
        self, path: str, body: bytes, kind: str, leave: Leave = at_any_time
    ) -> bytes:
        headers = {
            'Content-Type': kind,
            'Content-Length': str(len(body)),
            'User-Agent': 'imagecache',
        }
        try:
            self._http.request('POST', path, _leaving(body, leave), headers)
            answer = self._http.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Lost(f'{self.address}: {_cause(error)}') from error
        if answer.will_close:
            self.close()
        if answer.status != http.client.OK:
            if path == '/jsonrpc' and answer.status in _NO_SUCH_PATH:
                raise NoJson(answer.reason)
            target = answer.getheader('Location', '')
            hint = _elsewhere(self.address, target)
            raise Lost(f'{self.address}: HTTP {answer.status}{hint}')
        return content


def _what(error: Exception) -> str:
    if isinstance(error, xmlrpc.client.Fault):
        return f'a fault came: {error.faultString!s:.100}'
    if isinstance(error, xmlrpc.client.Error):
        return 'the answer is no XML-RPC'
    return str(error)


def _leaving(body: bytes, leave: Leave) -> Iterator[bytes]:
    """Give a body when its headers, with which nobody acts, have gone."""
    leave()
    yield body


_NO_SUCH_PATH = (404, 405, 501)


# The parser trusts the peer not to send a fault that is a number, and such.
_UNREADABLE = (
    ArithmeticError,
    LookupError,
    TypeError,
    ValueError,
    expat.ExpatError,
)


class _Transport(xmlrpc.client.Transport):
    """Takes XML-RPC over a connection that is there already.

    The standard library's own sends a call once more when the connection
    breaks, whatever that does.
    """

    def __init__(self, post: Any) -> None:
        super().__init__()
        self._post = post
        self.leave: Leave = at_any_time

    def request(self, host, handler, request_body, verbose=False):  # type: ignore[no-untyped-def]  # noqa: E501
        body = self._post('/RPC2', request_body, _XML, self.leave)
        parser, result = self.getparser()
        try:
            parser.feed(body)
            parser.close()
            return result.close()
        except _UNREADABLE as error:
            raise xmlrpc.client.ResponseError(repr(error)) from error


def _elsewhere(address: Address, target: str) -> str:
    """Say where a redirect leads, which no call ever follows."""
    if address.scheme == 'http' and target.startswith('https:'):
        url = Address('https', address.host, 443)
        return f', it wants https: set [imagecache_xenapi] url to {url}'
    return f' to {target[:100]!r}' if target else ''


def sdk() -> Any:
    """Give the package XenAPI: not before, for handlers are listed without.

    :raises ImportError: when it is not installed.
    """
    import XenAPI

    return XenAPI


def _proxy(url: str, transport: xmlrpc.client.Transport) -> Any:
    return sdk().Session(url, transport=transport)


def _cause(error: Exception) -> str:
    return getattr(error, 'strerror', None) or str(error) or repr(error)
