"""Lines of JSON: whatever is told, each is one line that can be read."""

import io
import json
import logging
import sys

import pytest

from imagecache_handlers.actions.report import Did
from imagecache_handlers.actions.report import Outcome
from imagecache_handlers.actions.report import Report
from imagecache_handlers.frontends.cli.json_log import Events
from imagecache_handlers.frontends.cli.json_log import JsonLine
from tests.planning.values import image
from tests.planning.values import NOW
from tests.planning.values import planned
from tests.planning.values import ready
from tests.planning.values import shelf

HOSTILE = ['a\nb', '"', '\u2028', '\udcff', '\x1b[31m', '<script>', '%s %d']


def told(tell):
    stream = io.StringIO()
    tell(Events(stream, lambda: NOW))
    [line] = stream.getvalue().split('\n')[:-1]
    assert line.isascii()
    return json.loads(line)


@pytest.mark.parametrize('text', HOSTILE)
def test_any_text_fits_a_line(text):
    outcome = Outcome(
        verdict=planned(ready('a', size=7)).verdicts[0],
        did=Did.FAILED,
        why=text,
    )
    event = told(lambda events: events.write_outcome(outcome))
    assert event['size'] == 7
    assert event['did'] == 'failed'
    assert event['detail']
    assert told(lambda events: events.write('x', said=text))['said'] == text


@pytest.mark.parametrize('text', HOSTILE)
def test_a_record_of_any_text_fits_a_line(text):
    try:
        raise ValueError(text)
    except ValueError:
        record = logging.LogRecord(
            'lib', logging.WARNING, '', 0, text, (), sys.exc_info()
        )
    line = JsonLine().format(record)
    assert len(line.splitlines()) == 1
    event = json.loads(line)
    assert event['message'] == text
    assert event['level'] == 'warning'
    assert event['logger'] == 'lib'
    assert 'ValueError' in event['traceback']


def test_a_sweep_tells_what_is_in_the_way():
    plan = planned(
        image('a', 'pin.ops', size=20),
        stores=[shelf(100, 0)],
        high_watermark=85,
        low_watermark=70,
    )
    event = told(lambda events: events.write_sweep(Report(plan=plan), 'short'))
    [pool] = event['pools']
    assert (pool['pool'], pool['wanted'], pool['planned']) == ('shelf', 30, 0)
    assert 'pinned by ops' in pool['explanation']
    assert event['result'] == 'short'
