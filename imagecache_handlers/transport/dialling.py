"""Dialling: how a connection is made, and whom it trusts."""

import contextlib
import dataclasses
import functools
import http.client
import socket
import ssl
import time
from typing import ClassVar

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.transport.address import Address
from imagecache_handlers.transport.bounded_socket import BoundedSocket
from imagecache_handlers.transport.errors import Unreachable

# By the numbers that OpenSSL gives to what is wrong with a certificate.
_OTHER_NAME = (
    'in [{group}] url use a name that it is for, or have one made for this '
    'one, too'
)
_ADVICE = {
    9: 'compare the clocks',
    10: 'have a new one made, or compare the clocks',
    62: _OTHER_NAME,
    64: _OTHER_NAME,
}


class Http(http.client.HTTPConnection):
    """HTTP over a socket that is there already, and over no other."""

    auto_open = 0

    def __init__(self, address: Address, line: BoundedSocket) -> None:
        super().__init__(address.host, address.port)
        self.line = line
        self.sock = line


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionOptions:
    """How connections are made.

    ``timeout``, in seconds, is for making one as a whole, and for each
    exchange as a whole.  ``insecure`` takes any certificate, and ``http``.
    ``GROUP`` is that of the options, which an error names.
    """

    GROUP: ClassVar[str]

    timeout: float = 60.0
    ca_file: str | None = None
    insecure: bool = False

    def connect(self, address: Address) -> Http:
        """Open a connection; the peer is verified unless told otherwise.

        :raises Unreachable: when nobody trustworthy answers there.
        """
        end = time.monotonic() + self.timeout
        try:
            sock = self._open_socket(address, end)
        except ssl.SSLCertVerificationError as error:
            why = (error.verify_message or str(error)).rstrip('.')
            advice = self._advise(error.verify_code)
            raise Unreachable(
                f'{address}: the certificate is not trusted: {why}; {advice}'
            ) from error
        except ssl.SSLError as error:
            why = f'it speaks no TLS that we know ({explain_cause(error)})'
            raise Unreachable(f'{address}: {why}: is it http://?') from error
        except TimeoutError as error:
            why = f'no connection within {self.timeout:g} s'
            raise Unreachable(f'{address}: {why}') from error
        except (OSError, UnicodeError) as error:
            raise Unreachable(f'{address}: {explain_cause(error)}') from error
        return Http(address, BoundedSocket(sock, self.timeout))

    def _open_socket(self, address: Address, end: float) -> socket.socket:
        with contextlib.ExitStack() as failing:
            sock = _reach_host(address, end)
            failing.callback(sock.close)
            if address.scheme == 'https':
                sock = self._secure_socket(sock, address, end)
            failing.pop_all()
            return sock

    def _secure_socket(
        self, sock: socket.socket, address: Address, end: float
    ) -> ssl.SSLSocket:
        context = self._make_context()
        sock.settimeout(_seconds_left(end))
        return context.wrap_socket(sock, server_hostname=address.host)

    def _make_context(self) -> ssl.SSLContext:
        try:
            return _make_context(self.ca_file, self.insecure)
        except (OSError, ssl.SSLError) as error:
            why = explain_cause(error)
            raise ConfigurationError(
                f'[{self.GROUP}] ca_file {self.ca_file!r}: {why}'
            ) from error

    def _advise(self, code: int) -> str:
        """Say what may mend what OpenSSL has that number for."""
        if code in _ADVICE:
            return _ADVICE[code].format(group=self.GROUP)
        if self.ca_file is None:
            return 'set ca_file to the authority that signed it, or insecure'
        return f'ca_file {self.ca_file} does not hold what signed it'


def _reach_host(address: Address, end: float) -> socket.socket:
    """Connect to the first that is there, of what a name stands for."""
    found = socket.getaddrinfo(
        address.host, address.port, type=socket.SOCK_STREAM
    )
    # Each has its share of the time: a dead one leaves some to the others.
    for shares, (family, kind, number, _, where) in zip(
        range(len(found), 0, -1), found, strict=True
    ):
        sock = socket.socket(family, kind, number)
        try:
            sock.settimeout(_seconds_left(end) / shares)
            sock.connect(where)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            sock.close()
            if shares == 1:
                raise
        else:
            return sock
    raise OSError('the name stands for no address')


def _seconds_left(end: float) -> float:
    """Give the seconds that are left.

    :raises TimeoutError: when none are.
    """
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


@functools.cache
def _make_context(ca_file: str | None, insecure: bool) -> ssl.SSLContext:
    if insecure:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    return ssl.create_default_context(cafile=ca_file)


def explain_cause(error: Exception) -> str:
    """Say what is behind an error, of which a peer may have written some."""
    said = getattr(error, 'strerror', None) or str(error) or repr(error)
    return str(said)[:200]
