"""Odd VMDK: what the library takes for raw and QEMU reads files of others by.

QEMU is the judge of each: it finds out by itself what it is, as whoever names
no format has it do.
"""

import json
import struct
import subprocess

import pytest

from imagecache_handlers import ImageMeta
from imagecache_handlers.staging.inspecting import inspect_file
from imagecache_handlers.staging.limits import Limits
from imagecache_handlers import Unsupported

MIB = 2**20
TITLE = b'# Disk DescriptorFile\n'
LINES = b'CID=fffffffe\nparentCID=00000000\ncreateType="monolithicFlat"\n'
EXTENT = b'RW 2048 FLAT "%s" 0\n'
PARENT = b'parentFileNameHint="%s"\n'
BEGINS = [
    TITLE + b'version=1\n',
    b'version=1\n',
    b'version=3\r\n',
    b'#\n#\n# Disk\r\nversion=2\n',
    b'   \n  \r\n#x\n \nversion=1\n',
]
# Where the rest of what is a disk of that kind lies.
KINDS = {
    'nothing else': (),
    'iso': ((0x8000, b'\1CD001'),),
    'mbr': (
        (446, b'\x80\0\2\0\x83\xff\xff\xff\1\0\0\0\xff\7\0\0'),
        (510, b'\x55\xaa'),
    ),
    'gpt': (
        (446, b'\0\0\2\0\xee\xff\xff\xff\1\0\0\0\xff\7\0\0'),
        (510, b'\x55\xaaEFI PART'),
    ),
}


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / 'secret'
    path.write_bytes(b'secret'.ljust(MIB))
    return path


def write_disk(path, head, kind='nothing else'):
    content = bytearray(head.ljust(MIB, b'\0'))
    for at, piece in KINDS[kind]:
        content[at : at + len(piece)] = piece
    path.write_bytes(content)
    return path


def in_words(begin, secret):
    return begin + LINES + EXTENT % bytes(secret)


def of_the_oldest_kind(secret):
    head = struct.pack('<4s7I', b'COWD', 1, 3, 2048, 16, 4, 1, 0)
    return head.ljust(512, b'\0') + TITLE + LINES + PARENT % bytes(secret)


def find_out(path):
    """Give what QEMU takes it for, and all that it says of it."""
    words = ['qemu-img', 'info', '--output=json', str(path)]
    done = subprocess.run(  # noqa: S603 -- the path is ours
        words,
        capture_output=True,
        check=True,
        text=True,
    )
    return json.loads(done.stdout)['format'], done.stdout


def refusal(path, disk_format, **properties):
    meta = ImageMeta(
        image_id='a',
        size=path.stat().st_size,
        disk_format=disk_format,
        properties=properties,
    )
    with path.open('rb') as file, pytest.raises(Unsupported) as caught:
        inspect_file(file, meta, Limits())
    return caught.value.why


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('begin', BEGINS)
def test_a_disk_in_words_is_refused_whatever_it_is_declared(
    tmp_path, secret, begin, kind
):
    disk = write_disk(tmp_path / 'disk', in_words(begin, secret), kind)
    found, said = find_out(disk)
    assert found == 'vmdk'
    assert str(secret) in said
    for declared in 'raw', 'ami', 'iso', 'vmdk', 'qcow2':
        assert 'the descriptor of a vmdk' in refusal(disk, declared)


@pytest.mark.parametrize('kind', KINDS)
def test_so_is_one_of_the_oldest_kind(tmp_path, secret, kind):
    disk = write_disk(tmp_path / 'disk', of_the_oldest_kind(secret), kind)
    found, said = find_out(disk)
    assert found == 'vmdk'
    assert str(secret) in said
    for declared in 'raw', 'ami', 'iso', 'vmdk', 'qcow2':
        assert 'the oldest kind' in refusal(disk, declared)


@pytest.mark.parametrize('kind', ['preallocated', 'sparse'])
def test_so_are_both_of_whatever_type_of_disk(tmp_path, secret, kind):
    heads = in_words(BEGINS[0], secret), of_the_oldest_kind(secret)
    for head in heads:
        disk = write_disk(tmp_path / 'disk', head)
        assert 'it begins as' in refusal(disk, 'vmdk', vmware_disktype=kind)


def test_a_descriptor_that_is_all_there_is_has_no_data(tmp_path, secret):
    disk = tmp_path / 'disk.vmdk'
    disk.write_bytes(TITLE + LINES)
    assert 'the descriptor of a vmdk' in refusal(disk, 'vmdk')


@pytest.mark.parametrize(
    'head',
    [
        b'',
        b'#!/bin/sh\nversion_of_it=1\n',
        b'#\n' * 200,
        b'xversion=1\n',
        b'\0version=1\n',
        b'COW',
    ],
)
def test_what_begins_otherwise_is_raw(tmp_path, head):
    disk = write_disk(tmp_path / 'disk', head)
    assert find_out(disk)[0] == 'raw'
    meta = ImageMeta(image_id='a', size=MIB, disk_format='raw')
    with disk.open('rb') as file:
        assert inspect_file(file, meta, Limits()).disk_format == 'raw'
