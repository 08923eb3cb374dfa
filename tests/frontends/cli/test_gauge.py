"""How full a space is said to be, now and then."""

from imagecache_handlers.frontends.cli.pages import plan
from imagecache_handlers.planning.rules import Rules
from imagecache_handlers.planning.space import Pool


def said(freed):
    pool = Pool(name='p', stores=frozenset('s'), total=1000, free=200)
    return str(plan.gauge(pool, freed, Rules()))


def test_what_is_less_than_half_a_percent_changes_nothing():
    assert ', then' not in said(4)
    assert 'used 80%, then 79%' in said(10)


def test_a_change_by_chance_of_rounding_is_not_told():
    pool = Pool(name='p', stores=frozenset('s'), total=1000, free=209)
    assert ', then' not in str(plan.gauge(pool, 1, Rules()))
