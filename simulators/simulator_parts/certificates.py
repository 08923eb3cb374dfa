"""Certificates for loopback servers, signed by a CA that is made for them."""

import base64
import dataclasses
import datetime
import hashlib
import ipaddress
import secrets
import textwrap

from simulator_parts import curve
from simulator_parts import der

_SHA256 = der.join(0x30, der.name_object('1.2.840.10045.4.3.2'))
_KEY_KIND = der.join(
    0x30,
    der.name_object('1.2.840.10045.2.1'),
    der.name_object('1.2.840.10045.3.1.7'),
)
_ALTERNATIVES, _CONSTRAINTS = '2.5.29.17', '2.5.29.19'
_OWN_KEY, _ISSUERS_KEY, _USAGE = '2.5.29.14', '2.5.29.35', '2.5.29.15'
NAMES = 'localhost', '127.0.0.1', '::1'
_DAY = datetime.timedelta(days=1)


@dataclasses.dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key, both PEM."""

    certificate: str
    key: str


class Authority:
    """A CA; ``certificate`` is what clients trust it by (PEM)."""

    def __init__(self, name: str = 'simulated CA') -> None:
        self._name = name
        self._secret = curve.make_secret()
        body = _make_body(name, name, self._secret, self._secret, ())
        self.certificate = _sign_body(body, self._secret)

    def issue(self, names: tuple[str, ...] = NAMES) -> Pair:
        """Issue a certificate for host names and addresses."""
        secret = curve.make_secret()
        body = _make_body(
            names[0] if names else 'nobody',
            self._name,
            secret,
            self._secret,
            names,
        )
        return Pair(_sign_body(body, self._secret), _write_key(secret))


def _make_body(
    subject: str,
    issuer: str,
    secret: int,
    signer: int,
    names: tuple[str, ...],
) -> bytes:
    now = datetime.datetime.now(datetime.UTC)
    return der.join(
        0x30,
        der.join(0xA0, der.write_whole(2)),
        der.write_whole(secrets.randbits(120)),
        _SHA256,
        _write_name(issuer),
        der.join(
            0x30,
            der.write_time(now - _DAY),
            der.write_time(now + 365 * _DAY),
        ),
        _write_name(subject),
        der.join(0x30, _KEY_KIND, der.write_bits(_write_point(secret))),
        der.join(
            0xA3, der.join(0x30, *_list_extensions(secret, signer, names))
        ),
    )


def _list_extensions(
    secret: int, signer: int, names: tuple[str, ...]
) -> list[bytes]:
    """Write the extensions: whose key it is, and what it is good for."""
    is_root = secret == signer
    found = [
        _write_extension(_OWN_KEY, der.join(0x04, _key_name(secret))),
        _write_extension(
            _ISSUERS_KEY, der.join(0x30, der.join(0x80, _key_name(signer)))
        ),
    ]
    if is_root:
        yes = der.join(0x01, b'\xff')
        found.append(_write_extension(_CONSTRAINTS, der.join(0x30, yes), yes))
        # Signing of certificates and of lists of revoked ones.
        signing = der.join(0x03, b'\x01\x06')
        found.append(_write_extension(_USAGE, signing, yes))
    if names:
        alternatives = der.join(
            0x30, *(_write_alternative(one) for one in names)
        )
        found.append(_write_extension(_ALTERNATIVES, alternatives))
    return found


def _write_extension(kind: str, value: bytes, critical: bytes = b'') -> bytes:
    return der.join(
        0x30, der.name_object(kind), critical, der.join(0x04, value)
    )


def _write_alternative(name: str) -> bytes:
    try:
        return der.join(0x87, ipaddress.ip_address(name).packed)
    except ValueError:
        return der.join(0x82, name.encode('idna'))


def _write_name(text: str) -> bytes:
    common = der.join(0x0C, text.encode())
    pair = der.join(0x30, der.name_object('2.5.4.3'), common)
    return der.join(0x30, der.join(0x31, pair))


def _write_point(secret: int) -> bytes:
    x, y = curve.find_point(secret)
    return b'\x04' + x.to_bytes(32, 'big') + y.to_bytes(32, 'big')


def _key_name(secret: int) -> bytes:
    return hashlib.sha256(_write_point(secret)).digest()[:20]


def _sign_body(body: bytes, secret: int) -> str:
    signature = der.join(
        0x30, *(der.write_whole(one) for one in curve.sign(secret, body))
    )
    signed = der.join(0x30, body, _SHA256, der.write_bits(signature))
    return _write_pem('CERTIFICATE', signed)


def _write_key(secret: int) -> str:
    inner = der.join(
        0x30,
        der.write_whole(1),
        der.join(0x04, secret.to_bytes(32, 'big')),
        der.join(0xA1, der.write_bits(_write_point(secret))),
    )
    key = der.join(0x30, der.write_whole(0), _KEY_KIND, der.join(0x04, inner))
    return _write_pem('PRIVATE KEY', key)


def _write_pem(label: str, data: bytes) -> str:
    text = '\n'.join(textwrap.wrap(base64.b64encode(data).decode(), 64))
    return f'-----BEGIN {label}-----\n{text}\n-----END {label}-----\n'
