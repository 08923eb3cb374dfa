"""Telling: what a caller hears of one image while it comes in."""

from collections.abc import Callable

from imagecache_handlers.actions.prefetched import Began
from imagecache_handlers.actions.prefetched import Progress
from imagecache_handlers.actions.prefetched import Tell
from imagecache_handlers.actions.prefetched import Waiting

# Into how many parts an image is cut: after each of these somebody else
# wants to know, too.
_PARTS = 16


class Telling:
    """Tells of one image that comes into one store."""

    def __init__(self, tell: Tell, image_id: str, store: str) -> None:
        self._tell = tell
        self._image_id = image_id
        self._store = store
        self._told: set[bool] = set()

    def tell_waiting(self, most: float, *, here: bool = False) -> None:
        """Tell once that somebody is waited for, see ``Waiting``."""
        if here in self._told:
            return
        self._told.add(here)
        waiting = Waiting(
            image_id=self._image_id, store=self._store, most=most, here=here
        )
        self._tell(waiting)

    def tell_begin(self, size: int) -> None:
        """Tell that so many bytes begin to come."""
        began = Began(image_id=self._image_id, store=self._store, size=size)
        self._tell(began)

    def tell_progress(
        self, size: int, on_part: Callable[[], object]
    ) -> Callable[[int], object]:
        """Give what tells how many bytes are here, of so many.

        It calls ``on_part`` after each large part of them.
        """
        part = size // _PARTS + 1
        last = 0

        def tell(done: int) -> None:
            nonlocal last
            if done - last >= part:
                last = done
                on_part()
            progress = Progress(
                image_id=self._image_id,
                store=self._store,
                done=done,
                size=size,
            )
            self._tell(progress)

        return tell
