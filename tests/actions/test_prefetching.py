"""Images come in whole, verified and leased; each by itself."""

import dataclasses
import datetime
import hashlib

import pytest

from imagecache_handlers.actions.prefetched import Began
from imagecache_handlers.actions.prefetched import Ended
from imagecache_handlers.actions.prefetched import Progress
from imagecache_handlers import CacheHandler
from imagecache_handlers.clocks import utc_now
from imagecache_handlers import ConfigurationError
from imagecache_handlers import ImageCache
from imagecache_handlers import ImageMeta
from imagecache_handlers import StoreUnavailable
from imagecache_handlers.testing.memory import MemoryHandler
from imagecache_handlers.testing.shelf import Entry
from imagecache_handlers.testing.shelf import Shelf
from tests.actions.incoming import AHEAD
from tests.actions.incoming import HOUR
from tests.actions.incoming import Images
from tests.actions.incoming import opened
from tests.actions.incoming import outcomes
from tests.actions.incoming import QUICK
from tests.actions.incoming import settings


def test_an_image_comes_in_whole_leased_and_with_its_hash(tmp_path):
    cache, wanted = opened(tmp_path)
    source = Images(a=b'abc' * 100_000)
    before = utc_now()
    [result] = cache.prefetch(['a'], source, HOUR, settings=wanted)
    assert (result.image_id, result.store) == ('a', 'shelf')
    assert (result.did, result.why) == ('cached', '')
    assert (result.size, result.tries) == (300_000, 1)
    assert result.seconds > 0
    [image] = cache.find('a')
    assert image.size == 300_000
    assert image.marks.sha256 == hashlib.sha256(b'abc' * 100_000).hexdigest()
    assert (
        before + HOUR
        <= image.marks.leases['prefetch']
        <= utc_now() + (HOUR + datetime.timedelta(seconds=1))
    )
    assert len(image.marks.labels) == 2


def test_a_repeat_renews_the_lease_and_fetches_nothing(tmp_path):
    cache, wanted = opened(tmp_path)
    source = Images(a=b'abc')
    cache.prefetch(['a'], source, HOUR, settings=wanted)
    [result] = cache.prefetch(['a'], source, 2 * HOUR, settings=wanted)
    assert (result.did, result.size) == ('existing', 0)
    [image] = cache.find('a')
    assert len(image.marks.labels_of('lease')) == 1
    assert image.marks.leases['prefetch'] > utc_now() + 1.9 * HOUR
    # Who wants it for less leaves what others were promised.
    cache.prefetch(['a'], source, HOUR, settings=wanted)
    [image] = cache.find('a')
    assert image.marks.leases['prefetch'] > utc_now() + 1.9 * HOUR
    assert source.begun == ['a']


def test_one_failure_ends_no_other(tmp_path):
    cache, wanted = opened(tmp_path)
    source = Images(a=b'a', b=b'b')
    names = ['nope', 'a', '../../etc/passwd', 'b', 'a', 'x' * 300]
    results = cache.prefetch(names, source, HOUR, settings=wanted)
    assert outcomes(results) == [
        ('nope', 'error'),
        ('a', 'cached'),
        ('../../etc/passwd', 'refused'),
        ('b', 'cached'),
        ('x' * 300, 'refused'),
    ]
    assert 'there is none' in results[0].why
    assert all(one.is_there is (not one.why) for one in results)


def test_it_is_told_as_it_happens(tmp_path):
    cache, wanted = opened(tmp_path)
    told = []
    source = Images(a=b'a' * 100, piece=50)
    results = cache.prefetch(
        ['a', 'nope'], source, HOUR, settings=wanted, tell=told.append
    )
    place = {'image_id': 'a', 'store': 'shelf'}
    assert Began(**place, size=100) in told
    done = [one.done for one in told if isinstance(one, Progress)]
    assert done == [0, 50, 100]
    assert [one.result for one in told if isinstance(one, Ended)] == results


def test_what_is_stopped_is_kept_for_the_next_time(tmp_path):
    cache, wanted = opened(tmp_path)
    source = Images(a=b'a' * 100, b=b'b', piece=10)
    stop = []
    source.on_piece = lambda image_id, done: done >= 50 and stop.append(done)
    results = cache.prefetch(
        ['a', 'b'],
        source,
        HOUR,
        settings=wanted,
        should_stop=lambda: bool(stop),
    )
    assert outcomes(results) == [('a', 'error'), ('b', 'error')]
    assert 'stopped' in results[0].why
    assert not cache.inventory().images
    before, source.read = source.read, 0
    source.on_piece = lambda image_id, done: None
    [result] = cache.prefetch(['a'], source, HOUR, settings=wanted)
    assert result.did == 'cached'
    assert before + source.read <= 100 + AHEAD * 10


def test_several_stores_have_to_be_told_apart(tmp_path):
    class Two(MemoryHandler):
        def stores(self):
            [one] = super().stores()
            return [one, dataclasses.replace(one, name='b', pool='b')]

    cache, wanted = opened(tmp_path)
    cache = type(cache)(Two(), QUICK)
    source = Images(a=b'a')
    with pytest.raises(ConfigurationError, match='name the store'):
        cache.prefetch(['a'], source, HOUR, settings=wanted)
    [result] = cache.prefetch(
        ['a'], source, HOUR, settings=wanted, store='shelf'
    )
    assert result.did == 'cached'


def test_a_source_that_describes_another_image_is_not_believed(tmp_path):
    class Other(Images):
        def describe(self, image_id):
            return ImageMeta(image_id='b', size=1, disk_format='raw')

    cache, wanted = opened(tmp_path)
    [result] = cache.prefetch(['a'], Other(a=b'a'), HOUR, settings=wanted)
    assert (result.did, "'b'" in result.why) == ('error', True)


def test_a_foreign_object_of_that_name_is_an_error(tmp_path):
    shelf = Shelf()
    shelf.entries['a'] = Entry(image_id=None, size=1)
    cache, wanted = opened(tmp_path, shelf)
    [result] = cache.prefetch(['a'], Images(a=b'a'), HOUR, settings=wanted)
    assert result.did == 'error'
    assert 'not ours' in result.why
    assert not shelf.reservations
    assert not list((tmp_path / 'stage').glob('*a*.part'))


def test_a_handler_that_adds_nothing_says_so(tmp_path):
    class Reader(MemoryHandler):
        add = CacheHandler.add

    cache = ImageCache(Reader(), QUICK)
    source = Images(a=b'a')
    [result] = cache.prefetch(['a'], source, HOUR, settings=settings(tmp_path))
    assert result.did == 'unsupported'
    assert result.why == 'this handler cannot add images'
    assert not source.begun


def test_a_store_that_cannot_be_read_ends_it(tmp_path):
    class Broken(MemoryHandler):
        def stores(self):
            [one] = super().stores()
            return [dataclasses.replace(one, problem='no light')]

    cache = ImageCache(Broken(), QUICK)
    with pytest.raises(StoreUnavailable, match='no light'):
        cache.prefetch(
            ['a'], Images(a=b'a'), HOUR, settings=settings(tmp_path)
        )


def test_what_a_caller_raises_ends_all_of_it(tmp_path):
    def fail(event):
        raise KeyError('a bug')

    cache, wanted = opened(tmp_path)
    with pytest.raises(KeyError):
        cache.prefetch(['a'], Images(a=b'a'), HOUR, settings=wanted, tell=fail)
