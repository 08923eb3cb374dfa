"""What images prove to be; what differs is set aside, unless it is used."""

import io

import pytest

from imagecache_handlers import CachedImage
from imagecache_handlers.clocks import utc_now
from imagecache_handlers import Evidence
from imagecache_handlers import handler
from imagecache_handlers import ImageCache
from imagecache_handlers import NotSupported
from imagecache_handlers import StoreNotFound
from imagecache_handlers.testing.memory import MemoryHandler
from imagecache_handlers.testing.shelf import Shelf
from tests.actions.incoming import HOUR
from tests.actions.incoming import Images
from tests.actions.incoming import opened
from tests.actions.incoming import put
from tests.actions.incoming import QUICK


def nobody(**users):
    named = {name: frozenset(who) for name, who in users.items()}
    return Evidence(users=named, complete=True, as_of=utc_now())


@pytest.fixture
def shelf():
    return Shelf()


@pytest.fixture
def cache(shelf, tmp_path):
    """One with the images a and b, whose leases have ended."""
    cache, wanted = opened(tmp_path, shelf)
    source = Images(a=b'a' * 3 * 2**20, b=b'b')
    cache.prefetch(['a', 'b'], source, HOUR, settings=wanted)
    for name in 'ab':
        cache.release(name, 'prefetch')
    return cache


def spoil(shelf, name):
    entry = shelf.entries[name]
    entry.content = entry.content[:-1] + b'x'


def proofs(found):
    return {one.image.image_id: one.proof.value for one in found.items}


def test_what_came_whole_is_whole(cache):
    told = []
    found = cache.verify(nobody(), tell=told.append)
    assert proofs(found) == {'a': 'whole', 'b': 'whole'}
    assert told == list(found.items)


def test_what_differs_is_told_and_stays(cache, shelf):
    spoil(shelf, 'a')
    found = cache.verify(nobody())
    assert proofs(found) == {'a': 'differs', 'b': 'whole'}
    assert 'its sha256 is' in found.items[0].why
    assert 'a' in shelf.entries


def test_only_what_is_asked_for_is_read(cache, shelf):
    spoil(shelf, 'b')
    assert proofs(cache.verify(nobody(), ['b'])) == {'b': 'differs'}
    assert proofs(cache.verify(nobody(), [])) == {}
    assert proofs(cache.verify(nobody(), stores=['shelf'])) == {
        'a': 'whole',
        'b': 'differs',
    }
    with pytest.raises(StoreNotFound):
        cache.verify(nobody(), stores=['x'])


def test_what_cannot_be_verified_is_named(cache, shelf):
    put(shelf, 'old', 9)
    put(shelf, 'bare', 9, f'sha256.{"0" * 64}')
    found = cache.verify(nobody(), ['old', 'bare'], quarantine=True)
    whys = {one.image.image_id: one.why for one in found.items}
    assert set(proofs(found).values()) == {'cannot be verified'}
    assert whys['old'] == 'no hash of it is on record'
    assert 'it has no bytes' in whys['bare']


def test_what_differs_is_set_aside(cache, shelf):
    spoil(shelf, 'a')
    found = cache.verify(nobody(), quarantine=True)
    assert proofs(found) == {'a': 'quarantined', 'b': 'whole'}
    assert 'it is at a-0' in found.items[0].why
    assert 'a' not in shelf.entries
    assert shelf.aside['a-0'].content.endswith(b'x')
    assert [one.image_id for one in cache.inventory().images] == ['b']


def use(shelf, cache):
    shelf.entries['a'].users.add('vm')


def hold(shelf, cache):
    cache.hold('a', 'vm', HOUR)


def pin(shelf, cache):
    cache.pin('a', 'ops')


def doubt(shelf, cache):
    shelf.sees_users = False


@pytest.mark.parametrize('keep', [use, hold, pin, doubt])
def test_what_somebody_uses_or_may_use_stays(cache, shelf, keep):
    spoil(shelf, 'a')
    keep(shelf, cache)
    unsure = Evidence(as_of=utc_now())
    found = cache.verify(unsure, ['a'], quarantine=True)
    assert proofs(found) == {'a': 'in use'}
    assert 'it stays' in found.items[0].why
    labels = shelf.entries['a'].labels
    assert not [label for label in labels if label.startswith('claim')]


def test_who_is_named_by_evidence_keeps_it(cache, shelf):
    spoil(shelf, 'a')
    found = cache.verify(nobody(a={'vm'}), ['a'], quarantine=True)
    assert proofs(found) == {'a': 'in use'}


def test_a_hold_at_the_last_moment_keeps_it(shelf, cache):
    class Late(MemoryHandler):
        def quarantine(self, image, alive=handler.always):
            shelf.entries['a'].labels.add('lease.vm.20991122t083000z')
            return super().quarantine(image, alive)

    spoil(shelf, 'a')
    late = ImageCache(Late(shelf), QUICK)
    found = late.verify(nobody(), ['a'], quarantine=True)
    assert proofs(found) == {'a': 'in use'}
    assert 'a' in shelf.entries


def test_what_went_meanwhile_proves_nothing(shelf, cache):
    class Going(MemoryHandler):
        def quarantine(self, image, alive=handler.always):
            del shelf.entries['a']
            return super().quarantine(image, alive)

    spoil(shelf, 'a')
    going = ImageCache(Going(shelf), QUICK)
    found = going.verify(nobody(), ['a'], quarantine=True)
    assert proofs(found) == {'a': 'cannot be verified'}


class Breaking(io.BytesIO):
    """Bytes that end with an error of the handler's own."""

    def read(self, size=-1):
        raise OSError('torn')


def test_what_cannot_be_read_to_its_end_proves_nothing(shelf, cache):
    class Broken(MemoryHandler):
        def content(self, image):
            return Breaking()

    found = ImageCache(Broken(shelf), QUICK).verify(nobody(), ['a'])
    assert proofs(found) == {'a': 'cannot be verified'}
    assert 'torn' in found.items[0].why


def test_a_handler_that_reads_nothing_verifies_nothing(shelf, cache):
    class Blind(MemoryHandler):
        content = handler.CacheHandler.content

    found = ImageCache(Blind(shelf), QUICK).verify(nobody(), ['a'])
    assert proofs(found) == {'a': 'cannot be verified'}
    assert found.items[0].why == 'this handler cannot read images'


def test_a_handler_that_cannot_set_aside_says_so_first(shelf, cache):
    class Plain(MemoryHandler):
        quarantine = handler.CacheHandler.quarantine

    with pytest.raises(NotSupported, match='set images aside'):
        ImageCache(Plain(shelf), QUICK).verify(nobody(), quarantine=True)


def test_it_can_be_stopped(cache):
    told = []
    found = cache.verify(
        nobody(), tell=told.append, should_stop=lambda: bool(told)
    )
    assert len(found.items) == 1


def test_it_stops_within_an_image(shelf, cache):
    """The first has 3 MiB, and is never read to its end."""
    spoil(shelf, 'a')
    asked, told = [], []

    def should_stop():
        asked.append(True)
        return len(asked) > 2

    found = cache.verify(
        nobody(), quarantine=True, tell=told.append, should_stop=should_stop
    )
    assert (list(found.items), told) == ([], [])
    assert 'a' in shelf.entries
    assert len(asked) < 6


class Careless(MemoryHandler):
    """One whose images ``lost`` and ``other`` were written to."""

    def altered(self, store):
        return [
            CachedImage(
                image_id=name,
                store=store,
                location=f'{name}-changed',
                size=1,
                unknown='it was written to',
            )
            for name in ('lost', 'other')
        ]


def test_what_was_changed_and_is_in_no_list_is_named(shelf, cache):
    careless = ImageCache(Careless(shelf), QUICK)
    told = []
    found = careless.verify(nobody(), tell=told.append)
    assert proofs(found) == {
        'a': 'whole',
        'b': 'whole',
        'lost': 'not managed',
        'other': 'not managed',
    }
    assert [one.why for one in told[:2]] == ['it was written to'] * 2
    found = careless.verify(nobody(), ['lost', 'a'], quarantine=True)
    assert proofs(found) == {'a': 'whole', 'lost': 'not managed'}
