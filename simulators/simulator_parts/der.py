"""DER, the encoding of certificates, as far as these need it."""

import datetime

_LONG = 0x80


def join(tag: int, *parts: bytes) -> bytes:
    """Write what consists of parts."""
    body = b''.join(parts)
    size = len(body)
    if size < _LONG:
        return bytes((tag, size)) + body
    digits = size.to_bytes((size.bit_length() + 7) // 8, 'big')
    return bytes((tag, _LONG | len(digits))) + digits + body


def write_whole(number: int) -> bytes:
    """Write a number that is not negative."""
    return join(0x02, number.to_bytes(number.bit_length() // 8 + 1, 'big'))


def write_bits(data: bytes) -> bytes:
    return join(0x03, b'\0', data)


def write_time(moment: datetime.datetime) -> bytes:
    """Write a time in UTC, to the second."""
    return join(0x18, moment.strftime('%Y%m%d%H%M%SZ').encode())


def name_object(dotted: str) -> bytes:
    """Write an object identifier."""
    first, second, *others = (int(one) for one in dotted.split('.'))
    body = bytes((first * 40 + second,))
    for number in others:
        digits = [number & 0x7F]
        while number := number >> 7:
            digits.append(_LONG | number & 0x7F)
        body += bytes(reversed(digits))
    return join(0x06, body)
