"""Checksum: what the bytes of a file hash to, and by which algorithm."""

import dataclasses
import re

from imagecache_handlers.checked_values import check_text

_HEX = re.compile(r'[0-9a-f]+', flags=re.ASCII)
# Best first.
_DIGITS = {'sha512': 128, 'sha256': 64, 'md5': 32}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Checksum:
    """What the bytes of a file hash to: ``value`` in lower-case hex."""

    algorithm: str
    value: str

    def __post_init__(self) -> None:
        check_text('hash algorithm', self.algorithm)
        check_text('hash', self.value)
        digits = _DIGITS.get(self.algorithm)
        if digits is None:
            known = ', '.join(_DIGITS)
            raise ValueError(
                f'hash algorithm {self.algorithm!r} is none of {known}'
            )
        if len(self.value) != digits or not _HEX.fullmatch(self.value):
            raise ValueError(
                f'{self.value[:200]!r} is no {self.algorithm}: that has '
                f'{digits} digits of 0-9 a-f'
            )
