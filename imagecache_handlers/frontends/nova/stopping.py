"""Stopping: work that is told to end, and then waited for."""

from collections.abc import Iterator
import contextlib
import threading
import time


class StoppableWork:
    """What is under way in whatever threads, and can be told to end."""

    def __init__(self) -> None:
        # What tells it to end, and what tells that it has.
        self._under_way: dict[threading.Event, threading.Event] = {}

    @contextlib.contextmanager
    def begun(self) -> Iterator[threading.Event]:
        """Count as under way; given is what is set when it is to end."""
        stop, ended = threading.Event(), threading.Event()
        self._under_way[stop] = ended
        try:
            yield stop
        finally:
            del self._under_way[stop]
            ended.set()

    def end(self, patience: float) -> bool:
        """Tell all of it to end, and wait so many seconds at most.

        What begins afterwards is told nothing.

        :returns: whether it has ended.
        """
        latest = time.monotonic() + patience
        told = dict(self._under_way)
        for stop in told:
            stop.set()
        for ended in told.values():
            ended.wait(max(0, latest - time.monotonic()))
        return all(ended.is_set() for ended in told.values())
