"""Room is made of no more than it takes; what is told is there is there."""

import dataclasses
import datetime

from imagecache_handlers import ImageCache
from imagecache_handlers.clocks import utc_now
from imagecache_handlers.testing.memory import MemoryHandler
from imagecache_handlers.testing.shelf import Shelf
from tests.actions.incoming import HOUR
from tests.actions.incoming import Images
from tests.actions.incoming import put
from tests.actions.incoming import QUICK
from tests.actions.incoming import settings

# As long as btrfs, ZFS, a thin pool or NFS may take to show what was freed.
LATE = 60


class Late(MemoryHandler):
    """A store that shows some seconds later what was freed."""

    def __init__(self, shelf, monotonic):
        super().__init__(shelf)
        self.monotonic = monotonic
        self.freed = []

    def evict(self, image, *args):
        size = super().evict(image, *args)
        self.freed.append((self.monotonic() + LATE, size))
        return size

    def stores(self):
        now = self.monotonic()
        hidden = sum(size for at, size in self.freed if at > now)
        return [
            dataclasses.replace(one, free=max(0, one.free - hidden))
            for one in super().stores()
        ]


def test_what_is_free_late_costs_no_more_images(tmp_path):
    """30 bytes are wanted, each of nine idle images frees 100."""
    shelf = Shelf(total=1000)
    put(shelf, 'used', 100, users={'vm'})
    for number in range(9):
        put(shelf, f'idle-{number}', 100)
    passed = [0.0]
    start = utc_now()

    def sleep(seconds):
        passed[0] += seconds

    cache = ImageCache(
        Late(shelf, lambda: passed[0]),
        QUICK,
        clock=lambda: start + datetime.timedelta(seconds=passed[0]),
        monotonic=lambda: passed[0],
        sleep=sleep,
    )
    cache.prefetch(
        ['a'], Images(a=b'a' * 30), HOUR, settings=settings(tmp_path)
    )
    idle = [one for one in shelf.entries if one.startswith('at-idle')]
    assert len(idle) == 8, f'{9 - len(idle)} images went for 30 bytes'
