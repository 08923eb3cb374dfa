"""What Prometheus and Grafana are given: as the code says, and sound."""

import json
import pathlib
import re
import runpy

import pytest

from imagecache_handlers.frontends.metrics.alerts import commands_of
from imagecache_handlers.frontends.metrics.alerts import make_alerts
from imagecache_handlers.frontends.metrics.board import expressions_of
from imagecache_handlers.frontends.metrics.board import make_board
from imagecache_handlers.frontends.metrics.families import FAMILIES
from imagecache_handlers.frontends.metrics.panels import PANELS
from imagecache_handlers.frontends.metrics.samples import lasting_names
from tests.docs.reading import directives
from tests.docs.test_commands import parsed

ROOT = pathlib.Path(__file__).parents[3]
MADE = runpy.run_path(str(ROOT / 'tools' / 'make_contrib.py'))['FILES']
PAGE = ROOT / 'doc' / 'source' / 'metrics.rst'
ALERTS = {one.name: one for one in make_alerts()}
# What a person puts in for what stands there.
FILLED = {'OWNER': 'ops', 'IMAGE': 'a1', 'FILE': 'in-use'}


@pytest.mark.parametrize('name', MADE)
def test_a_file_is_as_its_code_makes_it(name):
    path = ROOT / 'contrib' / name
    assert path.read_text() == MADE[name](), 'run tools/make_contrib.py'


def names_in(expression):
    return set(re.findall(r'\bimagecache_\w+', expression))


@pytest.mark.parametrize(
    'expression',
    [one.expr for one in ALERTS.values()] + list(expressions_of(PANELS)),
)
def test_an_expression_names_what_is_exported(expression):
    assert names_in(expression)
    assert names_in(expression) <= {*FAMILIES, *lasting_names()}


@pytest.mark.parametrize('name', ALERTS)
def test_an_alert_names_a_command_that_exists(name):
    commands = list(commands_of(ALERTS[name].mend))
    ours = [one for one in commands if one.startswith('imagecache ')]
    assert ours
    for command in ours:
        for word, filled in FILLED.items():
            command = command.replace(word, filled)
        assert parsed(command.removeprefix('imagecache '))


@pytest.mark.parametrize('name', ALERTS)
def test_no_name_of_a_store_becomes_part_of_a_command(name):
    assert '$labels' not in ALERTS[name].mend


@pytest.mark.parametrize(
    ('table', 'source'),
    [
        ('metrics-table', 'FAMILIES.values()'),
        ('alerts-table', 'make_alerts()'),
        ('panels-table', 'PANELS'),
    ],
)
def test_the_page_has_all_of_them_from_the_code(table, source):
    [_] = directives(PAGE, table)
    tables = (ROOT / 'doc' / 'ext' / 'metrics_tables.py').read_text()
    assert f' in {source}' in tables


def test_the_page_names_nothing_else():
    text = PAGE.read_text()
    known = {*FAMILIES, *lasting_names()}
    assert names_in(text)
    assert names_in(text) <= known
    alerts = set(re.findall(r'\bImagecache\w+', text))
    assert alerts
    assert alerts <= ALERTS.keys()


def test_the_board_has_variables_for_job_and_store():
    board = make_board()
    names = [one['name'] for one in board['templating']['list']]
    assert names == ['datasource', 'job', 'store']
    for panel in board['panels']:
        assert panel['title']
        for target in panel['targets']:
            assert '$job' in target['expr']
    assert len({one['id'] for one in board['panels']}) == len(PANELS)
    assert json.dumps(board)


def test_no_two_panels_lie_over_each_other():
    places = [one['gridPos'] for one in make_board()['panels']]
    assert len({(one['x'], one['y']) for one in places}) == len(places)
    assert all(one['x'] + one['w'] <= 24 for one in places)
