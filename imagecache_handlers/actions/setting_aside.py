"""Setting aside: an eviction after which the bytes are still there."""

from collections.abc import Callable

from imagecache_handlers.actions.guard import GuardedHandler
from imagecache_handlers.model import CachedImage


class SettingAside(GuardedHandler):
    """A guarded handler whose ``evict`` is its ``quarantine``.

    So whatever an eviction owes to those who use an image is owed here.
    ``place`` is where the last one lies now.
    """

    def __init__(self, handler: GuardedHandler) -> None:
        vars(self).update(vars(handler))
        self.evicts_many = False
        self.place = ''

    def evict(
        self, image: CachedImage, alive: Callable[[], bool]
    ) -> int | None:
        self.place = self.quarantine(image, alive)
        # Its bytes are not free, nor will they be by themselves.
        return None
