"""Headers of every form: as qemu-img writes them, and as nobody should."""

import os
import struct
import time
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st
import pytest

from imagecache_handlers.directory.users.formats import known_formats
from imagecache_handlers.directory.users.formats.values import Backing
from tests.directory import disks
from tests.directory.disks import held
from tests.directory.test_names import found

MOST = 2 << 20

EXTENTS = 'monolithicFlat', 'twoGbMaxExtentSparse', 'twoGbMaxExtentFlat'
VMDKS = 'monolithicSparse', 'streamOptimized', *EXTENTS


def read(content):
    """Read a header; it takes neither long nor much of the disk."""
    told, real, began = [], os.pread, time.process_time()

    def pread(fd, size, offset):
        got = real(fd, size, offset)
        told.append(size)
        return got

    with held(content) as fd, mock.patch.object(os, 'pread', pread):
        header = known_formats.read_header(fd, len(content))
    assert sum(told) <= MOST + 1024
    assert time.process_time() - began < 2
    for path, is_raw in header.below:
        assert os.fsencode(path) and '\0' not in path
        assert isinstance(is_raw, bool)
    assert all(why and why.isprintable() for why in header.problems)
    assert header.form or header == ('', (), (), ())
    return header


def below(*names, is_raw=False):
    return tuple(Backing(name, is_raw) for name in names)


def create(folder, form, name, *told):
    disks.qemu('create', '-f', form, *told, name, '1M', cwd=folder)
    return folder / name


@pytest.mark.parametrize(
    'form, told',
    [
        ('qcow2', '-o compat=0.10'),
        ('qcow2', '-o compat=1.1'),
        ('qcow2', '-o cluster_size=2M'),
        ('qcow', ''),
        ('qed', ''),
        ('vdi', ''),
        ('vdi', '-o static=on'),
        ('vpc', ''),
        ('vpc', '-o subformat=fixed'),
        ('vpc', '-o subformat=fixed,force_size=on'),
        ('vhdx', ''),
        ('vhdx', '-o subformat=fixed'),
        ('parallels', ''),
        ('vmdk', ''),
        ('vmdk', '-o compat6'),
        ('vmdk', '-o subformat=streamOptimized'),
    ],
)
def test_a_disk_of_its_own_names_none(tmp_path, form, told):
    path = create(tmp_path, form, 'x', *told.split())
    assert read(path.read_bytes()) == (form, (), (), ())


def test_a_raw_disk_has_no_form(tmp_path):
    assert read(create(tmp_path, 'raw', 'x').read_bytes()) == ('', (), (), ())
    assert read(b'').form == read(b'QFI').form == read(b'#!/bin/sh\n').form
    assert read(b'').form == ''


def test_what_lies_in_an_encrypted_disk_is_unknown():
    # As qemu-img begins them, which takes seconds to make the keys.
    for version in b'\0\1', b'\0\2':
        header = read(b'LUKS\xba\xbe' + version + bytes(600))
        assert header.form == 'luks' and 'encrypted' in header.problems[0]


# Which forms take which below them, and if that is noted.
OVERLAYS = [
    (form, base)
    for form in ('qcow2', 'qcow', 'qed')
    for base in ('raw', 'qcow2', 'qcow', 'qed', 'vdi', 'vpc', 'vhdx', 'vmdk')
]
OVERLAYS += [('vmdk', 'vmdk')]


@pytest.mark.parametrize('form, base', OVERLAYS)
def test_what_qemu_opens_below_any_form_is_found(tmp_path, form, base):
    create(tmp_path, base, 'base')
    told = '-b', 'base', '-F', base, 'x'
    disks.qemu('create', '-f', form, *told, cwd=tmp_path)
    opened = disks.opened(tmp_path / 'x', tmp_path)
    assert opened == {tmp_path / 'x', tmp_path / 'base'}
    assert found(tmp_path / 'x') == (opened, [])


@pytest.mark.parametrize('form', VMDKS)
@pytest.mark.parametrize('absolute', [False, True])
def test_the_extents_and_parents_of_vmdk(tmp_path, form, absolute):
    for name in 'base', 'disk':
        place = tmp_path / name
        place.mkdir()
        told = ['-o', f'subformat={form}']
        if name == 'disk' and 'Flat' not in form and 'stream' not in form:
            base = tmp_path if absolute else '..'
            told += ['-b', f'{base}/base/disk.vmdk', '-F', 'vmdk']
        disks.qemu('create', '-f', 'vmdk', *told, 'disk.vmdk', '1M', cwd=place)
    disk = tmp_path / 'disk' / 'disk.vmdk'
    opened = disks.opened(disk, tmp_path)
    # Every disk of several files, and what lies below it.
    has_base, has_extents = '-b' in told, form in EXTENTS
    assert len(opened) == (1 + has_base) * (1 + has_extents)
    assert found(disk) == (opened, [])


def test_a_vmdk_that_was_renamed_needs_not_its_old_name(tmp_path):
    path = create(tmp_path, 'vmdk', 'x')
    assert b'"x"' in path.read_bytes()
    assert read(path.read_bytes()).below == ()


def test_the_words_of_a_vmdk():
    text = disks.descriptor(
        'RW 2048 SPARSE "a b.vmdk"',
        'RW 2048 FLAT "sub/flat.vmdk" 0',
        '  RDONLY 2048 VMFS "/abs/flat.vmdk"',
        'NOACCESS 2048 SESPARSE "file:x"',
        'RW 2048 ZERO',
        'parentFileNameHint="../base.vmdk"',
        parent_id='12345678',
    )
    sparse = below('../base.vmdk', 'a b.vmdk')
    flat = below('sub/flat.vmdk', '/abs/flat.vmdk', is_raw=True)
    wanted = sparse + flat + below('file:x')
    for begin in b'', b'# x\n \r\n', b'\n\t\n':
        for end in b'\n', b'\r\n':
            header = read(begin + text.replace(b'\n', end))
            assert header == ('vmdk', wanted, (), ())
    # As QEMU reads it, by the words and not by the lines.
    text = b'version=1\n\r RW\n\f1\tSPARSE\v"x\r\n'
    assert read(text).below == below('x')
    assert read(b' Version = 3\nRW 1 FLAT "x" 0\n').below == below(
        'x', is_raw=True
    )


@pytest.mark.parametrize(
    'lines, parent',
    [
        ((), '12345678'),
        (('parentFileNameHint=base.vmdk',), '12345678'),
        (('parentFileNameHint="base.vmdk',), '12345678'),
        (('parentFileNameHint="nbd:host:x"',), '12345678'),
        (('parentFileNameHint="a"',) * 3, '12345678'),
        (('RW 2048 SPARSE x.vmdk',), 'ffffffff'),
        (('RW 2048 SPARSE ""',), 'ffffffff'),
        (('RW 2048 SPARSE',), 'ffffffff'),
        (('RW 2048',), 'ffffffff'),
        (('RW 1 SPARSE "x"',) * 40000, 'ffffffff'),
    ],
)
def test_a_vmdk_that_names_what_cannot_be_read(lines, parent):
    assert read(disks.descriptor(*lines, parent_id=parent)).problems


@pytest.mark.parametrize(
    'bad',
    [
        b'RW 1 ' + b'A' * 10**6 + b'"',
        b'RW 1 A "' * 10**5,
        b'RW 1 A\n' * 10**5,
        b'parentFileNameHint=' * 50000,
        b'parentFileNameHint="' * 50000,
        b'parentFileNameHint=""' * 40000,
        b'parentFileNameHint' + b' ' * 10**6,
        b'parentCID=' * 10**5 + b'f' * 10**5,
        b'\n' * 10**6,
    ],
)
def test_a_hostile_text_takes_no_time(bad):
    assert read(b'version=1\n' + bad).form == 'vmdk'
    sparse = struct.pack('<4sIIQQQQ', b'KDMV', 1, 3, 0, 128, 1, 2**40)
    assert read(sparse.ljust(512, b'\0') + bad).form == 'vmdk'
    sparse = struct.pack('<4sIIQQQQ', b'KDMV', 1, 3, 0, 128, 2**60, 2**60)
    assert read(sparse.ljust(512, b'\0') + bad).form == 'vmdk'


def test_a_sparse_vmdk_without_a_size_is_a_text_with_extents():
    text = b'version=1\nRW 1 SPARSE "x.vmdk"\n'
    for at, size in (1, 20), (3, 2):
        head = struct.pack('<4sIIQQQQ', b'KDMV', 1, 3, 0, 128, at, size)
        content = head.ljust(at * 512, b'\0') + text.ljust(20 * 512, b'\0')
        assert read(content).below == below('x.vmdk')


def test_the_parents_of_esx():
    assert read(disks.cowd()) == ('vmdk', (), (), ())
    assert read(disks.cowd('base.vmdk')).below == below('base.vmdk')
    assert read(disks.cowd('a' * 1024)).below == below('a' * 1024)
    assert read(disks.cowd('base.vmdk')[:500]).problems
    assert read(b'\xbe\xba\xfe\xca\0\0\0\0' + bytes(500)).form == 'vmdk'


def test_a_qed_names_its_backing_file():
    assert read(disks.qed('/b')) == ('qed', below('/b'), (), ())
    assert read(disks.qed('b', raw=True)).below == below('b', is_raw=True)
    for bad in (
        disks.qed(''),
        disks.qed('b', size=2),
        disks.qed('b', size=2**32 - 1),
        disks.qed('x' * 1024),
        disks.qed('b')[:40],
        disks.qed('b')[:16] + b'\x09' + disks.qed('b')[17:],
    ):
        assert read(bad).problems


def test_a_qcow_names_its_backing_file():
    head = struct.pack('>4sIQII', b'QFI\xfb', 1, 48, 4, 0)
    whole = head.ljust(48, b'\0') + b'base'
    assert read(whole) == ('qcow', below('base'), (), ())
    assert read(whole[:50]).problems and read(whole[:12]).problems
    huge = struct.pack('>4sIQII', b'QFI\xfb', 1, 48, 2000, 0)
    assert read(huge.ljust(4000, b'x')).problems


WIDE = '.\\base.vhd'.encode('utf-16-le')
DRIVE = 'C:\\vm\\base.vhd'.encode('utf-16-le')


@pytest.mark.parametrize(
    'name, locators, wanted',
    [
        ('base.vhd', [], ['base.vhd']),
        ('base.vhd', [(b'W2ru', WIDE)], ['base.vhd', './base.vhd']),
        (
            'C:\\vm\\base.vhd',
            [(b'W2ku', DRIVE), (b'W2ru', WIDE)],
            ['./base.vhd'],
        ),
        ('', [(b'MacX', b'file://./ba%73e.vhd')], ['./base.vhd']),
        ('', [(b'MacX', b'file:///sr/base.vhd\0')], ['/sr/base.vhd']),
    ],
)
def test_the_parents_of_vhd(name, locators, wanted):
    header = read(disks.vhd(name, locators))
    assert header[:3] == ('vpc', below(*wanted), ())
    assert 'base.vhd' in header.hints
    # The first copy of its end may be lost.
    lost = bytes(512) + disks.vhd(name, locators)[512:]
    assert read(lost)[:3] == header[:3]


@pytest.mark.parametrize(
    'name, locators',
    [
        ('', []),
        ('C:\\vm\\base.vhd', []),
        ('\\\\server\\vm\\base.vhd', [(b'W2ku', DRIVE)]),
        ('base.vhd', [(b'????', b'x')]),
        ('base.vhd', [(b'W2ru', b'')]),
        ('base.vhd', [(b'W2ru', b'x' * 5000)]),
        ('base.vhd', [(b'W2ru', b'\x00\xd8')]),
        ('base.vhd', [(b'MacX', b'\xff')]),
    ],
)
def test_a_vhd_whose_parent_cannot_be_found(name, locators):
    assert read(disks.vhd(name, locators)).problems


def test_a_vhd_that_is_damaged():
    assert read(disks.vhd('base', kind=5)).problems
    whole = disks.vhd('base')
    for length in range(8, 1500, 7):
        assert read(whole[:length]).problems


@pytest.mark.parametrize(
    'pairs, wanted',
    [
        ([('relative_path', '.\\base.vhdx')], ['./base.vhdx']),
        (
            [
                ('parent_linkage', '{x}'),
                ('absolute_win32_path', 'C:\\base.vhdx'),
                ('relative_path', '..\\base.vhdx'),
            ],
            ['../base.vhdx'],
        ),
        ([('Volume_Path', '/x/base.vhdx')], ['/x/base.vhdx']),
    ],
)
def test_the_parents_of_vhdx(pairs, wanted):
    header = read(disks.vhdx(pairs))
    assert header[:3] == ('vhdx', below(*wanted), ())
    assert header.hints[0] == 'base.vhdx'
    # The first of its two tables may be lost.
    whole = bytearray(disks.vhdx(pairs))
    whole[256 << 10 : 257 << 10] = whole[192 << 10 : 193 << 10]
    whole[192 << 10 : 193 << 10] = bytes(1024)
    assert read(bytes(whole)) == header


@pytest.mark.parametrize(
    'content',
    [
        disks.vhdx([]),
        disks.vhdx([('absolute_win32_path', 'C:\\base.vhdx')]),
        disks.vhdx([('parent_linkage', '{x}')]),
        disks.vhdx([('relative_path', 'x')] * 100),
        disks.vhdx([('relative_path', 'x')])[:-2],
        disks.vhdx([('relative_path', 'x')])[: 1 << 20],
        disks.vhdx([('relative_path', 'x')]).replace(b'metadata', b'Metadata'),
        disks.vhdx([('relative_path', 'x')]).replace(b'regi', b'Regi'),
        b'vhdxfile',
    ],
)
def test_a_vhdx_whose_parent_cannot_be_found(content):
    assert read(content).problems


def test_a_vdi_names_its_parent_by_a_number():
    assert read(disks.vdi(kind=1)) == ('vdi', (), (), ())
    for content in (
        disks.vdi(),
        disks.vdi(kind=1, parent=b'x' * 16),
        disks.vdi(kind=1)[:100],
    ):
        assert read(content).problems


def test_simple_forms():
    cloop = b'#!/bin/sh\n#V2.0 Format\nmodprobe cloop file=$0 && mount'
    assert read(cloop) == ('cloop', (), (), ())
    bochs = b'Bochs Virtual HD Image'.ljust(32, b'\0')
    bochs += b'Redolog'.ljust(16, b'\0')
    assert read(bochs + b'Growing'.ljust(16, b'\0')).problems == ()
    assert read(bochs + b'Undoable'.ljust(16, b'\0')).problems
    for segments, is_known in (1, True), (2, False):
        end = b'koly'.ljust(60, b'\0') + segments.to_bytes(4, 'big')
        header = read(bytes(700) + end.ljust(512, b'\0'))
        assert header[:2] == ('dmg', ())
        assert (not header.problems) == is_known


def test_what_looks_like_two_forms_names_what_either_does():
    both = bytearray(disks.vdi())
    both[:64] = disks.descriptor('RW 1 FLAT "x" 0')[:20].ljust(64, b'\n')
    assert read(bytes(both)).problems
    qed = disks.qed('base')
    content = qed + disks.vhd('other')[len(qed) :]
    assert read(content).below == below('base', 'other')


def test_a_disk_that_cannot_be_read_is_an_error(tmp_path):
    fd = os.open(tmp_path, os.O_RDONLY)
    with pytest.raises(IsADirectoryError):
        known_formats.read_header(fd, 4096)
    os.close(fd)


SAMPLES = (
    disks.header('/base'),
    disks.header('/base', version=2, features=0),
    disks.header('/base', data_file='/data', features=4),
    disks.qed('/base'),
    struct.pack('>4sIQII', b'QFI\xfb', 1, 24, 5, 0) + b'/base',
    disks.cowd('/base'),
    disks.descriptor('RW 1 SPARSE "/base"', 'parentFileNameHint="/b"'),
    struct.pack('<4sIIQQQQ', b'KDMV', 1, 3, 0, 128, 1, 20).ljust(512, b'\0')
    + disks.descriptor('RW 1 SPARSE "/base"', 'parentFileNameHint="/b"'),
    disks.vhd('base', [(b'W2ru', WIDE), (b'MacX', b'file:///x')]),
    disks.vhdx([('relative_path', '.\\base.vhdx')]),
    disks.vdi(),
)


@given(st.sampled_from(SAMPLES), st.data())
def test_a_header_that_was_damaged_is_read_or_refused(sample, data):
    content = bytearray(sample)
    # Where there is something: most of some is empty.
    full = [at for at, byte in enumerate(content) if byte]
    for _ in range(data.draw(st.integers(0, 8))):
        near = data.draw(st.sampled_from(full)) + data.draw(st.integers(-4, 4))
        content[max(0, min(near, len(content) - 1))] = data.draw(
            st.integers(0, 255)
        )
    read(bytes(content[: data.draw(st.integers(0, len(content)))]))


MAGICS = [sample[:8] for sample in SAMPLES] + [b'version=1\n', b'']


@given(st.sampled_from(MAGICS), st.binary(max_size=2048))
def test_any_bytes_are_read_or_refused(magic, content):
    read(magic + content)
    read(content + magic.ljust(512, b'\0'))
