"""Of all who want an image at once one fetches it, and the others wait."""

from concurrent import futures
import datetime
import threading
import time

import pytest

from imagecache_handlers.actions.prefetched import Ended
from imagecache_handlers.actions.prefetched import Waiting
from imagecache_handlers import CacheHandler
from imagecache_handlers.clocks import utc_now
from imagecache_handlers import ImageCache
from imagecache_handlers import Reservation
from imagecache_handlers.testing.memory import MemoryHandler
from imagecache_handlers.testing.shelf import Shelf
from tests.actions.incoming import HOUR
from tests.actions.incoming import Images
from tests.actions.incoming import opened
from tests.actions.incoming import outcomes
from tests.actions.incoming import QUICK
from tests.actions.incoming import settings


@pytest.mark.parametrize('callers', [8])
@pytest.mark.parametrize('hosts', [1, 8])
def test_of_all_who_ask_at_once_one_fetches(tmp_path, callers, hosts):
    shelf = Shelf()
    caches = [opened(tmp_path / str(n), shelf)[0] for n in range(hosts)]
    wanted = []
    for number in range(callers):
        folder = tmp_path / str(number)
        folder.mkdir()
        wanted.append(settings(folder))
    source = Images(a=b'a' * 10 * 2**20)

    def prefetch(number):
        cache = caches[number % hosts]
        return cache.prefetch(['a'], source, HOUR, settings=wanted[number])

    with futures.ThreadPoolExecutor(callers) as pool:
        results = [
            one.did.value for [one] in pool.map(prefetch, range(callers))
        ]
    assert sorted(results) == ['cached'] + ['existing'] * (callers - 1)
    assert source.read == 10 * 2**20
    assert not shelf.reservations


def test_without_reservations_callers_of_one_process_share_a_download(
    tmp_path,
):
    class Plain(MemoryHandler):
        reserve = CacheHandler.reserve

    cache = ImageCache(Plain(Shelf(total=100)), QUICK)
    source = Images(a=b'a' * 60, b=b'b' * 60)
    wanted = settings(tmp_path, concurrency=4)
    results = cache.prefetch(['a', 'b'], source, HOUR, settings=wanted)
    assert sorted(one.did.value for one in results) == ['cached', 'refused']


def test_what_is_on_its_way_elsewhere_is_waited_for(tmp_path):
    shelf = Shelf()
    cache, wanted = opened(tmp_path, shelf)
    dead = Reservation(
        image_id='a',
        store='shelf',
        token='dead',
        size=1,
        until=utc_now() + datetime.timedelta(seconds=1),
    )
    shelf.reservations['dead'] = dead
    source, told = Images(a=b'a'), []
    [result] = cache.prefetch(
        ['a'], source, HOUR, settings=wanted, tell=told.append
    )
    most = QUICK.claim_ttl.total_seconds()
    assert told[0] == Waiting(image_id='a', store='shelf', most=most)
    assert sum(isinstance(one, Waiting) for one in told) == 1
    # It never came, so that it is fetched once the other has no time left.
    assert result.did == 'cached'
    assert utc_now() >= dead.until


def test_who_waits_for_another_thread_says_the_same(tmp_path):
    cache, wanted = opened(tmp_path)
    source, told = Images(a=b'a' * 100), []
    has_begun, may_end = threading.Event(), threading.Event()

    def hold_up(image_id, done):
        has_begun.set()
        assert may_end.wait(20)

    def tell(event):
        told.append(event)
        may_end.set()

    source.on_piece = hold_up
    with futures.ThreadPoolExecutor(1) as pool:
        first = pool.submit(
            cache.prefetch, ['a'], source, HOUR, settings=wanted
        )
        assert has_begun.wait(60)
        [second] = cache.prefetch(
            ['a'], source, HOUR, settings=wanted, tell=tell
        )
        assert outcomes(first.result()) == [('a', 'cached')]
    most = QUICK.claim_ttl.total_seconds()
    # It was heard while the other was at it, for that has ended after it.
    assert told == [
        Waiting(image_id='a', store='shelf', most=most),
        Ended(result=second),
    ]
    assert second.did == 'existing'
    assert source.begun == ['a']


def test_what_never_ends_is_not_waited_for(tmp_path):
    """Its host died with a clock that was ahead, or it is a lie."""
    shelf = Shelf(total=100)
    far = utc_now() + 10_000 * HOUR
    for name in 'ab':
        shelf.reservations[name] = Reservation(
            image_id=name, store='shelf', token='0', size=99, until=far
        )
    cache, wanted = opened(tmp_path, shelf)
    [result] = cache.prefetch(['a'], Images(a=b'a'), HOUR, settings=wanted)
    assert result.did == 'cached'


def test_a_reservation_is_renewed_while_it_is_needed(tmp_path):
    shelf = Shelf()
    seen = []

    class Slow(MemoryHandler):
        def add(self, meta, content, store, labels=()):
            for _ in range(3):
                time.sleep(1)
                [one] = shelf.reservations.values()
                seen.append(one.until - utc_now())
            return super().add(meta, content, store, labels)

    cache = ImageCache(Slow(shelf), QUICK)
    [result] = cache.prefetch(
        ['a'], Images(a=b'a'), HOUR, settings=settings(tmp_path)
    )
    assert result.did == 'cached'
    assert min(seen) > datetime.timedelta(seconds=1)
    assert not shelf.reservations
