"""Room is made for what is prefetched, in the order of the policy."""

import dataclasses

from imagecache_handlers.clocks import utc_now
from imagecache_handlers import Evidence
from imagecache_handlers import ImageCache
from imagecache_handlers.testing.shelf import Shelf
from tests.actions.incoming import HOUR
from tests.actions.incoming import Images
from tests.actions.incoming import opened
from tests.actions.incoming import outcomes
from tests.actions.incoming import put
from tests.actions.incoming import QUICK
from tests.actions.incoming import settings
from tests.actions.packed_disks import Disks
from tests.actions.packed_disks import make_disk
from tests.actions.packed_disks import Measuring
from tests.actions.packed_disks import RawOnly


def test_room_is_made_in_the_order_of_the_policy(tmp_path):
    shelf = Shelf(total=100)
    put(shelf, 'old', 30)
    put(shelf, 'used', 30, users={'vm'})
    put(shelf, 'leased', 10, 'lease.vm.20991122t083000z')
    rules = dataclasses.replace(QUICK, high_watermark=85)
    cache, wanted = opened(tmp_path, shelf, rules)
    # 30 are free, 15 of these above the high watermark.
    source = Images(a=b'a' * 15, b=b'b' * 30, c=b'c' * 31)
    results = cache.prefetch(['a'], source, HOUR, settings=wanted)
    assert results[0].did == 'cached'
    assert 'at-old' in shelf.entries
    results = cache.prefetch(['c'], source, HOUR, settings=wanted)
    assert results[0].did == 'refused'
    assert results[0].why == (
        'it takes 31 B there, 0 B are free below the high watermark, and '
        'what may go frees 30 B'
    )
    assert 'at-old' in shelf.entries
    assert 'c' not in source.begun
    results = cache.prefetch(['b'], source, HOUR, settings=wanted)
    assert results[0].did == 'cached'
    assert 'at-old' not in shelf.entries
    [store] = cache.inventory().stores
    assert store.free == 15


def test_nothing_goes_for_what_others_of_the_list_need(tmp_path):
    shelf = Shelf(total=100)
    put(shelf, 'b', 60)
    cache, wanted = opened(tmp_path, shelf)
    source = Images(a=b'a' * 50, b=b'b' * 60)
    results = cache.prefetch(['a', 'b'], source, HOUR, settings=wanted)
    assert outcomes(results) == [('a', 'refused'), ('b', 'existing')]
    assert source.begun == []


def test_unseen_users_are_believed_by_evidence_alone(tmp_path):
    shelf = Shelf(total=100, sees_users=False)
    put(shelf, 'old', 60)
    cache, wanted = opened(tmp_path, shelf)
    source = Images(a=b'a' * 50)
    [result] = cache.prefetch(['a'], source, HOUR, settings=wanted)
    assert (result.did, result.blind) == ('refused', True)
    assert result.why.endswith('; who uses 60 B more is not known')

    def ask():
        return Evidence(complete=True, as_of=utc_now())

    [result] = cache.prefetch(['a'], source, HOUR, settings=wanted, ask=ask)
    assert (result.did, result.blind) == ('cached', False)
    assert 'at-old' not in shelf.entries


def test_what_it_takes_converted_is_what_room_is_made_for(tmp_path):
    cache = ImageCache(RawOnly(Shelf(total=2**20 - 1)), QUICK)
    source = Disks(a=make_disk(tmp_path))
    assert len(source.images['a']) < 2**20
    [result] = cache.prefetch(['a'], source, HOUR, settings=settings(tmp_path))
    assert result.did == 'refused'
    assert 'it takes 1 MiB there' in result.why


def test_room_is_made_for_the_disk_in_what_is_not_converted(tmp_path):
    cache = ImageCache(Measuring(Shelf(total=2**20 - 1)), QUICK)
    source = Disks(a=make_disk(tmp_path))
    [result] = cache.prefetch(['a'], source, HOUR, settings=settings(tmp_path))
    assert result.did == 'refused'
    assert 'it takes 1 MiB there' in result.why


def test_a_disk_that_does_not_tell_its_size_counts_as_its_file(tmp_path):
    cache = ImageCache(Measuring(Shelf(total=2**20 - 1)), QUICK)
    source = Disks(a=b'no header')
    [result] = cache.prefetch(['a'], source, HOUR, settings=settings(tmp_path))
    assert 'it takes' not in result.why
    assert source.begun == ['a', 'a']
