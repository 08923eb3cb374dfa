"""A lease that was granted stays, whatever becomes of a longer one."""

import pytest

from imagecache_handlers import Evidence
from imagecache_handlers import StoreUnavailable
from imagecache_handlers.testing.memory import MemoryHandler
from imagecache_handlers.testing.shelf import Shelf
from tests.actions.incoming import HOUR
from tests.actions.incoming import Images
from tests.actions.incoming import put
from tests.actions.incoming import settings
from tests.actions.incoming import Time


@pytest.fixture
def shelf():
    shelf = Shelf()
    put(shelf, 'a', 10)
    return shelf


def list_leases(shelf):
    labels = shelf.entries['at-a'].labels
    return {one for one in labels if one.startswith('lease.')}


def prefetch(cache, folder, ttl):
    source = Images(a=b'a' * 10)
    [result] = cache.prefetch(['a'], source, ttl, settings=settings(folder))
    return result.did.value


class Hiccup(MemoryHandler):
    """The look after a label was written fails, once."""

    trouble = None

    def mark(self, image, add=(), remove=()):
        super().mark(image, add, remove)
        if add:
            self.trouble = StoreUnavailable('shelf', 'for a moment')

    def enumerate(self, store, image_ids=None):
        trouble, self.trouble = self.trouble, None
        if trouble:
            raise trouble
        return super().enumerate(store, image_ids)


def test_a_leased_image_outlives_a_renewal_that_is_refused(shelf, tmp_path):
    """An evictor stands still after its claim; the renewal gives up.

    The lease was granted before that claim.  Then the evictor goes on, well
    within its claim.
    """
    time = Time()
    cache = time.open_cache(MemoryHandler(shelf))
    found = []

    class StandsStill(MemoryHandler):
        def mark(self, image, add=(), remove=()):
            if found or not any(one.startswith('claim') for one in add):
                super().mark(image, add, remove)
                return
            found.append(prefetch(cache, tmp_path, 4 * HOUR))
            super().mark(image, add, remove)
            # 61 s of its 600: somebody wants the image for longer.
            found.append(prefetch(cache, tmp_path, 5 * HOUR))

    evictor = time.open_cache(StandsStill(shelf))
    evictor.evict('a', Evidence(as_of=time.now()))
    assert found == ['existing', 'error']
    assert 'at-a' in shelf.entries


def test_a_shorter_lease_outlives_a_renewal(shelf, tmp_path):
    time = Time()
    prefetch(time.open_cache(MemoryHandler(shelf)), tmp_path, 4 * HOUR)
    granted = list_leases(shelf)
    again = time.open_cache(Hiccup(shelf))
    assert prefetch(again, tmp_path, 5 * HOUR) == 'error'
    assert granted < list_leases(shelf)
    # It goes with the next one that is granted.
    time.sleep(1)
    again = time.open_cache(MemoryHandler(shelf))
    assert prefetch(again, tmp_path, 5 * HOUR) == 'existing'
    assert len(list_leases(shelf) - granted) == 1
    assert not granted & list_leases(shelf)


def test_one_lease_of_two_hosts_is_not_taken_back(shelf, tmp_path):
    """Both look, both write one and the same label; one meets an error."""
    time = Time()
    granted = []

    class Behind(Hiccup):
        """Its first look is over when the other host begins."""

        def enumerate(self, store, image_ids=None):
            found = super().enumerate(store, image_ids)
            if not granted:
                other = time.open_cache(MemoryHandler(shelf))
                granted.append(prefetch(other, tmp_path, HOUR))
            return found

    behind = time.open_cache(Behind(shelf))
    assert prefetch(behind, tmp_path, HOUR) == 'error'
    assert granted == ['existing']
    assert len(list_leases(shelf)) == 1


def test_what_cannot_be_taken_off_hinders_no_lease(shelf, tmp_path):
    time = Time()
    prefetch(time.open_cache(MemoryHandler(shelf)), tmp_path, HOUR)

    class Adding(MemoryHandler):
        """It takes labels, and lets go of none."""

        def mark(self, image, add=(), remove=()):
            if remove:
                raise StoreUnavailable('shelf', 'for a moment')
            super().mark(image, add, remove)

    cache = time.open_cache(Adding(shelf))
    assert prefetch(cache, tmp_path, 2 * HOUR) == 'existing'
    assert len(list_leases(shelf)) == 2
