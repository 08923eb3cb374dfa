"""Stopping: whoever works on a stage asks, often, if it is to go on."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator

from imagecache_handlers.clocks import Clocks
from imagecache_handlers.exceptions import Stopped

ShouldStop = Callable[[], bool]

# Seconds between two such questions while nothing happens.
_PAUSE = 0.2


def never() -> bool:
    """Go on to the end."""
    return False


def check_stop(should_stop: ShouldStop, image_id: str) -> None:
    """Raise ``Stopped`` when it is not to go on."""
    if should_stop():
        raise Stopped(image_id, 'what has come of it stays for the next time')


def stop_between(
    pieces: Iterable[bytes], should_stop: ShouldStop, image_id: str
) -> Iterator[bytes]:
    """Give pieces, and raise ``Stopped`` when it is not to go on."""
    for piece in pieces:
        check_stop(should_stop, image_id)
        yield piece


def sleep_unless(
    clocks: Clocks, seconds: float, should_stop: ShouldStop, image_id: str
) -> None:
    """Wait, and ask meanwhile.

    :raises Stopped: when it is not to go on.
    """
    end = clocks.monotonic() + seconds
    while True:
        check_stop(should_stop, image_id)
        left = end - clocks.monotonic()
        if left <= 0:
            return
        clocks.sleep(min(left, _PAUSE))
