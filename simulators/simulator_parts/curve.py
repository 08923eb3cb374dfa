"""Curve P-256: keys and signatures for certificates that are thrown away.

Nothing here is safe against who measures time: it is for loopback tests.
"""

import hashlib
import secrets

_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_A = _P - 3
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_BASE = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)

Point = tuple[int, int]


def make_secret() -> int:
    """Make a private key."""
    return secrets.randbelow(_ORDER - 1) + 1


def find_point(secret: int) -> Point:
    """Give the public key of a private one."""
    found = _multiply_point(secret, _BASE)
    assert found is not None  # noqa: S101
    return found


def sign(secret: int, message: bytes) -> tuple[int, int]:
    """Sign the SHA-256 of a message."""
    digest = int.from_bytes(hashlib.sha256(message).digest(), 'big')
    while True:
        nonce = make_secret()
        first = find_point(nonce)[0] % _ORDER
        second = pow(nonce, -1, _ORDER) * (digest + first * secret) % _ORDER
        if first and second:
            return first, second


def _multiply_point(factor: int, point: Point) -> Point | None:
    found: Point | None = None
    adding: Point | None = point
    while factor:
        if factor & 1:
            found = _add_points(found, adding)
        adding = _add_points(adding, adding)
        factor >>= 1
    return found


def _add_points(one: Point | None, other: Point | None) -> Point | None:
    if one is None or other is None:
        return one or other
    (x1, y1), (x2, y2) = one, other
    if x1 == x2 and (y1 + y2) % _P == 0:
        return None
    if one == other:
        slope = (3 * x1 * x1 + _A) * pow(2 * y1, -1, _P)
    else:
        slope = (y2 - y1) * pow(x2 - x1, -1, _P)
    x3 = (slope * slope - x1 - x2) % _P
    return x3, (slope * (x1 - x3) - y1) % _P
