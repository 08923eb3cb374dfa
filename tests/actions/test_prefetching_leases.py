"""The lease of a prefetched image is whole once that image is there."""

import datetime
import time

import pytest

from imagecache_handlers.clocks import utc_now
from imagecache_handlers import Evidence
from imagecache_handlers import ImageCache
from imagecache_handlers.testing.memory import MemoryHandler
from imagecache_handlers.testing.shelf import Shelf
from imagecache_handlers import Unsupported
from tests.actions.incoming import HOUR
from tests.actions.incoming import Images
from tests.actions.incoming import opened
from tests.actions.incoming import put
from tests.actions.incoming import QUICK
from tests.actions.incoming import settings
from tests.actions.incoming import Time


@pytest.mark.parametrize(
    ('ttl', 'said'),
    [
        (datetime.timedelta(0), 'leaves no time to use it'),
        (-HOUR, 'leaves no time to use it'),
        (datetime.timedelta(days=36525), '366 days'),
    ],
)
def test_a_lease_that_nobody_can_use_is_refused(tmp_path, ttl, said):
    cache, wanted = opened(tmp_path)
    source = Images(a=b'a')
    with pytest.raises(ValueError, match=said):
        cache.prefetch(['a'], source, ttl, settings=wanted)
    assert not source.begun


@pytest.mark.parametrize('days', [-400, -1, -0.01, 0.01, 1, 400])
def test_a_clock_that_is_set_meanwhile_costs_no_image(tmp_path, days):
    jump = datetime.timedelta(0)
    cache, wanted = opened(tmp_path, clock=lambda: utc_now() + jump)
    source = Images(a=b'a' * 400, piece=40)

    def set_clock(_, done):
        nonlocal jump
        if done == 200:
            jump = datetime.timedelta(days=days)

    source.on_piece = set_clock
    [result] = cache.prefetch(['a'], source, HOUR, settings=wanted)
    assert (result.did, source.read) == ('cached', 400)
    # Its lease goes by the clock as it is now, and keeps it.
    now = utc_now() + jump
    [image] = cache.find('a')
    assert now + 0.9 * HOUR < image.marks.leases['prefetch'] < now + 1.1 * HOUR
    [verdict] = cache.plan(Evidence(complete=True, as_of=now)).verdicts
    assert verdict.reason == 'leased'


def test_a_long_add_leaves_a_whole_lease(tmp_path):
    class Slow(MemoryHandler):
        def add(self, meta, content, store, labels=()):
            time.sleep(1.1)
            return super().add(meta, content, store, labels)

    cache = ImageCache(Slow(), QUICK)
    ttl = datetime.timedelta(seconds=2)
    cache.prefetch(['a'], Images(a=b'a'), ttl, settings=settings(tmp_path))
    [image] = cache.find('a')
    assert image.marks.leases['prefetch'] >= utc_now() + 0.9 * ttl


def test_what_went_as_it_came_is_an_error(tmp_path):
    """It is added for longer than its lease, and then a sweep takes it."""
    shelf = Shelf()
    time = Time()

    class Slow(MemoryHandler):
        def add(self, *args):
            image = super().add(*args)
            time.sleep(3 * HOUR.total_seconds())
            shelf.entries.pop(image.location)
            return image

    cache = time.open_cache(Slow(shelf))
    [result] = cache.prefetch(
        ['a'], Images(a=b'a'), HOUR, settings=settings(tmp_path)
    )
    assert (result.did, result.is_there) == ('error', False)
    assert 'it went as it came' in result.why


def test_a_lease_that_the_backend_refuses_is_refused_before_anything_goes(
    tmp_path,
):
    class Strict(MemoryHandler):
        def check_labels(self, image_id, labels):
            asked.extend(labels)
            raise Unsupported(image_id, 'that is too long')

    asked = []
    shelf = Shelf(total=100)
    put(shelf, 'old', 60)
    cache = ImageCache(Strict(shelf), QUICK)
    source = Images(a=b'a' * 50)
    [result] = cache.prefetch(['a'], source, HOUR, settings=settings(tmp_path))
    assert result.did == 'unsupported'
    assert 'that is too long' in result.why
    assert [one.partition('.20')[0] for one in asked] == ['lease.prefetch']
    assert 'at-old' in shelf.entries
    assert source.begun == []
