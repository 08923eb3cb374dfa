"""Reading ahead: a source is read in a thread, while its bytes are written."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import queue
import threading
from typing import cast

from imagecache_handlers.exceptions import Stopped
from imagecache_handlers.source import Stretch
from imagecache_handlers.staging.stopping import check_stop
from imagecache_handlers.staging.stopping import never
from imagecache_handlers.staging.stopping import ShouldStop

# Pieces that wait to be written: whoever is faster waits.  With one in hand on
# either side four have come and are lost when the process dies: a MiB.
_MOST = 2

# Seconds between two questions if it is to go on, while nothing comes.
_PAUSE = 0.2

_Item = int | bytes | BaseException | None
Opened = contextlib.AbstractContextManager[Stretch]


@contextlib.contextmanager
def read_ahead(
    opened: Opened, image_id: str, should_stop: ShouldStop = never
) -> Iterator[Stretch]:
    """Give what ``opened`` gives, which one other thread enters and leaves.

    It has left when this ends; of one that is stopped while nothing comes
    it leaves by itself, once something comes or fails.  What it raises is
    raised here, after all that came before.

    :raises Stopped: when it is not to go on, whether or not a piece comes.
    """
    reader = _Reader(opened, lambda: check_stop(should_stop, image_id))
    reader.start()
    try:
        yield reader.take_stretch()
    except Stopped:
        reader.dismiss()
        raise
    finally:
        reader.end()


class _Reader(threading.Thread):
    """Puts where a stretch starts, its pieces, and how it ended in a queue."""

    def __init__(self, opened: Opened, go_on: Callable[[], None]) -> None:
        super().__init__(name='imagecache reading', daemon=True)
        self._opened = opened
        self._go_on = go_on
        self._patience: float | None = None
        self._queue = queue.Queue[_Item](_MOST)
        self._unwanted = threading.Event()

    def run(self) -> None:
        try:
            self._read()
        # Others wrote it, and who waits for a piece would do so for ever.
        except BaseException as error:  # noqa: BLE001
            self._put(error)
        else:
            self._put(None)

    def _read(self) -> None:
        with self._opened as stretch:
            self._put(stretch.start)
            for piece in stretch.chunks:
                self._put(_keep_piece(piece))
                # Before the next is asked for, which may take long.
                if self._unwanted.is_set():
                    break

    def _put(self, what: _Item) -> None:
        if not self._unwanted.is_set():
            self._queue.put(what)

    def take_stretch(self) -> Stretch:
        # Nothing else comes first, but an error, which is raised.
        start = cast(int, self._take())
        return Stretch(start, self._take_pieces())

    def _take_pieces(self) -> Iterator[bytes]:
        while isinstance(piece := self._take(), bytes):
            yield piece

    def _take(self) -> int | bytes | None:
        what = self._await_item()
        if isinstance(what, BaseException):
            raise what
        return what

    def _await_item(self) -> _Item:
        while True:
            with contextlib.suppress(queue.Empty):
                return self._queue.get(timeout=_PAUSE)
            self._go_on()

    def dismiss(self) -> None:
        """Wait no longer for it at the end than it takes to leave."""
        self._patience = _PAUSE

    def end(self) -> None:
        """Have it stop after the piece that it waits for."""
        self._unwanted.set()
        with contextlib.suppress(queue.Empty):
            # After this it puts one more at most, which finds room.
            while True:
                self._queue.get_nowait()
        self.join(self._patience)


def _keep_piece(piece: bytes) -> bytes:
    """Give a piece that stays as it is while its source reads on.

    A bytearray passes for bytes, and may be filled again.
    """
    return piece if isinstance(piece, bytes) else bytes(piece)
