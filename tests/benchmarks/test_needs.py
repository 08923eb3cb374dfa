"""What a benchmark lacks is said in one line, with what to do, and code 2."""

import runpy
import sys

import pytest

from benchmarks import fleet
from benchmarks import needs
from benchmarks import replay
from imagecache_handlers import ConfigurationError
from imagecache_handlers.frontends.fleet.board import BoardLost


@pytest.fixture
def said(capsys):
    """Give the one line that it ended with."""

    def end(work):
        with pytest.raises(SystemExit) as caught:
            work()
        assert caught.value.code == 2
        out, err = capsys.readouterr()
        assert out == ''
        [line] = err.splitlines()
        return line

    return end


@pytest.mark.parametrize(
    'name', ['locality', 'nova_fleets', 'nova_pass', 'placements']
)
def test_without_nova(monkeypatch, said, name):
    monkeypatch.setitem(sys.modules, 'nova', None)
    for one in name, 'nova_fleets':
        monkeypatch.delitem(sys.modules, f'benchmarks.{one}', raising=False)
    monkeypatch.setattr(sys, 'argv', [f'{name}.py'])
    line = said(
        lambda: runpy.run_module(f'benchmarks.{name}', run_name='__main__')
    )
    assert 'has no Nova: install nova>=34,<35' in line


@pytest.mark.parametrize(
    'error',
    [
        BoardLost('redis', 'no answer of redis'),
        ConfigurationError('it takes redis: pip install redis'),
    ],
)
def test_without_a_board(monkeypatch, said, error):
    def refuse(settings):
        raise error

    monkeypatch.setattr(fleet, 'open_board', refuse)
    line = said(lambda: fleet.main(['--url', 'redis://127.0.0.1:9/0']))
    assert line.endswith(
        f'--url redis://127.0.0.1:9/0 cannot be measured: {error}'
    )


@pytest.mark.parametrize('python', ['/nowhere/python', 'false'])
def test_a_python_without_nova(said, python):
    line = said(lambda: needs.need_nova_of(python))
    assert line.endswith(
        f'--nova {python} has no Nova: name a Python that has'
    )


def test_nova_is_not_needed_if_it_is_not_named():
    needs.need_nova_of(None)
    needs.need_nova_of('true')


def test_without_a_program(said):
    line = said(lambda: needs.need_program('no-such-program'))
    assert line.endswith('there is no no-such-program here: install it')
    needs.need_program('true')


def test_without_a_trace(tmp_path, said):
    path = tmp_path / 'trace.csv.gz'
    line = said(lambda: replay.main([str(path)]))
    assert line.endswith(f'there is no trace {path}: name the file of one')
