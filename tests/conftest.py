"""The parts of the suite, and what tests of several folders need."""

import functools
import pathlib
import unittest

import hypothesis
import pytest

from tests.fork_server import ForkServer
from tests.profile import NEW

FUNCTIONAL = pathlib.Path(__file__).with_name('functional')
SETS_UP = unittest.TestCase.setUpClass
PARTS = 'beside', 'alone'

# No test fails because the machine is busy, and each fails again.
hypothesis.settings.register_profile(
    'steady',
    deadline=None,
    derandomize=not NEW,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile('steady')


def pytest_addoption(parser):
    parser.addoption(
        '--part',
        choices=PARTS,
        help='run only tests that may run beside others, or only those that '
        'must run alone (default: all)',
    )


def pytest_ignore_collect(collection_path, config):
    """Leave out what has environments of its own, unless it is named."""
    if collection_path == FUNCTIONAL:
        named = [config.invocation_params.dir / one for one in config.args]
        return not any(is_functional(path) for path in named) or None
    return None


def is_functional(path):
    return FUNCTIONAL in (path, *path.parents)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    if part := config.getoption('part'):
        choose_part(config, items, part)
    for item in items:
        keep_class_together(item)
    # The longest first, or one process works while the other has nothing.
    items.sort(key=lambda item: not item.get_closest_marker('long'))


def choose_part(config, items, part):
    chosen = [item for item in items if part == part_of(item)]
    left = [item for item in items if part != part_of(item)]
    config.hook.pytest_deselected(items=left)
    items[:] = chosen


def part_of(item):
    return 'alone' if item.get_closest_marker('alone') else 'beside'


def keep_class_together(item):
    """Have what a class sets up once be set up in one process only."""
    sets_up = getattr(getattr(item, 'cls', None), 'setUpClass', SETS_UP)
    if sets_up.__func__ is not SETS_UP.__func__:
        name = f'{item.module.__name__}.{item.cls.__name__}'
        item.add_marker(pytest.mark.xdist_group(name))


@pytest.fixture(scope='session')
def fork_server():
    """Run mutants' tests from a process that has pytest loaded."""
    with ForkServer() as server:
        yield server


@pytest.fixture(scope='session')
def copies(tmp_path_factory, fork_server):
    """Give a package and its tests to break: the same again to who comes next.

    The copy that is given lies in a folder of its own, and must be mended.
    """

    @functools.cache
    def copy(package, tests):
        # Not loaded before: only those who break packages need it.
        from tests.mutation import Copy  # noqa: PLC0415

        folder = tmp_path_factory.mktemp('copy')
        return Copy.of(package, tests, folder, fork_server)

    return copy
