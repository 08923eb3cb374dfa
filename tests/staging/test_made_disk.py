"""Made disk: all of it comes out of a conversion, and nothing that leads away.

By a real qemu-img, and one that is none.
"""

import os
import random
import struct

import pytest

from imagecache_handlers import ImageMeta
from imagecache_handlers.staging.inspecting import inspect_file
from imagecache_handlers.staging.limits import Limits
from imagecache_handlers.staging.stage import Stages
from imagecache_handlers import Unsupported
from tests.staging import disks
from tests.staging.sources import Memory
from tests.staging.sources import meta_of

SIZE = 4 * 2**20 + 5 * 512
DISK = random.Random(7).randbytes(SIZE)
# Cylinders, heads and sectors of a little less than that, as a VHD has them.
GEOMETRY = 120, 4, 17
CREATORS = [b'vbox', b'vpc ', b'qemu', b'qem2', b'tap\0', b'win ', b'mine']
LINES = (
    b'version=1\nCID=fffffffe\nparentCID=ffffffff\nRW 1 FLAT "/etc/hosts" 0\n'
)
INNER = {'words': LINES, 'oldest': b'COWD', 'qcow2': b'QFI\xfb\0\0\0\3'}


@pytest.fixture
def raw(tmp_path):
    path = tmp_path / 'raw'
    path.write_bytes(DISK)
    return path


def source_of(path, disk_format):
    content = path.read_bytes()
    return Memory(content, meta_of(content, disk_format=disk_format))


def made_of(tmp_path, path, disk_format, *target, **limits):
    """Convert it; give what it is then, and its bytes."""
    stages = Stages(f'{tmp_path}/stages', limits=Limits(**limits))
    source = source_of(path, disk_format)
    with stages.open_stage(source.meta) as stage:
        stage.fetch_image(source)
        stage.convert_image(*target)
        with stage.open_content() as (meta, content, _):
            return meta, content.read()


def sign(footer):
    total = ~(sum(footer) - sum(footer[64:68])) & 0xFFFFFFFF
    return footer[:64] + struct.pack('>I', total) + footer[68:]


def make_vhd(raw, creator, original=SIZE):
    """Make a VHD as programs do that go by a geometry."""
    path = raw.with_name('vhd')
    disks.convert(raw, path, 'vpc', 'force_size=on')
    content = path.read_bytes()
    footer = bytearray(content[-512:])
    footer[28:32] = creator
    struct.pack_into('>QQHBB', footer, 40, original, SIZE, *GEOMETRY)
    signed = sign(bytes(footer))
    path.write_bytes(signed + content[512:-512] + signed)
    return path


@pytest.mark.parametrize('creator', CREATORS)
def test_a_vhd_is_made_raw_to_its_last_byte(tmp_path, raw, creator):
    vhd = make_vhd(raw, creator)
    meta, content = made_of(tmp_path, vhd, 'vhd', 'raw')
    assert content == DISK
    assert meta.virtual_size == SIZE


@pytest.mark.parametrize('original', [2**20, SIZE, 2**30])
def test_the_size_of_a_vhd_is_what_it_has_now(tmp_path, raw, original):
    vhd = make_vhd(raw, b'win ', original)
    meta = ImageMeta(image_id='a', size=1, disk_format='vhd')
    with vhd.open('rb') as file:
        assert inspect_file(file, meta, Limits()).virtual_size == SIZE
    assert made_of(tmp_path, vhd, 'vhd', 'raw')[1] == DISK


TARGETS = [
    *[('raw',), ('qcow2',), ('vhd',), ('vhdx',), ('vdi',), ('vmdk',)],
    *[('vmdk', 'streamOptimized'), ('vmdk', 'monolithicFlat')],
]


@pytest.mark.parametrize('target', TARGETS)
def test_a_disk_may_have_any_number_of_sectors(tmp_path, raw, target):
    vhd = make_vhd(raw, b'vbox')
    meta, _ = made_of(tmp_path, vhd, 'vhd', *target)
    assert meta.virtual_size == SIZE


@pytest.mark.parametrize('target', TARGETS[1:])
def test_a_disk_may_end_within_a_sector(tmp_path, raw, target):
    raw.write_bytes(DISK[:-7])
    meta, _ = made_of(tmp_path, raw, 'raw', *target)
    assert meta.disk_format == target[0]


def test_a_large_disk_of_nothing_is_made(tmp_path):
    """Its file is small, whatever is allowed to what comes in."""
    size = 70 * 2**30
    disk = tmp_path / 'qcow2'
    disks.create(disk, 'qcow2', size)
    meta, _ = made_of(tmp_path, disk, 'qcow2', 'vhd', most_growth=10**9)
    assert meta.virtual_size == size


@pytest.mark.parametrize('outer', ['qcow2', 'vdi', 'vhdx'])
@pytest.mark.parametrize('inner', INNER)
def test_a_header_inside_of_the_disk_is_refused(tmp_path, outer, inner):
    """Else the raw file begins with what a guest's owner wrote."""
    raw, disk = tmp_path / 'raw', tmp_path / 'disk'
    raw.write_bytes(INNER[inner].ljust(SIZE, b'\0'))
    disks.convert(raw, disk, outer)
    with pytest.raises(Unsupported, match='begins with the header of another'):
        made_of(tmp_path, disk, outer, 'raw')


@pytest.mark.parametrize('size', [SIZE - 512, SIZE + 512])
def test_a_disk_of_another_size_is_refused(tmp_path, raw, monkeypatch, size):
    disk = tmp_path / 'qcow2'
    disks.convert(raw, disk, 'qcow2')
    (tmp_path / 'bin').mkdir()
    program = tmp_path / 'bin/qemu-img'
    last = '$(eval echo \\${$#})'
    program.write_text(f'#!/bin/sh\nexec truncate -s {size} "{last}"\n')
    program.chmod(0o755)
    monkeypatch.setenv('PATH', f'{tmp_path}/bin:{os.environ["PATH"]}')
    with pytest.raises(Unsupported, match=f'qemu-img makes one of {size:,}'):
        made_of(tmp_path, disk, 'qcow2', 'raw')
