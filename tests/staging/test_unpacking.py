"""A tar.gz of VHDs: its disk comes out whole, and nothing else of it."""

import gzip
import io
import os
import tarfile

import pytest

from imagecache_handlers import packed_vhd
from imagecache_handlers.staging.limits import Limits
from imagecache_handlers.staging.stage import Stages
from imagecache_handlers.staging.unpacking import unpack_disk
from imagecache_handlers import Unsupported
from tests.staging import packed
from tests.staging.sources import Memory
from tests.staging.sources import meta_of
from tests.staging.sources import random_bytes

RAW = random_bytes(2**20) + bytes(3 * 2**20)


@pytest.fixture(scope='module')
def vhd(tmp_path_factory):
    return packed.make_vhd(tmp_path_factory.mktemp('vhd'), RAW)


def unpack(content, size=None):
    return b''.join(unpack_disk(io.BytesIO(content), 'debian', size))


def refusal(content, size=None):
    with pytest.raises(Unsupported) as caught:
        unpack(content, size)
    return caught.value.why


@pytest.mark.parametrize('dot', [True, False])
@pytest.mark.parametrize('form', [tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_the_disk_comes_out_as_it_went_in(vhd, dot, form):
    content = packed.pack(('0.vhd', vhd), dot=dot, format=form)

    assert packed_vhd.is_packed(content[: packed_vhd.PACKED_HEAD])
    assert unpack(content) == unpack(content, len(vhd)) == vhd


def test_a_stage_gives_the_disk_in_place_of_what_came(vhd, tmp_path):
    content = packed.pack(('0.vhd', vhd))
    source = Memory(content, meta_of(content, disk_format=packed_vhd.FORMAT))
    stages = Stages(f'{tmp_path}/stages')
    with stages.open_stage(source.meta) as stage:
        stage.fetch_image(source)
        stage.unpack_image(len(vhd))
        found = stage.inspect_image()
        stage.convert_image('vhd')
        with stage.open_content() as (meta, file, _):
            assert file.read() == vhd
        stage.drop()

    assert (found.disk_format, found.virtual_size) == ('vhd', len(RAW))
    assert (meta.disk_format, meta.size) == ('vhd', len(vhd))
    assert os.listdir(stages.folder) == []


def test_the_disk_is_inspected(vhd, tmp_path):
    # Its end says what its begin does not.
    end = packed.make_child(vhd)[-512:]
    content = packed.pack(('0.vhd', b'x' * 512 + vhd[512:-512] + end))
    source = Memory(content, meta_of(content, disk_format=packed_vhd.FORMAT))
    with Stages(f'{tmp_path}/s').open_stage(source.meta) as stage:
        stage.fetch_image(source)
        stage.unpack_image(len(vhd))
        with pytest.raises(Unsupported):
            stage.inspect_image()


@pytest.mark.parametrize(
    'names', [('0.vhd', '1.vhd'), ('1.vhd', '0.vhd'), ('1.vhd',)]
)
def test_a_chain_is_refused(vhd, names):
    content = packed.pack(*((name, vhd) for name in names))

    assert refusal(content) == packed_vhd.CHAIN


def test_a_chain_is_known_by_its_first_bytes(vhd):
    content = packed.pack(('0.vhd', packed.make_child(vhd)), ('1.vhd', vhd))
    head = packed_vhd.unpack_head(content[: packed_vhd.PACKED_HEAD])

    with pytest.raises(ValueError, match='chain of several'):
        packed_vhd.find_disk(head)


@pytest.mark.parametrize(
    'name',
    ['../0.vhd', '/etc/0.vhd', 'x/0.vhd', '0.vhd.sh', 'image', '00000.vhd'],
)
def test_no_other_name_is_a_disk(vhd, name):
    content = packed.pack((name, vhd), dot=False)

    assert 'not 0.vhd' in refusal(content)
    assert not packed_vhd.is_packed(content)


@pytest.mark.parametrize(
    'kind', [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, b'x', b'L']
)
@pytest.mark.parametrize('is_first', [True, False])
def test_no_link_and_no_device_is_in_it(vhd, kind, is_first):
    odd = tarfile.TarInfo('0.vhd')
    odd.type, odd.linkname = kind, '/etc/passwd'
    disk = tarfile.TarInfo('0.vhd')
    disk.size = len(vhd)
    padded = disk.tobuf() + vhd + bytes(-len(vhd) % 512)
    both = [odd.tobuf(), padded][:: 1 if is_first else -1]
    content = gzip.compress(b''.join(both) + bytes(1024))

    assert 'which is no file' in refusal(content)


def test_something_else_beside_the_disk_is_refused(vhd):
    content = packed.pack(('0.vhd', vhd), ('manifest', b'x'))

    assert 'not the disk alone' in refusal(content)


def test_what_is_no_tar_or_not_whole_is_refused(vhd):
    content = packed.pack(('0.vhd', vhd))

    assert 'not whole' in refusal(content[:-1])
    assert 'not whole' in refusal(content[: len(content) // 2])
    assert 'not whole' in refusal(RAW)
    assert 'no tar' in refusal(gzip.compress(RAW))
    assert 'without a disk' in refusal(gzip.compress(b''))
    wrong = bytearray(content)
    wrong[-8] ^= 1  # the sum of all
    assert 'not whole' in refusal(bytes(wrong))


def test_another_size_than_was_planned_with_is_refused(vhd):
    content = packed.pack(('0.vhd', vhd))

    assert f'not {len(vhd) - 1:,}' in refusal(content, len(vhd) - 1)


def test_a_bomb_is_not_unpacked(vhd):
    # Zeros without an end, of which a gzip takes a thousandth.
    after = gzip.compress(
        gzip.decompress(packed.pack(('0.vhd', vhd))) + bytes(2**25)
    )
    file = io.BytesIO(after)
    with pytest.raises(Unsupported, match='more follows its disk'):
        list(unpack_disk(file, 'debian'))

    entry = tarfile.TarInfo('0.vhd')
    entry.size = 2**50
    huge = gzip.compress(entry.tobuf(tarfile.GNU_FORMAT) + bytes(2**20))
    assert '1,125,898,' not in refusal(huge, size=len(vhd))
    assert 'bytes, not' in refusal(huge, size=len(vhd))


def test_a_disk_whose_holes_are_left_out_is_refused(vhd):
    # As of "tar -S": what is there is not the disk, and looks like one.
    entry = tarfile.TarInfo('0.vhd')
    entry.type, entry.size = tarfile.GNUTYPE_SPARSE, len(vhd)
    after = vhd + bytes(-len(vhd) % 512 + 1024)
    content = gzip.compress(entry.tobuf(tarfile.GNU_FORMAT) + after)

    assert 'holes are left out' in refusal(content)


def test_little_follows_its_gzip(vhd):
    content = packed.pack(('0.vhd', vhd))

    assert unpack(content + bytes(2**19)) == vhd
    for more in (bytes(2**21), gzip.compress(b''), b'x'):
        assert 'more follows its gzip' in refusal(content + more)


def test_one_can_stop_where_nothing_comes_out(vhd):
    # A name of its own, which gzip may have, of many pieces.
    content = packed.pack(('0.vhd', vhd))
    told = content[:3] + b'\x08' + content[4:10]
    named = told + b'x' * 2**21 + b'\0' + content[10:]
    pieces = list(unpack_disk(io.BytesIO(named), 'debian'))

    assert b''.join(pieces) == vhd
    assert pieces[:8] == [b''] * 8
    assert max(map(len, pieces)) <= 2**18


def test_what_is_too_large_by_itself_is_refused(vhd, tmp_path):
    content = packed.pack(('0.vhd', vhd))
    source = Memory(content, meta_of(content, disk_format=packed_vhd.FORMAT))
    stages = Stages(f'{tmp_path}/s', limits=Limits(max_image_size=2**20))
    with stages.open_stage(source.meta) as stage:
        stage.fetch_image(source)
        stage.unpack_image(len(vhd))
        with pytest.raises(Unsupported, match='1 MiB is the most'):
            stage.inspect_image()
