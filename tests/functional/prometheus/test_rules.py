"""Each fault fires its alert and no other, and mended it is silent."""

import pathlib
import re
import subprocess

import pytest
import yaml

from imagecache_handlers.frontends.metrics.collector import write_text
from imagecache_handlers.frontends.metrics.families import FAMILIES
from tests.frontends.metrics.test_collector import filled_by_turns
from tests.functional.prometheus.faults import FAULTS
from tests.functional.prometheus.world import World

RULES = (
    pathlib.Path(__file__).parents[3]
    / 'contrib'
    / 'prometheus'
    / 'imagecache.rules.yaml'
)
# Steps that each of the three parts of a story takes: in these of six
# hours there is room, and for what is pending as well.
PART = 14
HOST = 'job="imagecache", instance="host"'


def run_promtool(*arguments, text=None):
    return subprocess.run(  # noqa: S603
        ['promtool', *map(str, arguments)],  # noqa: S607
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )


def promtool(*arguments, text=None):
    """Give what it says that is content."""
    done = run_promtool(*arguments, text=text)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


def lines_of(record):
    """Give each line that is exported, without its value, and that."""
    for line in write_text(record).splitlines():
        if not line.startswith('#'):
            series, _, value = line.rpartition(' ')
            name, _, labels = series.partition('{')
            labels = labels.removesuffix('}')
            told = ', '.join(filter(None, [HOST, labels]))
            yield f'{name}{{{told}}}', value


def tell_story(one):
    """Give the values of all series while a fault comes and goes."""
    world = World()
    world.step = one.step
    series = {}
    for tick in range(3 * PART):
        if tick == PART:
            one.begin(world)
        if tick == 2 * PART:
            one.mend(world)
        world.tick()
        if PART <= tick < 2 * PART:
            one.go_on(world)
        for name, value in lines_of(world.record):
            series.setdefault(name, ['_'] * 3 * PART)[tick] = value
    return series


def write_test(one, names):
    """Write what promtool is to check of one fault."""
    series = tell_story(one)
    minutes = minutes_of(one)
    told = {one.alert, one.besides}
    checks = [
        expected_at(part * PART * minutes, name, name in told and part == 2)
        for part in (1, 2, 3)
        for name in names
    ]
    return {
        'interval': f'{minutes}m',
        'input_series': [
            # The first is that of the time 0, before anything was told.
            {'series': name, 'values': ' '.join(['_', *values])}
            for name, values in series.items()
        ],
        'promql_expr_test': checks,
    }


def minutes_of(one):
    return int(one.step.total_seconds() // 60)


def expected_at(minute, name, fires):
    count = f'count(ALERTS{{alertname="{name}", alertstate="firing"}})'
    return {
        'expr': f'({count} > bool 0) or vector(0)',
        'eval_time': f'{minute}m',
        'exp_samples': [{'labels': '{}', 'value': int(fires)}],
    }


def test_the_rules_are_sound():
    names = {one['alert'] for one in alerts()}
    said = promtool('check', 'rules', RULES)
    assert f'{len(names)} rules found' in said


def alerts():
    return yaml.safe_load(RULES.read_text())['groups'][0]['rules']


def test_there_are_twenty_faults_and_one_of_each_alert():
    assert len(FAULTS) >= 20
    assert {one.alert for one in FAULTS.values() if one.alert} == {
        one['alert'] for one in alerts()
    }


@pytest.fixture(scope='module')
def verdicts(tmp_path_factory):
    """Have all faults judged at once; give what was wrong with each."""
    folder = tmp_path_factory.mktemp('rules')
    names = [one['alert'] for one in alerts()]
    wrong = {}
    for number, (name, one) in enumerate(FAULTS.items()):
        file = folder / f'{number}.yaml'
        told = {
            'rule_files': [str(RULES)],
            'evaluation_interval': f'{minutes_of(one)}m',
            'tests': [write_test(one, names)],
        }
        file.write_text(yaml.safe_dump(told, width=10**9))
        done = run_promtool('test', 'rules', file)
        if done.returncode:
            wrong[name] = done.stdout + done.stderr
    return wrong


@pytest.mark.parametrize('name', FAULTS)
def test_a_fault_fires_its_alert_and_no_other(name, verdicts):
    assert name not in verdicts, verdicts[name]


def test_the_metrics_are_sound():
    record = filled_by_turns()
    record.begin_prefetches()
    text = write_text(record)
    assert promtool('check', 'metrics', text=text) == ''
    names = set(re.findall(r'^# TYPE (\w+) ', text, flags=re.MULTILINE))
    assert names == {*FAMILIES}
