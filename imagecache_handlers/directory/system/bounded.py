"""Bound: work that may hang for ever, and does not hang who waits for it.

A mount that is dead keeps whoever looks at it in the kernel, and nobody can
call him back.  So he is somebody else: a thread that is left behind, and that
neither a service nor a command waits for when it ends.
"""

from collections.abc import Callable
import threading
import time
import types
from typing import Generic
from typing import Self
from typing import TypeVar

Result = TypeVar('Result')

# Seconds for one step; each is a call or two of the kernel.
PATIENCE = 30.0


class Hangs(Exception):
    """The work stands still; the text is what it was at."""


class Progress:
    """Where some work is; told before each call that may hang."""

    def __init__(self) -> None:
        self.at = ''
        self.steps = 0
        self.is_over = threading.Event()
        self.is_left = False
        self.error: BaseException | None = None

    def step(self, at: str) -> None:
        """Tell what comes next."""
        self.at = at
        self.steps += 1
        if self.is_left:
            raise Hangs(at)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> bool:
        """Hand over to the one who waits, whatever it is."""
        self.error = error
        self.is_over.set()
        return True


class Bounded(Generic[Result]):
    """One kind of work, done over and over."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._left: Progress | None = None

    def run(self, work: Callable[[Progress], Result]) -> Result:
        """Do it in a thread, and leave that behind if it stands still.

        While one is left behind nobody else goes there.

        :raises Hangs: when it does; the text is what it was at.
        """
        left = self._left
        if left is not None and not left.is_over.is_set():
            raise Hangs(left.at)
        progress, results = Progress(), list[Result]()

        def act() -> None:
            with progress:
                results.append(work(progress))

        threading.Thread(target=act, name='imagecache', daemon=True).start()
        self._wait_for_result(progress)
        if progress.error is not None:
            raise progress.error
        return results[0]

    def _wait_for_result(self, progress: Progress) -> None:
        steps, since = -1, time.monotonic()
        while not progress.is_over.wait(self._patience / 8):
            if progress.steps != steps:
                steps, since = progress.steps, time.monotonic()
            elif time.monotonic() - since >= self._patience:
                progress.is_left = True
                self._left = progress
                raise Hangs(progress.at)
