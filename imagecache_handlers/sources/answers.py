"""Answers: what one of HTTP says, and whether asking again may help."""

from collections.abc import Mapping
import dataclasses
import datetime
import email.utils
import re

from imagecache_handlers.clocks import utc_now
from imagecache_handlers.exceptions import SourceError

_RANGE = re.compile(r'bytes (\d{1,19})-(\d{1,19})/(\d{1,19})', re.ASCII)
_NUMBER = re.compile(r'\d{1,19}', re.ASCII)
# No source is heeded that wants to be left alone for longer.
_LONGEST = 86400.0

_FINAL = {
    401: 'it does not take these credentials: check those of the source',
    403: 'it is forbidden: check whom the image is shared with',
    404: 'there is none: check the id, and that its project may see it',
    410: 'it is gone',
    416: 'it has no such bytes: the image is another one by now',
}
_PASSING = {
    408: 'it waited for too long',
    409: 'the image is being changed',
    429: 'it is asked too often',
    500: 'it has failed',
    502: 'what stands before it gets no answer',
    503: 'it is out of service',
    504: 'what stands before it gets no answer in time',
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Status and headers, whose names are looked up in any case."""

    source: str
    status: int
    headers: Mapping[str, str]

    def check_status(self, *wanted: int) -> None:
        """Refuse each other status.

        :raises SourceError: with ``retry`` and ``after`` as it says.
        """
        if self.status in wanted:
            return
        why = _FINAL.get(self.status) or _PASSING.get(self.status)
        raise SourceError(
            self.source,
            f'{why or "it answers what nobody expects"} ({self.status})',
            retry=self.status in _PASSING,
            after=self._read_delay() if self.status in _PASSING else None,
        )

    def check_encoding(self) -> None:
        """Refuse bytes that are not those of the image.

        :raises SourceError: when they are compressed, which nobody asked for.
        """
        encoding = self.headers.get('Content-Encoding') or 'identity'
        if encoding.strip().lower() != 'identity':
            why = f'its bytes come as {encoding[:50]!r}: nobody asked for that'
            raise SourceError(self.source, why)

    def read_length(self) -> int | None:
        """Tell how many bytes follow; None: it does not say.

        :raises SourceError: when that is no number.
        """
        text = self.headers.get('Content-Length')
        if text is None:
            return None
        if not _NUMBER.fullmatch(text.strip()):
            why = f'its Content-Length is {text[:50]!r}'
            raise SourceError(self.source, why)
        return int(text)

    def check_length(self, wanted: int) -> None:
        """Refuse an answer of another length than that.

        :raises SourceError: tells both.
        """
        length = self.read_length()
        if length is not None and length != wanted:
            raise SourceError(
                self.source,
                f'it sends {length:,} bytes where {wanted:,} are wanted: the '
                f'image is not what was said of it',
            )

    def check_range(self, start: int, size: int) -> None:
        """Refuse other bytes than those from ``start`` to the end of all.

        :raises SourceError: tells what it is said to be.
        """
        text = self.headers.get('Content-Range') or ''
        found = _RANGE.fullmatch(text.strip())
        if not found or [*map(int, found.groups())] != [start, size - 1, size]:
            raise SourceError(
                self.source,
                f'asked for bytes {start}-{size - 1} of {size} it sends '
                f'{text[:80]!r}',
            )

    def _read_delay(self) -> float | None:
        """Tell how many seconds it wants to be left alone."""
        text = (self.headers.get('Retry-After') or '').strip()
        if _NUMBER.fullmatch(text):
            return min(float(text), _LONGEST)
        try:
            until = email.utils.parsedate_to_datetime(text)
        except (ValueError, OverflowError):
            return None
        if until.tzinfo is None:
            until = until.replace(tzinfo=datetime.UTC)
        seconds = (until - utc_now()).total_seconds()
        return min(max(seconds, 0.0), _LONGEST)
