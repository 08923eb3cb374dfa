"""Place: where metrics are served, and what its files say."""

import dataclasses
import os
import pathlib
import stat
from typing import TYPE_CHECKING

from imagecache_handlers.exceptions import ConfigurationError

if TYPE_CHECKING:
    import ssl

LOOPBACK = '127.0.0.1'
DEFAULT = f'{LOOPBACK}:9185'

_LONGEST_WORD = 4096
_CERT, _KEY = b'-----BEGIN CERTIFICATE-----', b'PRIVATE KEY-----'


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where to serve, and whom.

    ``auth`` names a file with the one line ``user:password``; ``cert`` and
    ``key`` name files in PEM, for TLS.
    """

    host: str
    port: int
    auth: str | None = None
    cert: str | None = None
    key: str | None = None


def parse_place(text: str) -> tuple[str, int]:
    """Read ``HOST:PORT``, or a port of the loopback address.

    :raises ValueError: when it is neither.
    """
    host, _, port = text.rpartition(':')
    host = host.removeprefix('[').removesuffix(']') or LOOPBACK
    if not port.isascii() or not port.isdecimal() or int(port) > 65535:
        raise ValueError(f'{text!r} is not HOST:PORT, as in {DEFAULT}')
    return host, int(port)


def load_context(place: Place) -> 'ssl.SSLContext | None':
    """Give what TLS takes, if it is wanted.

    :raises ConfigurationError: when a file of it cannot be used.
    """
    if place.cert is None:
        return None
    # Not before it is wanted: every sweep would wait for it.
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        # Of a key with a password nobody is there to be asked.
        context.load_cert_chain(place.cert, place.key, password=b'')
    except (OSError, ValueError) as error:
        raise ConfigurationError(_explain_refusal(place, error)) from error
    return context


def _explain_refusal(place: Place, error: Exception) -> str:
    """Say which file is wrong, and what to do: OpenSSL does not."""
    cert, key = str(place.cert), place.key
    for name in filter(None, (cert, key)):
        try:
            text = pathlib.Path(name).read_bytes()
        except OSError as unread:
            return f'{name} cannot be used for TLS: {unread.strerror}'
        if name == cert and _CERT not in text:
            return f'{cert} cannot be used for TLS: no certificate in PEM'
        if name == (key or cert) and _KEY not in text:
            return (
                f'{name} cannot be used for TLS: no private key in PEM; name '
                f'the file that has it with --metrics-key'
            )
    return (
        f'the certificate {cert} cannot be used with the key in '
        f'{key or cert}, which must be its own and have no password: {error}'
    )


def read_word(path: str | None) -> bytes | None:
    """Read who may scrape: ``user:password``, in a file of our own.

    :raises ConfigurationError: when it says no such thing, or says it to
        everybody.
    """
    if path is None:
        return None
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(handle, 'rb') as file:
            open_to_all = os.fstat(file.fileno()).st_mode & stat.S_IROTH
            word = file.read(_LONGEST_WORD).strip()
    except OSError as error:
        raise ConfigurationError(
            f'{path} cannot be read: {error.strerror}'
        ) from error
    user, _, password = word.partition(b':')
    if not user or not password or len(word.split(b'\n')) > 1:
        raise ConfigurationError(f'{path} must hold one line, user:password')
    if open_to_all:
        raise ConfigurationError(
            f'{path} has a password that everybody may read: chmod o-r'
        )
    return word
