"""The benchmark of misbehaviour runs, is bounded, and measures the child."""

import contextlib
import http.client
import json
import sys
import urllib.parse

import pytest

from benchmarks import bad_servers
from benchmarks import child
from benchmarks import misbehaviour


def python(code, seconds=30.0, **more):
    limits = child.Limits(seconds=seconds, **more)
    return child.run([sys.executable, '-c', code], limits)


def test_it_prints_a_table_and_writes_json(tmp_path, capsys):
    file = tmp_path / 'misbehaviour.json'
    names = ['closes in the middle', 'records of a wrong shape']

    misbehaviour.main(['--only', *names, '--json', str(file)])

    rows = json.loads(file.read_text())['rows']
    assert len(capsys.readouterr().out.splitlines()) == 3
    assert [row['misbehaviour'] for row in rows] == names
    assert all(0 < row['seconds'] < 60 for row in rows)
    assert all(row['peak MiB'] > 10 for row in rows)
    said = [row['the user read'] for row in rows]
    assert all(line.startswith('imagecache: ') for line in said)
    assert rows[1]['left behind'].endswith('3 of 3 images')


def test_a_child_that_does_not_end_is_killed_and_that_is_told():
    ending = python('import time; time.sleep(60)', 0.5)

    assert ending.how == 'killed after 0.5 s'
    assert ending.seconds < 10


def test_a_child_that_grows_is_killed_and_that_is_told():
    code = 'import time; kept = b"x" * (200 << 20); time.sleep(60)'

    ending = python(code, bytes=100 * child.MIB)

    assert ending.how == 'killed at 100 MiB'
    assert ending.peak > 100 * child.MIB


def test_what_it_takes_is_its_own():
    kept = b'x' * (150 << 20)

    ending = python('import time; time.sleep(0.5)')

    assert ending.peak < len(kept)
    assert ending.how == 'exit 0'


def test_complaints_are_told_before_tables():
    code = 'import sys; print("a table"); print("trouble", file=sys.stderr)'
    assert python(code).said == 'trouble'
    assert python('print("a table\\n")').said == 'a table'


def test_a_child_can_be_told_to_end():
    ending = python('import time; time.sleep(60)', interrupt=0.5)

    assert ending.how == 'exit -15'


@contextlib.contextmanager
def asked(url, path='/'):
    where = urllib.parse.urlsplit(url).netloc
    connection = http.client.HTTPConnection(where, timeout=10)
    with contextlib.closing(connection):
        connection.request('POST', path, b'a call')
        with connection.getresponse() as answer:
            yield answer


@pytest.mark.parametrize('path', ['/', '/jsonrpc'])
def test_an_answer_of_100_mib_is_well_formed(path):
    serving = bad_servers.serve(bad_servers.large)
    with serving as url, asked(url, path) as reply:
        answer = reply.read()
    shape = bad_servers.JSON if 'json' in path else bad_servers.XML
    assert len(answer) > 100 * child.MIB
    assert answer.startswith(shape.begin)
    assert answer.endswith(shape.end)


def test_an_answer_that_is_broken_ends_early():
    serving = bad_servers.serve(bad_servers.broken)
    cut = pytest.raises(http.client.IncompleteRead)
    with serving as url, asked(url) as answer, cut:
        answer.read()


def test_an_answer_without_end_goes_on():
    serving = bad_servers.serve(bad_servers.endless)
    with serving as url, asked(url) as answer:
        assert answer.getheader('Content-Length') is None
        for _ in range(3):
            assert len(answer.read(child.MIB)) == child.MIB


def test_bytes_that_drip_come_one_by_one(monkeypatch):
    monkeypatch.setattr(bad_servers, 'EVERY', 0.01)
    serving = bad_servers.serve(bad_servers.drip)
    with serving as url, asked(url) as answer:
        assert answer.read1(100) in (b'<', b'<?')


@pytest.mark.parametrize('name', misbehaviour.MISBEHAVIOURS)
def test_every_stage_can_be_set_up(name):
    with misbehaviour.MISBEHAVIOURS[name]() as stage:
        assert stage.url.startswith('http://127.0.0.')
        left = misbehaviour.left_behind(stage.pool, 3)
    assert ('0 sessions, 0 claims' in left) == (stage.pool is not None)
