"""Who waits for a stage or a turn holds neither the other nor any room."""

import contextlib

import pytest

from imagecache_handlers.actions.prefetched import Waiting
from imagecache_handlers import ImageCache
from imagecache_handlers import Reservation
from imagecache_handlers import Rules
from imagecache_handlers.staging.stage import Stages
from imagecache_handlers.testing.memory import MemoryHandler
from imagecache_handlers.testing.shelf import Shelf
from tests.actions.incoming import HOUR
from tests.actions.incoming import Images
from tests.actions.incoming import settings
from tests.actions.incoming import Time


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
