"""Stage file: its bytes are on their way to the disk before the last came."""

import os

import pytest

from imagecache_handlers.directory.system import write_back
from imagecache_handlers.staging import stage_file

MIB = 2**20


@pytest.fixture
def file(tmp_path):
    folder = os.open(tmp_path, os.O_RDONLY)
    with stage_file.opened_stage(folder, 'a.stage', str(tmp_path)) as file:
        yield file
    os.close(folder)


@pytest.fixture
def begun(monkeypatch):
    calls = []
    monkeypatch.setattr(
        write_back, 'begin', lambda fd, at, size: calls.append((at, size))
    )
    return calls


def test_each_eight_mib_are_sent_on_once(file, begun):
    for _ in range(20):
        file.write(b'x' * MIB)

    assert begun == [(0, 8 * MIB), (8 * MIB, 8 * MIB)]


def test_what_begins_anew_is_sent_on_from_its_begin(file, begun):
    for _ in range(9):
        file.write(b'x' * MIB)
    file.clear()
    for _ in range(8):
        file.write(b'x' * MIB)

    assert begun == [(0, 8 * MIB)] * 2


def test_the_system_takes_the_call(tmp_path, monkeypatch):
    call = write_back._find_call()
    assert call is not None
    results = []
    monkeypatch.setattr(
        write_back,
        '_find_call',
        lambda: lambda *given: results.append(call(*given)),
    )
    with open(tmp_path / 'file', 'wb') as file:
        file.truncate(2**33)
        write_back.begin(file.fileno(), 2**32 + 1, MIB)

    assert results == [0]


def test_a_system_without_it_is_fine(tmp_path, monkeypatch):
    monkeypatch.setattr(write_back, '_find_call', lambda: None)

    write_back.begin(-1, 0, MIB)
