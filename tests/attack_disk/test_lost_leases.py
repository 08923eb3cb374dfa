"""A lease that was granted stays, whatever becomes of a longer one."""

import datetime

from imagecache_handlers.clocks import utc_now
from imagecache_handlers import Evidence
from imagecache_handlers import ImageCache
from imagecache_handlers import Rules
from imagecache_handlers import StoreUnavailable
from imagecache_handlers.testing.memory import MemoryHandler
from imagecache_handlers.testing.shelf import Shelf
from tests.actions.incoming import HOUR
from tests.actions.incoming import Images
from tests.actions.incoming import put
from tests.actions.incoming import settings


class Time:
    def __init__(self):
        self.start = utc_now()
        self.passed = 0.0

    def sleep(self, seconds):
        self.passed += seconds

    def now(self):
        return self.start + datetime.timedelta(seconds=self.passed)

    def open_cache(self, handler):
        return ImageCache(
            handler,
            Rules(),
            clock=self.now,
            monotonic=lambda: self.passed,
            sleep=self.sleep,
        )


def test_a_leased_image_outlives_a_renewal_that_is_refused(tmp_path):
    """An evictor stands still after its claim; the renewal gives up.

    The lease was granted before that claim.  Then the evictor goes on, well
    within its claim, and takes the image.
    """
    time = Time()
    shelf = Shelf()
    put(shelf, 'a', 10)
    cache = time.open_cache(MemoryHandler(shelf))
    found = []

    def prefetch(hours):
        wanted = settings(tmp_path)
        source = Images(a=b'a' * 10)
        found.extend(
            cache.prefetch(['a'], source, hours * HOUR, settings=wanted)
        )

    class StandsStill(MemoryHandler):
        def mark(self, image, add=(), remove=()):
            if found or not any(one.startswith('claim') for one in add):
                super().mark(image, add, remove)
                return
            prefetch(4)
            super().mark(image, add, remove)
            # 61 s of its 600: somebody wants the image for longer.
            prefetch(5)

    evictor = time.open_cache(StandsStill(shelf))
    evictor.evict('a', Evidence(as_of=time.now()))
    assert [one.did.value for one in found] == ['existing', 'error']
    assert 'at-a' in shelf.entries


def test_a_lease_outlives_a_renewal_that_met_an_error(tmp_path):
    time = Time()
    shelf = Shelf()
    put(shelf, 'a', 10)
    source = Images(a=b'a' * 10)
    cache = time.open_cache(MemoryHandler(shelf))
    cache.prefetch(['a'], source, 4 * HOUR, settings=settings(tmp_path))
    troubles = []

    class Hiccup(MemoryHandler):
        """The look after the label was written fails, once."""

        def mark(self, image, add=(), remove=()):
            super().mark(image, add, remove)
            if add:
                troubles.append(StoreUnavailable('shelf', 'for a moment'))

        def enumerate(self, store, image_ids=None):
            if troubles:
                raise troubles.pop()
            return super().enumerate(store, image_ids)

    again = time.open_cache(Hiccup(shelf))
    [second] = again.prefetch(
        ['a'], source, 5 * HOUR, settings=settings(tmp_path)
    )
    assert second.did == 'error'
    labels = shelf.entries['at-a'].labels
    assert any(one.startswith('lease.prefetch.') for one in labels), labels


def test_the_same_lease_of_two_hosts_is_not_taken_back_by_one(tmp_path):
    """Both look, both write one and the same label; one meets an error."""
    time = Time()
    shelf = Shelf()
    put(shelf, 'a', 10)
    source = Images(a=b'a' * 10)
    granted, troubles = [], []

    class Behind(MemoryHandler):
        """Its first look is over when the other host begins."""

        def enumerate(self, store, image_ids=None):
            if troubles:
                raise troubles.pop()
            found = super().enumerate(store, image_ids)
            if not granted:
                one = time.open_cache(MemoryHandler(shelf))
                granted.extend(
                    one.prefetch(
                        ['a'], source, HOUR, settings=settings(tmp_path)
                    )
                )
                troubles.append(StoreUnavailable('shelf', 'for a moment'))
            return found

    other = time.open_cache(Behind(shelf))
    [result] = other.prefetch(['a'], source, HOUR, settings=settings(tmp_path))
    assert (granted[0].did, result.did) == ('existing', 'error')
    labels = shelf.entries['at-a'].labels
    assert any(one.startswith('lease.prefetch.') for one in labels), labels
