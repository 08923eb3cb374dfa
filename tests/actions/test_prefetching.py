"""Images come in whole, verified and leased; each by itself, and only once."""

from concurrent import futures
import contextlib
import dataclasses
import datetime
import gzip
import hashlib
import subprocess
import tarfile
import threading
import time

import pytest

from imagecache_handlers.actions.prefetched import Began
from imagecache_handlers.actions.prefetched import Ended
from imagecache_handlers.actions.prefetched import Progress
from imagecache_handlers.actions.prefetched import Waiting
from imagecache_handlers import CacheHandler
from imagecache_handlers.clocks import utc_now
from imagecache_handlers import ConfigurationError
from imagecache_handlers import Evidence
from imagecache_handlers import ImageCache
from imagecache_handlers import ImageMeta
from imagecache_handlers import packed_vhd
from imagecache_handlers import Reservation
from imagecache_handlers import Rules
from imagecache_handlers.staging.stage import Stages
from imagecache_handlers import StoreUnavailable
from imagecache_handlers.testing.memory import MemoryHandler
from imagecache_handlers.testing.shelf import Entry
from imagecache_handlers.testing.shelf import Shelf
from imagecache_handlers import Unsupported
from tests.actions.incoming import AHEAD
from tests.actions.incoming import HOUR
from tests.actions.incoming import Images
from tests.actions.incoming import opened
from tests.actions.incoming import put
from tests.actions.incoming import QUICK
from tests.actions.incoming import settings
from tests.actions.incoming import Time
from tests.staging import packed


def outcomes(results):
    return [(one.image_id, one.did.value) for one in results]


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


def test_a_foreign_object_of_that_name_is_an_error(tmp_path):
    shelf = Shelf()
    shelf.entries['a'] = Entry(image_id=None, size=1)
    cache, wanted = opened(tmp_path, shelf)
    [result] = cache.prefetch(['a'], Images(a=b'a'), HOUR, settings=wanted)
    assert result.did == 'error'
    assert 'not ours' in result.why
    assert not shelf.reservations
    assert not list((tmp_path / 'stage').glob('*a*.part'))


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


class RawOnly(MemoryHandler):
    """A backend that takes raw disks, and no others."""

    formats = ('raw',)


class Disks(Images):
    """Images of one format, of which only that is known."""

    disk_format = 'qcow2'

    def describe(self, image_id):
        meta = super().describe(image_id)
        return dataclasses.replace(
            meta, disk_format=self.disk_format, virtual_size=None
        )


def make_disk(folder, *options):
    path = folder / 'disk.qcow2'
    command = ['qemu-img', 'create', '-q', '-f', 'qcow2', *options, str(path)]
    subprocess.run([*command, '1M'], check=True)  # noqa: S603
    return path.read_bytes()


def test_what_the_backend_does_not_take_is_converted(tmp_path):
    cache = ImageCache(RawOnly(), QUICK)
    source = Disks(a=make_disk(tmp_path))
    [result] = cache.prefetch(['a'], source, HOUR, settings=settings(tmp_path))
    assert (result.did, result.why) == ('cached', '')
    [image] = cache.find('a')
    assert image.size == 2**20
    zeros = hashlib.sha256(bytes(2**20)).hexdigest()
    assert image.marks.sha256 == zeros


class Packs(Images):
    """Images that are tar.gz of VHDs."""

    def describe(self, image_id):
        meta = super().describe(image_id)
        return dataclasses.replace(
            meta, disk_format=packed_vhd.FORMAT, virtual_size=None
        )


class Vhds(MemoryHandler):
    """A backend as XenServer is."""

    formats = ('vhd', 'raw')


def test_the_disk_of_a_tar_gz_is_what_room_is_made_for(tmp_path):
    vhd = packed.make_vhd(tmp_path, b'abc' * 2**20)
    source = Packs(a=packed.pack(('0.vhd', vhd)))
    assert len(source.images['a']) < len(vhd)
    for total, did in (len(vhd) - 1, 'refused'), (len(vhd), 'cached'):
        cache = ImageCache(Vhds(Shelf(total=total)), QUICK)
        [result] = cache.prefetch(
            ['a'], source, HOUR, settings=settings(tmp_path)
        )
        assert result.did == did, result.why
    [image] = cache.find('a')
    assert image.size == len(vhd)
    assert image.marks.sha256 == hashlib.sha256(vhd).hexdigest()


def test_a_chain_is_unsupported_before_anything_goes_for_it(tmp_path):
    vhd = packed.make_vhd(tmp_path, b'abc' * 2**20)
    child = packed.make_child(vhd)
    source = Packs(a=packed.pack(('0.vhd', child), ('1.vhd', vhd)))
    shelf = Shelf(total=len(vhd) + 10)
    put(shelf, 'idle', 20)
    cache = ImageCache(Vhds(shelf), QUICK)
    [result] = cache.prefetch(['a'], source, HOUR, settings=settings(tmp_path))
    assert result.did == 'unsupported'
    assert result.why.endswith(packed_vhd.CHAIN)
    assert 'at-idle' in shelf.entries
    assert not shelf.reservations


def test_a_disk_that_cannot_be_in_it_costs_nothing(tmp_path):
    vhd = packed.make_vhd(tmp_path, b'abc' * 2**20)
    entry = tarfile.TarInfo('0.vhd')
    entry.size = 2**30
    source = Packs(a=gzip.compress(entry.tobuf() + vhd))
    shelf = Shelf(total=2**30 + 10)
    put(shelf, 'idle', 20)
    cache = ImageCache(Vhds(shelf), QUICK)
    [result] = cache.prefetch(['a'], source, HOUR, settings=settings(tmp_path))
    assert result.did == 'unsupported'
    assert 'its disk is said to have 1 GiB' in result.why
    assert 'at-idle' in shelf.entries


@pytest.mark.parametrize('is_packed', [True, False])
def test_what_its_first_bytes_tell_to_be_too_large_costs_nothing(
    tmp_path, is_packed
):
    vhd = packed.make_vhd(tmp_path, b'abc' * 2**20)
    source = Packs(a=packed.pack(('0.vhd', vhd)))
    if not is_packed:
        source = Disks(a=make_disk(tmp_path))
    shelf = Shelf(total=len(vhd) + 10)
    put(shelf, 'idle', 20)
    cache = ImageCache((Vhds if is_packed else RawOnly)(shelf), QUICK)
    wanted = settings(tmp_path, max_image_size=2**20 - 1)
    [result] = cache.prefetch(['a'], source, HOUR, settings=wanted)
    assert result.did == 'unsupported'
    assert 'is the most' in result.why
    assert source.begun == ['a']
    assert 'at-idle' in shelf.entries


@pytest.mark.parametrize('kind', [MemoryHandler, RawOnly])
def test_a_tar_gz_of_vhds_is_for_who_takes_a_vhd(tmp_path, kind):
    source = Packs(a=packed.pack(('0.vhd', b'x')))
    cache = ImageCache(kind(), QUICK)
    [result] = cache.prefetch(['a'], source, HOUR, settings=settings(tmp_path))
    assert result.did == 'unsupported'
    assert 'hosts of XenServer' in result.why
    assert not source.begun


def test_what_it_takes_converted_is_what_room_is_made_for(tmp_path):
    cache = ImageCache(RawOnly(Shelf(total=2**20 - 1)), QUICK)
    source = Disks(a=make_disk(tmp_path))
    assert len(source.images['a']) < 2**20
    [result] = cache.prefetch(['a'], source, HOUR, settings=settings(tmp_path))
    assert result.did == 'refused'
    assert 'it takes 1 MiB there' in result.why


class Measuring(MemoryHandler):
    """A backend that takes all formats, and makes room for the disk in one."""

    formats = ('raw', 'qcow2')

    def room(self, meta, store):
        return meta.virtual_size or meta.size


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


def test_what_leads_elsewhere_is_refused_before_it_is_visible(tmp_path):
    disk = make_disk(tmp_path, '-u', '-F', 'raw', '-b', '/etc/passwd')
    for handler in MemoryHandler(), RawOnly():
        cache = ImageCache(handler, QUICK)
        [result] = cache.prefetch(
            ['a'], Disks(a=disk), HOUR, settings=settings(tmp_path)
        )
        assert result.did == 'refused', result.why
        assert 'backing' in result.why
        assert not cache.inventory().images


def test_what_cannot_be_told_is_refused(tmp_path):
    cache = ImageCache(RawOnly(), QUICK)
    [result] = cache.prefetch(
        ['a'], Disks(a=b'no disk'), HOUR, settings=settings(tmp_path)
    )
    assert result.did == 'refused'
    assert 'do not tell how large' in result.why


def test_a_disk_larger_than_allowed_is_refused(tmp_path):
    cache, _ = opened(tmp_path)
    wanted = settings(tmp_path, max_image_size=2**20 - 1)
    source = Disks(a=make_disk(tmp_path))
    [result] = cache.prefetch(['a'], source, HOUR, settings=wanted)
    assert result.did == 'refused'


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


def test_what_a_caller_raises_ends_all_of_it(tmp_path):
    def fail(event):
        raise KeyError('a bug')

    cache, wanted = opened(tmp_path)
    with pytest.raises(KeyError):
        cache.prefetch(['a'], Images(a=b'a'), HOUR, settings=wanted, tell=fail)


def open_stages(folder):
    return Stages(settings(folder).staging_path)


class TestStages:
    """Who waits has neither the stage in hand nor the room reserved."""

    @pytest.fixture(autouse=True)
    def a_world(self, tmp_path):
        self.folder = tmp_path
        self.time = Time()
        self.shelf = Shelf(total=100)
        self.source = Images(a=b'a' * 50, piece=10)
        self.on_sleep = []
        self.told = []

    def sleep(self, seconds):
        self.time.sleep(seconds)
        for act in self.on_sleep:
            act()

    def prefetch(self):
        cache = ImageCache(
            MemoryHandler(self.shelf),
            Rules(),
            clock=self.time.now,
            monotonic=lambda: self.time.passed,
            sleep=self.sleep,
        )
        [result] = cache.prefetch(
            ['a'],
            self.source,
            HOUR,
            settings=settings(self.folder),
            tell=self.told.append,
        )
        return result

    def hold_stage(self):
        meta = self.source.describe('a')
        return open_stages(self.folder).open_stage(meta, wait=False)

    def reserve(self, name):
        until = self.time.now() + 2 * HOUR
        self.shelf.reservations['0'] = Reservation(
            image_id=name, store='shelf', token='0', size=60, until=until
        )

    def stand_still(self, name):
        """Stand still for an hour, and somebody else reserves meanwhile."""

        def stand_still(image_id, done):
            if done == 30 and not self.shelf.reservations.get('0'):
                self.time.sleep(3600)
                self.reserve(name)

        self.source.on_piece = stand_still

    def test_nothing_is_reserved_while_a_stage_is_waited_for(self):
        seen = []
        with contextlib.ExitStack() as stack:
            stack.enter_context(self.hold_stage())

            def look():
                seen.append(dict(self.shelf.reservations))
                if self.time.passed > 600:
                    stack.close()

            self.on_sleep.append(look)
            assert self.prefetch().did == 'cached'
        assert len(seen) > 10
        assert not any(seen)

    def test_who_waits_for_a_stage_says_so_once(self):
        with contextlib.ExitStack() as stack:
            stack.enter_context(self.hold_stage())
            self.on_sleep.append(
                lambda: self.time.passed > 200 and stack.close()
            )
            assert self.prefetch().did == 'cached'
        waited = self.time.passed
        waiting = Waiting(image_id='a', store='shelf', most=60, here=True)
        assert self.told[0] == waiting
        assert [one for one in self.told if isinstance(one, Waiting)] == [
            waiting
        ]
        # It was free from then on, as the stage of a dead one is at once.
        assert waited - 200 <= waiting.most

    def test_who_waits_for_a_turn_does_not_speak_of_this_host(self):
        self.stand_still('a')
        assert self.prefetch().did == 'cached'
        waiting = [one for one in self.told if isinstance(one, Waiting)]
        assert [one.here for one in waiting] == [False]

    def test_a_stage_is_not_waited_for_for_ever(self):
        with self.hold_stage():
            result = self.prefetch()
        assert result.did == 'error'
        assert 'on this host' in result.why
        assert self.time.passed >= 3000
        assert not self.shelf.reservations

    def test_the_stage_is_free_while_a_turn_is_waited_for(self):
        self.stand_still('a')
        free = []

        def look():
            with self.hold_stage():
                free.append(True)
            if self.time.passed > 2 * 3600:
                self.shelf.reservations.pop('0', None)

        self.on_sleep.append(look)
        assert self.prefetch().did == 'cached'
        assert free
        assert self.source.read == 50

    def test_room_that_others_took_meanwhile_is_not_taken_again(self):
        self.stand_still('b')
        result = self.prefetch()
        assert (result.did, 'are reserved' in result.why) == ('refused', True)
        assert not self.shelf.entries
