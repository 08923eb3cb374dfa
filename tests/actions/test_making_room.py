"""Room is made of no more than it takes."""

import dataclasses

import pytest

from imagecache_handlers.testing.memory import MemoryHandler
from imagecache_handlers.testing.shelf import Shelf
from tests.actions.incoming import HOUR
from tests.actions.incoming import Images
from tests.actions.incoming import put
from tests.actions.incoming import settings
from tests.actions.incoming import Time


class Late(MemoryHandler):
    """A store that shows some seconds later what was freed.

    As btrfs, ZFS, a thin pool or NFS may.
    """

    def __init__(self, shelf, time, late):
        super().__init__(shelf)
        self.time = time
        self.late = late
        self.freed = []

    def evict(self, image, *args):
        size = super().evict(image, *args)
        self.freed.append((self.time.passed + self.late, size))
        return size

    def stores(self):
        hidden = sum(size for at, size in self.freed if at > self.time.passed)
        return [
            dataclasses.replace(one, free=max(0, one.free - hidden))
            for one in super().stores()
        ]


@pytest.mark.parametrize(('late', 'did'), [(60, 'cached'), (900, 'refused')])
def test_what_is_free_late_costs_no_more_images(tmp_path, late, did):
    """30 bytes are wanted, each of nine idle images frees 100."""
    shelf, time = Shelf(total=1000), Time()
    put(shelf, 'used', 100, users={'vm'})
    for number in range(9):
        put(shelf, f'idle-{number}', 100)
    cache = time.open_cache(Late(shelf, time, late))
    [result] = cache.prefetch(
        ['a'], Images(a=b'a' * 30), HOUR, settings=settings(tmp_path)
    )
    assert result.did == did
    assert ('not free yet' in result.why) == (did == 'refused')
    idle = [one for one in shelf.entries if one.startswith('at-idle')]
    assert len(idle) == 8
    # However long it took to show, it is there for the next try.
    time.sleep(900)
    [result] = cache.prefetch(
        ['a'], Images(a=b'a' * 30), HOUR, settings=settings(tmp_path)
    )
    assert result.is_there
