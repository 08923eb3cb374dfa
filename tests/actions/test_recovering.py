"""What a died eviction left is finished first, one store after the other."""

import pytest

from imagecache_handlers.actions.report import Did
from imagecache_handlers import Left
from imagecache_handlers import StoreUnavailable
from tests.root.test_cache import asked
from tests.root.test_cache import did
from tests.root.test_cache import opened
from tests.root.test_cache import Shelves


class Recovering(Shelves):
    """A backend where an eviction of ``lost`` has died."""

    lost = 'lost'

    def recover(self, store):
        self._call('recover', store)
        if store == 's1':
            self.put(self.lost, store=store)


def test_a_sweep_plans_with_what_was_put_back():
    handler = Recovering('s1')
    report = opened(handler).sweep(asked)
    assert handler.calls[:4] == ['stores', 'recover', 'stores', 'enumerate']
    assert did(report) == [Did.EVICTED]
    assert handler.calls.count('recover') == 1


def test_an_apply_begins_with_it_too_before_any_label():
    handler = Recovering('s1')
    handler.put('a')
    handler.rows['s1', 'a@0'][1].clear()
    cache = opened(handler)
    plan = cache.plan(asked())
    assert 'recover' not in handler.calls
    cache.apply(plan, asked)
    assert [one for one in handler.calls if one in ('recover', 'mark')] == [
        'recover',
        'mark',
    ]


def test_who_has_nothing_to_recover_is_not_asked_for_stores_again():
    handler = Shelves('s1')
    opened(handler).sweep(asked)
    assert handler.calls == ['stores', 'enumerate']


@pytest.mark.parametrize(
    'error', [StoreUnavailable('s1', 'no power'), KeyError('no power')]
)
def test_in_a_store_that_cannot_be_recovered_nothing_is_done(error):
    handler = Recovering('s1', 's2')
    handler.put('a', store='s1')
    handler.put('b', store='s2')
    handler.broken['recover', 's1'] = error
    report = opened(handler).sweep(asked)
    assert 'no power' in report.plan.problems['s1']
    assert did(report) == [Did.EVICTED]
    assert handler.left() == ['a']


def test_nor_is_what_a_plan_shows_and_that_is_told():
    handler = Recovering('s1', 's2')
    handler.put('a', store='s1')
    handler.put('b', store='s2')
    handler.put('c', store='s1')
    cache = opened(handler)
    plan = cache.plan(asked())
    handler.broken['recover', 's1'] = StoreUnavailable('s1', 'no power')
    report = cache.apply(plan, asked)
    assert did(report) == [Did.EVICTED]
    assert handler.left() == ['a', 'c']
    why = 'cannot be recovered: no power'
    assert report.left == (Left(store='s1', count=2, why=why),)


def test_a_store_with_a_problem_is_not_recovered():
    handler = Recovering('s1', 's2')
    handler.problems['s1'] = 'not mounted'
    handler.put('b', store='s2')
    cache = opened(handler)
    cache.apply(cache.plan(asked()), asked)
    cache.sweep(asked)
    assert handler.calls.count('recover') == 2
    assert handler.left() == []


def test_only_chosen_stores_are_recovered():
    handler = Recovering('s1', 's2')
    opened(handler).sweep(asked, ['s2'])
    assert handler.left() == []
    assert handler.calls.count('recover') == 1
