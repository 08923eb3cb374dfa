"""A prefetch that dies anywhere leaves no half image, and no room for ever."""

import dataclasses
import datetime
import hashlib

import pytest

from imagecache_handlers.clocks import utc_now
from imagecache_handlers import Evidence
from imagecache_handlers import ImageCache
from imagecache_handlers import Rules
from imagecache_handlers.testing.faults import Died
from imagecache_handlers.testing.faults import Fault
from imagecache_handlers.testing.faults import Faulty
from imagecache_handlers.testing.faults import How
from imagecache_handlers.testing.memory import MemoryHandler
from imagecache_handlers.testing.shelf import Shelf
from tests.actions.incoming import HOUR
from tests.actions.incoming import Images
from tests.actions.incoming import put
from tests.actions.incoming import QUICK
from tests.actions.incoming import settings

# So long that no renewal is among the calls.
TIGHT = dataclasses.replace(
    QUICK, high_watermark=90, claim_ttl=datetime.timedelta(minutes=2)
)
DATA = b'a' * 60
HASH = hashlib.sha256(DATA).hexdigest()


def full_shelf():
    shelf = Shelf(total=100)
    put(shelf, 'old', 50)
    return shelf


def prefetch(handler, folder, rules=TIGHT, **kwargs):
    cache = ImageCache(handler, rules, **kwargs)
    [result] = cache.prefetch(
        ['a'], Images(a=DATA), HOUR, settings=settings(folder)
    )
    return result


def count_calls(folder):
    handler = Faulty(MemoryHandler(full_shelf()))
    assert prefetch(handler, folder).did == 'cached'
    return len(handler.calls)


def assert_whole(shelf):
    """Whatever is listed has all of its bytes, its hash and its lease."""
    for image in MemoryHandler(shelf).enumerate('shelf', ['a']):
        assert shelf.entries[image.location].content == DATA
        assert image.marks.sha256 == HASH
        assert 'prefetch' in image.marks.leases


@pytest.mark.filterwarnings(
    'ignore::pytest.PytestUnhandledThreadExceptionWarning'
)
@pytest.mark.parametrize('when', ['before', 'after'])
def test_a_death_at_any_call_leaves_what_the_next_one_ends(tmp_path, when):
    calls = count_calls(tmp_path)
    assert calls > 10
    for number in range(1, calls + 1):
        shelf = full_shelf()
        fault = Fault(call=number, when=when, how=How.DIE)
        dying = Faulty(MemoryHandler(shelf), fault)
        with pytest.raises(Died):
            prefetch(dying, tmp_path)
        assert_whole(shelf)
        left = len(shelf.reservations)
        assert left <= 1, 'one prefetch reserves once'
        # Long after the reservation of the dead was over.
        result = prefetch(
            MemoryHandler(shelf), tmp_path, clock=lambda: utc_now() + HOUR
        )
        assert result.is_there, (number, result.why)
        assert_whole(shelf)
        assert len(shelf.reservations) == left


def test_a_sweep_at_the_moment_of_the_publish_takes_nothing(tmp_path):
    shelf = Shelf(total=100)
    hasty = Rules(
        min_age=datetime.timedelta(0),
        high_watermark=0,
        low_watermark=0,
        claim_ttl=QUICK.claim_ttl,
        clock_skew=QUICK.clock_skew,
        removal=QUICK.removal,
    )

    def sweep():
        # The first sees it unused, the second may take it.
        for later in 0, 5:
            after = datetime.timedelta(seconds=later)
            cache = ImageCache(
                MemoryHandler(shelf),
                hasty,
                clock=lambda after=after: utc_now() + after,
            )
            cache.sweep(lambda: Evidence(complete=True, as_of=utc_now()))

    class Swept(MemoryHandler):
        def add(self, meta, content, store, labels=()):
            added = super().add(meta, content, store, labels)
            sweep()
            return added

    result = prefetch(Swept(shelf), tmp_path, QUICK)
    assert result.did == 'cached'
    assert 'a' in shelf.entries
    # Without its lease it would have gone.
    shelf.entries['a'].labels.clear()
    sweep()
    assert 'a' not in shelf.entries
