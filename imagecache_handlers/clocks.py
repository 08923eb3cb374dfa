"""Clocks: what a sweep goes by, and times that never overflow."""

from collections.abc import Callable
import dataclasses
import datetime
import time


# Seconds between two looks at an image that somebody else is busy with.
POLL = 2.0


def utc_now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """Time that others see, time that never jumps, and how to wait.

    ``now`` gives aware times, ``monotonic`` and ``sleep`` count seconds.
    """

    now: Callable[[], datetime.datetime] = utc_now
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep


class Timer:
    """How long ago it was started, whatever the wall clock does."""

    def __init__(self, clocks: Clocks) -> None:
        self._clocks = clocks
        self._started = clocks.monotonic()

    @property
    def elapsed(self) -> datetime.timedelta:
        seconds = self._clocks.monotonic() - self._started
        return datetime.timedelta(seconds=seconds)


# Late enough for never, with a day to spare for every time zone.
_NEVER = datetime.datetime(9999, 12, 30, tzinfo=datetime.UTC)


def add_span(
    at: datetime.datetime, span: datetime.timedelta
) -> datetime.datetime:
    """Give the time after a span, however long that is."""
    try:
        return at + span
    except OverflowError:
        return _NEVER
