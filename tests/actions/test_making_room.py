"""Room is made of no more than it takes."""

import dataclasses
import os

import pytest

from imagecache_handlers.prefetch_settings import PrefetchSettings
from imagecache_handlers.staging.names import Names
from imagecache_handlers.testing.memory import MemoryHandler
from imagecache_handlers.testing.shelf import Shelf
from tests.actions.incoming import AHEAD
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


UNIT = 2**16


class StagedThere(MemoryHandler):
    """A store in which images are staged as well, and take room there."""

    def __init__(self, shelf, folder):
        super().__init__(shelf)
        self.folder = folder

    def staging(self, store):
        return str(self.folder)

    def stores(self):
        files = self.folder.glob('*.stage')
        staged = sum(os.stat(one).st_blocks * 512 for one in files)
        return [
            dataclasses.replace(one, free=max(0, one.free - staged))
            for one in super().stores()
        ]


class TestStagedThere:
    """Of 100 units 50 are free, and an idle image has the others."""

    @pytest.fixture(autouse=True)
    def a_world(self, tmp_path):
        self.folder = tmp_path / 'stage'
        self.shelf = Shelf(total=100 * UNIT)
        put(self.shelf, 'idle', 50 * UNIT)

    def prefetch(self, name, source, **more):
        cache = Time().open_cache(StagedThere(self.shelf, self.folder))
        wanted = PrefetchSettings()
        [result] = cache.prefetch(
            [name], source, HOUR, settings=wanted, **more
        )
        return result

    def make_source(self, **sizes):
        made = {name: os.urandom(n * UNIT) for name, n in sizes.items()}
        return Images(piece=UNIT, **made)

    def test_a_second_try_evicts_nothing_for_what_is_staged(self):
        source = self.make_source(a=40)
        stop = []
        source.on_piece = lambda _, done: done < 30 * UNIT or stop.append(1)
        first = self.prefetch('a', source, should_stop=lambda: bool(stop))
        assert first.did == 'error'
        source.on_piece = lambda *_: None
        # 20 are free, and 10 are missing.
        assert self.prefetch('a', source).did == 'cached'
        assert source.read <= (40 + AHEAD) * UNIT
        assert 'at-idle' in self.shelf.entries

    def test_what_is_not_taken_up_again_counts_for_nothing(self):
        source = self.make_source(a=40)
        self.folder.mkdir(0o700)
        name = Names.of(source.describe('a')).stage
        (self.folder / 'other').write_bytes(bytes(30 * UNIT))
        os.link(self.folder / 'other', self.folder / name)
        assert self.prefetch('a', source).did == 'cached'
        assert 'at-idle' not in self.shelf.entries

    def test_nothing_goes_for_what_another_has_fetched(self):
        source = self.make_source(a=30)
        results = []

        def prefetch_beside(_, done):
            if done == 28 * UNIT:
                other = self.make_source(b=15)
                results.append(self.prefetch('b', other).did)

        source.on_piece = prefetch_beside
        assert self.prefetch('a', source).did == 'cached'
        assert results == ['cached']
        assert 'at-idle' in self.shelf.entries

    def test_what_another_has_yet_to_fetch_stays_reserved(self):
        source = self.make_source(a=30)
        reserved = []

        def look(_, done):
            [one] = self.shelf.reservations.values()
            reserved.append(one.size + done >= 30 * UNIT)

        source.on_piece = look
        assert self.prefetch('a', source).did == 'cached'
        assert all(reserved)


def test_a_staging_path_on_the_same_disk_takes_room_there(tmp_path):
    shelf = Shelf(total=100)
    handler = StagedThere(shelf, tmp_path / 'there')
    cache = Time().open_cache(handler)
    source = Images(a=b'a' * 51, b=b'b' * 50)
    wanted = settings(tmp_path)
    results = cache.prefetch(['a', 'b'], source, HOUR, settings=wanted)
    assert [one.did.value for one in results] == ['refused', 'cached']
    assert 'it takes 102 B there' in results[0].why
    assert source.begun == ['b']
