"""The clocks that a handler goes by, so that tests can wind them."""

from collections.abc import Callable
import dataclasses
import datetime
import time


def utc_now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """Wall clock, monotonic clock (seconds) and sleep (seconds)."""

    now: Callable[[], datetime.datetime] = utc_now
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep
