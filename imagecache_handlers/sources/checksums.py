"""Checksums: what a person gives for one, such as ``sha256:9f86...``."""

from imagecache_handlers.checksum import Checksum
from imagecache_handlers.exceptions import SourceError

_STRONG = 'sha512', 'sha256'


def parse_checksum(text: str, source: str) -> Checksum:
    """Read a checksum of a kind that nobody can forge.

    :raises SourceError: says what it should have been.
    """
    algorithm, _, value = text.strip().lower().partition(':')
    if algorithm not in _STRONG:
        why = f'checksum {text[:200]!r} must be sha256:... or sha512:...'
        raise SourceError(source, why)
    try:
        return Checksum(algorithm=algorithm, value=value)
    except ValueError as error:
        raise SourceError(source, f'checksum: {error}') from error
