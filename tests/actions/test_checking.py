"""Answers of a plug-in that are of no use are told with who gave them."""

import datetime
import re

import pytest

from imagecache_handlers import HandlerFailed
from imagecache_handlers import ImageCache
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Evidence
from imagecache_handlers.planning.policies import lru
from imagecache_handlers.planning.rules import Rules
from imagecache_handlers.testing.memory import Entry
from imagecache_handlers.testing.memory import MemoryHandler
from imagecache_handlers.testing.memory import Shelf

NOW = datetime.datetime(2026, 11, 29, tzinfo=datetime.UTC)
OLD = 'unused.20260101t000000z'
RULES = Rules(min_age=datetime.timedelta(days=1))


def shelf():
    made = Shelf()
    for name in 'a', 'b', 'c':
        made.entries[name] = Entry(image_id=name, size=7, labels={OLD})
    return made


def answering(method, answer):
    """Make a handler of which one method gives that."""

    def give(self, *given, **named):
        return answer(self, *given) if callable(answer) else answer

    declared = {'hosts': lambda self, store: []}
    made = {**declared, method: give, '__module__': __name__}
    return type('Answering', (MemoryHandler,), made)(shelf())


def sweep(handler, rules=RULES):
    cache = ImageCache(handler, rules, clock=lambda: NOW)
    return cache.sweep(lambda: Evidence(complete=True, as_of=NOW))


def image(**change):
    known = {'image_id': 'a', 'store': 'shelf', 'location': 'a', 'size': 1}
    return CachedImage(**{**known, **change})


@pytest.mark.parametrize('freed', ['40', 1.5, True, -1, [7]])
def test_what_was_freed_is_a_number_and_stops_nobody_else(freed):
    def evict(handler, image, alive):
        done = MemoryHandler.evict(handler, image, alive)
        return freed if image.image_id == 'a' else done

    report = sweep(answering('evict', evict))

    by_id = {one.verdict.image.image_id: one for one in report.outcomes}
    said = by_id['a'].why
    assert f'test_checking.Answering.evict: it gave {freed!r}' in said
    assert [by_id[one].freed for one in 'bc'] == [7, 7]


@pytest.mark.parametrize(
    'images', ['a', ['a'], [None], None, 7, {'a': 1}, [image(), 'b']]
)
def test_a_list_holds_images_only(images):
    report = sweep(answering('enumerate', images))

    [said] = report.plan.problems.values()
    assert re.search(r'Answering\.enumerate: it gave .*not', said)


@pytest.mark.parametrize(
    'change',
    [
        {'image_id': None},
        {'image_id': b'a'},
        {'store': None},
        {'location': 7},
        {'variant': None},
        {'size': None},
        {'size': 1.5},
        {'size': '7'},
        {'size': True},
        {'frees': 1.0},
        {'cached_at': '2026-11-29'},
        {'users': 'vm'},
        {'users': {'vm'}},
        {'users': ['vm']},
        {'users': frozenset({None})},
        {'unknown': False},
        {'busy': 1},
        {'undeletable': b'no'},
        {'marks': frozenset({'pin.ops'})},
    ],
)
def test_an_image_of_wrong_types_cannot_be_made_and_says_who_tried(change):
    handler = answering('enumerate', lambda *_: [image(**change)])
    [name] = change
    [value] = change.values()

    [said] = sweep(handler).plan.problems.values()

    assert 'test_checking.Answering.enumerate: ' in said
    shown = min(value) if isinstance(value, frozenset) else value
    assert repr(shown) in said
    with pytest.raises(ValueError, match='must be'):
        image(**change)


@pytest.mark.parametrize('stores', ['shelf', [None], ['shelf'], None, 7])
def test_stores_are_stores(stores):
    with pytest.raises(HandlerFailed, match=r'Answering\.stores: it gave'):
        sweep(answering('stores', stores))


@pytest.mark.parametrize(
    ('method', 'answer', 'call'),
    [
        ('key', None, lambda cache: cache.pin('a', 'ops')),
        ('debris', ['a'], lambda cache: cache.debris()),
        ('hosts', [None], lambda cache: cache.hosts()),
        ('forget_host', 'yes', lambda cache: cache.forget_host('x')),
    ],
)
def test_other_answers_are_checked_as_well(method, answer, call):
    wanted = rf'Answering\.{method}: it gave'
    try:
        found = call(ImageCache(answering(method, answer), RULES))
    except HandlerFailed as error:
        said = str(error)
    else:
        [said] = found.problems.values()
    assert re.search(wanted, said)


@pytest.mark.parametrize('rank', [None, float('nan'), 1j, object(), {}])
def test_the_ranks_of_a_policy_can_be_compared(rank):
    def order(image, now):
        return rank

    with pytest.raises(HandlerFailed) as error:
        sweep(MemoryHandler(shelf()), Rules(order=order))

    said = str(error.value)
    assert 'test_checking.test_the_ranks_of_a_policy' in said
    assert 'order' in said
    assert repr(rank) in said
    assert "image 'a'" in said


def test_ranks_of_several_kinds_are_told():
    def order(image, now):
        return {'a': 1, 'b': 'one', 'c': 2}[image.image_id]

    with pytest.raises(HandlerFailed, match="'one' for image 'b'.* beside 1"):
        sweep(MemoryHandler(shelf()), Rules(order=order))


def test_a_policy_that_fails_is_named():
    def order(image, now):
        raise KeyError('none')

    with pytest.raises(HandlerFailed, match='KeyError'):
        sweep(MemoryHandler(shelf()), Rules(order=order))


def test_ranks_that_can_be_compared_are_taken():
    def order(image, now):
        return lru(image, now), image.image_id

    assert len(sweep(MemoryHandler(shelf()), Rules(order=order)).outcomes) == 3
