"""The weigher, broken on purpose: it is loaded with Nova, and so is each."""

import pathlib
import types

from nova.scheduler import weights
import pytest

from imagecache_handlers.frontends.fleet import weigher
from tests.functional.nova import test_locality as tests
from tests.functional.nova.test_locality import registered
from tests.functional.nova.test_locality import unset

# The fixtures, by their names.
__all__ = ['registered', 'unset']

SOURCE = pathlib.Path(weigher.__file__).read_text()
NO_IMAGE = tests.test_what_boots_from_no_image_is_worth_nothing
CROWD = tests.test_new_servers_of_the_image_are_a_crowd
COUNTS = tests.test_what_a_host_is_at_and_has_counts
# What it is called, what stands there, what instead, and what it dies of.
MUTANTS = [
    (
        'a boot from a volume is one from an image',
        "if 'is_bfv' in request and request.is_bfv:",
        'if False:',
        (NO_IMAGE, {'is_bfv': True}),
    ),
    (
        'what cannot be weighed ends the request',
        'except Exception:',
        'except ZeroDivisionError:',
        (NO_IMAGE, {'image_id': '../../etc'}),
    ),
    (
        'bad stats are no stats of a host',
        'digest = read_stats(state.stats)',
        'digest = read_stats(dict(state.stats))',
        (tests.test_bad_stats_harm_nobody, 7),
    ),
    (
        'an aggregate says nothing',
        'utils.get_weight_multiplier(',
        '(lambda state, name, value: value)(',
        (tests.test_an_aggregate_overrules_it,),
    ),
    (
        'the option says nothing',
        '_CONF[opts.GROUP][_MULTIPLIER]',
        '1.0',
        (tests.test_the_multiplier_is_an_option, 5.0),
    ),
    (
        'the best is worth all',
        'maxval = 1.0',
        'maxval = None',
        (tests.test_the_host_that_has_it_comes_first,),
    ),
    (
        'work is not counted',
        'io_ops=int(state.num_io_ops or 0)',
        'io_ops=0',
        (COUNTS, 'num_io_ops', 6, 65536),
    ),
    (
        'servers are not counted',
        'servers=int(state.num_instances or 0)',
        'servers=0',
        (tests.test_where_nova_tracks_no_servers_all_are_counted,),
    ),
    (
        'what is new is not counted',
        'launched > since',
        'False',
        (CROWD, tests.IMAGE, tests.LATELY, True),
    ),
    (
        'what was there before is new',
        'launched > since',
        'True',
        (CROWD, tests.IMAGE, tests.LONG_AGO, False),
    ),
    (
        'servers of all images are counted',
        'if image == image_id',
        '',
        (CROWD, tests.OTHER, tests.LATELY, False),
    ),
    (
        'what has no image known is read',
        'getattr(one, _IMAGE, _UNKNOWN)',
        'one.image_ref',
        (CROWD, None, None, False),
    ),
    (
        'the first of a host is old',
        'images.count(_UNKNOWN) == 1',
        'False',
        (tests.test_the_first_server_of_a_host_is_new, 1, True),
    ),
    (
        'what is known by its id is new',
        'images.count(_UNKNOWN) == 1',
        'images.count(_UNKNOWN)',
        (tests.test_the_first_server_of_a_host_is_new, 2, False),
    ),
    (
        'what is being built is not counted',
        'max(0, unbuilt)',
        '0',
        (tests.test_servers_that_are_not_built_yet_are_a_crowd,),
    ),
    (
        'Nova always tracks its servers',
        'if not _CONF.filter_scheduler.track_instance_changes:',
        'if False:',
        (tests.test_where_nova_tracks_no_servers_all_are_counted,),
    ),
    (
        'all hosts are as large',
        'memory=int(state.total_usable_ram_mb or 0)',
        'memory=0',
        (COUNTS, 'num_instances', 20, 65536 // 5),
    ),
]


def load(source):
    module = types.ModuleType('mutant')
    exec(compile(source, 'mutant', 'exec'), module.__dict__)  # noqa: S102
    return [module.ImageLocalityWeigher()]


@pytest.mark.parametrize(
    ('old', 'new', 'killer'),
    [one[1:] for one in MUTANTS],
    ids=[one[0] for one in MUTANTS],
)
def test_it_is_killed(old, new, killer):
    assert SOURCE.count(old) == 1, 'the mutant does not apply'
    handler = weights.HostWeightHandler()
    test, *given = killer
    test(handler, load(SOURCE), *given)
    with pytest.raises((AssertionError, ValueError)):
        test(handler, load(SOURCE.replace(old, new)), *given)
