"""A vhdx that never tells its size is not read to its end for that."""

import os
import struct

from oslo_utils.imageutils import format_inspector as library
import pytest

from imagecache_handlers.staging import vhdx_tables
from tests.staging import disks
from tests.staging.test_inspecting import disk
from tests.staging.test_inspecting import inspect
from tests.staging.test_inspecting import refusal

REGIONS = vhdx_tables._REGIONS

__all__ = ['disk']


def find(path, what, start=0):
    with path.open('rb') as file:
        file.seek(start)
        return start + file.read(2**24).index(what)


def read(path, at):
    with path.open('rb') as file:
        return os.pread(file.fileno(), 512, at)


def write(path, at, content):
    with path.open('r+b') as file:
        os.pwrite(file.fileno(), content, at)


def break_regions(path):
    write(path, REGIONS, b'none')


def hide_metadata(path):
    at = find(path, vhdx_tables._REGION, REGIONS)
    write(path, at, bytes(16))
    # As many entries as the library looks at.
    write(path, REGIONS + 8, struct.pack('<I', 2047))


def move_metadata(path):
    at = find(path, vhdx_tables._REGION, REGIONS)
    write(path, at + 16, struct.pack('<Q', 2**40))


def break_metadata(path):
    write(path, find(path, b'metadata'), b'nonsense')


def hide_size(path):
    write(path, find(path, vhdx_tables._SIZE), bytes(16))
    write(path, find(path, b'metadata') + 10, struct.pack('<H', 2047))


def move_size(path):
    at = find(path, vhdx_tables._SIZE)
    write(path, at + 16, struct.pack('<I', 2**32 - 1))


def move_metadata_back(path):
    # To where all has been read once the table of regions has.
    found = find(path, b'metadata')
    write(path, 2**12, read(path, found))
    at = find(path, vhdx_tables._REGION, REGIONS)
    write(path, at + 16, struct.pack('<Q', 2**12))


def move_size_back(path):
    at = find(path, vhdx_tables._SIZE)
    write(path, at + 16, struct.pack('<I', 2**12))


def shorten_size(path):
    at = find(path, vhdx_tables._SIZE)
    write(path, at + 20, struct.pack('<I', 7))


def cut_short(path):
    os.truncate(path, REGIONS + 8)


@pytest.mark.parametrize(
    'damage',
    [
        break_regions,
        hide_metadata,
        move_metadata,
        break_metadata,
        hide_size,
        move_metadata_back,
        move_size,
        move_size_back,
        shorten_size,
        cut_short,
    ],
)
@pytest.mark.parametrize('declared', ['vhdx', 'raw'])
def test_a_broken_one_is_refused_by_its_tables(
    disk, damage, declared, monkeypatch
):
    disks.create(disk, 'vhdx', '64M')
    os.truncate(disk, 2**33)
    assert inspect(disk, 'vhdx').virtual_size == 2**26
    damage(disk)
    # For minutes.
    monkeypatch.delattr(library.InspectWrapper, 'read')

    assert refusal(disk, declared) == vhdx_tables._BROKEN


@pytest.mark.parametrize('options', ['', 'log_size=16M', 'block_size=1M'])
def test_whole_ones_are_inspected(disk, options):
    disks.create(disk, 'vhdx', '64M', options)

    assert inspect(disk, 'vhdx').virtual_size == 2**26
