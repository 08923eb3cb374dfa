"""Multipliers that are no numbers spoil no order of hosts."""

import math

from nova import objects
from nova.scheduler import weights
import pytest

from tests.functional.nova.test_locality import CONF
from tests.functional.nova.test_locality import GROUP
from tests.functional.nova.test_locality import handler
from tests.functional.nova.test_locality import host
from tests.functional.nova.test_locality import IMAGE
from tests.functional.nova.test_locality import NAME
from tests.functional.nova.test_locality import OTHER
from tests.functional.nova.test_locality import registered
from tests.functional.nova.test_locality import request
from tests.functional.nova.test_locality import told
from tests.functional.nova.test_locality import unset
from tests.functional.nova.test_locality import weigh
from tests.functional.nova.test_locality import weighers

# The fixtures, by their names.
__all__ = ['handler', 'registered', 'unset', 'weighers']

NO_NUMBERS = 'nan', 'inf', '-inf', '1e400', '-1e400', 'x', '', '7,1'


@pytest.mark.parametrize('text', NO_NUMBERS)
def test_of_an_aggregate_it_says_nothing(handler, weighers, text):  # noqa: F811
    group = objects.Aggregate(metadata={NAME: text}, hosts=['a', 'b'])
    hosts = [
        host('a', told(OTHER), [group]),
        host('b', told(IMAGE), [group]),
        host('c', told(IMAGE)),
    ]
    weight = weigh(handler, weighers, hosts, request())
    assert weight['a'] == 0 < weight['b'] == weight['c']


@pytest.mark.parametrize('text', ['nan', 'inf', '-inf'])
def test_of_the_option_it_is_0(handler, text):  # noqa: F811
    """Beside the weighers of Nova, whose order stays."""
    classes = handler.get_matching_classes(
        [
            'nova.scheduler.weights.ram.RAMWeigher',
            'imagecache_handlers.frontends.fleet.weigher.ImageLocalityWeigher',
        ]
    )
    hosts = [host(str(n), told(IMAGE), ram=n * 1024) for n in (2, 3, 1)]
    CONF.set_override(NAME, float(text), GROUP)
    found = weights.HostWeightHandler().get_weighed_objects(
        [one() for one in classes], hosts, request()
    )
    assert [one.obj.host for one in found] == ['3', '2', '1']
    assert all(math.isfinite(one.weight) for one in found)
