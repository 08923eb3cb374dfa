"""Faults before, after and between the results of a call for many images."""

import pytest

from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.exceptions import Uncertain
from imagecache_handlers.handler import declares
from imagecache_handlers.testing.faults import Died
from imagecache_handlers.testing.faults import Fault
from imagecache_handlers.testing.faults import Faulty
from imagecache_handlers.testing.faults import How
from imagecache_handlers.testing.memory import Entry
from imagecache_handlers.testing.memory import MemoryHandler
from imagecache_handlers.testing.memory import Shelf


class Many(MemoryHandler):
    recovered = 0
    wants_shield = True

    def evict_many(self, images, in_time):
        for image in images:
            yield self.evict(image, in_time)

    def mark_many(self, images, add=(), remove=()):
        for image in images:
            yield self.mark(image, add, remove)

    def recover(self, store):
        self.recovered += 1


@pytest.fixture
def handler():
    shelf = Shelf()
    for name in 'abc':
        shelf.entries[name] = Entry(image_id=name, size=7)
    return Many(shelf)


def images(handler):
    return handler.enumerate('shelf')


def evict(faulty, handler):
    """Give the results that were told, and what ended that."""
    told = []
    try:
        for result in faulty.evict_many(images(handler), lambda: True):
            told.append(result)
    except (StoreUnavailable, Uncertain, Died) as error:
        return told, type(error)
    return told, None


def test_without_a_fault_all_is_passed_on(handler):
    faulty = Faulty(handler)
    for name in 'evict_many', 'mark_many', 'recover':
        assert declares(faulty, name)
        assert not declares(Faulty(MemoryHandler()), name)
    assert faulty.wants_shield
    marked = faulty.mark_many(images(handler), {'aa'})
    assert list(marked) == [None] * 3
    assert handler.shelf.entries['c'].labels == {'aa'}
    faulty.recover('shelf')
    assert handler.recovered == 1
    assert evict(faulty, handler) == ([7, 7, 7], None)
    assert handler.shelf.entries == {}
    expected = ['mark_many', *['result'] * 3, 'recover', 'evict_many']
    assert faulty.calls == [*expected, *['result'] * 3]


@pytest.mark.parametrize(
    ('method', 'call', 'when', 'told', 'left'),
    [
        ('evict_many', 1, 'before', 0, 'abc'),
        ('evict_many', 1, 'after', 3, ''),
        ('result', 1, 'before', 0, 'abc'),
        ('result', 1, 'after', 0, 'bc'),
        ('result', 2, 'before', 1, 'bc'),
        ('result', 2, 'after', 1, 'c'),
        ('result', 3, 'after', 2, ''),
        (None, 3, 'before', 1, 'bc'),
    ],
)
@pytest.mark.parametrize(
    ('how', 'error'),
    [
        (How.FAIL, StoreUnavailable),
        (How.LOSE, Uncertain),
        (How.DIE, Died),
    ],
)
def test_it_breaks_just_there(
    handler, method, call, when, told, left, how, error
):
    fault = Fault(call=call, method=method, when=when, how=how)
    done = evict(Faulty(handler, fault), handler)
    assert done == ([7] * told, error)
    assert ''.join(handler.shelf.entries) == left


def test_labels_break_there_too(handler):
    faulty = Faulty(handler, Fault(call=2, method='result', how=How.FAIL))
    told = faulty.mark_many(images(handler), {'aa'})
    assert next(told) is None
    with pytest.raises(StoreUnavailable):
        next(told)
    labels = [entry.labels for entry in handler.shelf.entries.values()]
    assert labels == [{'aa'}, set(), set()]


def test_lists_of_another_length_are_passed_on(handler):
    for results in [[7], [7, 7, 7, 7]]:
        handler.evict_many = lambda images, in_time, told=results: told
        assert evict(Faulty(handler), handler) == (results, None)
