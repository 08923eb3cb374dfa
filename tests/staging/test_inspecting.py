"""Inspecting: real disks, and those that lead elsewhere."""

import sys

import pytest

from imagecache_handlers import ConfigurationError
from imagecache_handlers import ImageMeta
from imagecache_handlers.staging.inspecting import inspect_file
from imagecache_handlers.staging.limits import Limits
from imagecache_handlers import Unsupported
from tests.staging import disks

MIB = 2**20


def inspect(path, disk_format, limits=None, **properties):
    meta = ImageMeta(
        image_id='a',
        size=path.stat().st_size,
        disk_format=disk_format,
        properties=properties,
    )
    with path.open('rb') as file:
        return inspect_file(file, meta, limits or Limits())


def refusal(path, disk_format, limits=None, **properties):
    with pytest.raises(Unsupported) as caught:
        inspect(path, disk_format, limits, **properties)
    return caught.value.why


@pytest.fixture
def disk(tmp_path):
    return tmp_path / 'disk'


@pytest.mark.parametrize(
    ('disk_format', 'qemu_format', 'options', 'size'),
    [
        ('qcow2', 'qcow2', '', 64 * MIB),
        ('qcow2', 'qcow2', 'compat=0.10', 64 * MIB),
        ('qcow2', 'qcow2', 'extended_l2=on', 64 * MIB),
        ('vhd', 'vpc', 'force_size=on', 64 * MIB),
        ('vpc', 'vpc', 'force_size=on', 64 * MIB),
        ('vhd', 'vpc', 'force_size=on,subformat=fixed', 64 * MIB),
        ('vhdx', 'vhdx', '', 64 * MIB),
        ('vdi', 'vdi', '', 64 * MIB),
        ('vmdk', 'vmdk', '', 64 * MIB),
        ('vmdk', 'vmdk', 'subformat=streamOptimized', 64 * MIB),
        ('raw', 'raw', '', 64 * MIB),
        ('ami', 'raw', '', 64 * MIB),
    ],
)
def test_what_is_declared_rightly_passes(
    disk, disk_format, qemu_format, options, size
):
    disks.create(disk, qemu_format, '64M', options)

    found = inspect(disk, disk_format)

    same = {'vpc': 'vhd', 'ami': 'raw'}
    assert found.disk_format == same.get(disk_format, disk_format)
    assert found.virtual_size == size


@pytest.mark.parametrize('name', ['qcow2', 'vhd', 'vhdx', 'vdi', 'vmdk'])
def test_a_raw_image_with_a_header_is_refused(disk, name):
    disks.create(disk, 'vpc' if name == 'vhd' else name)

    why = refusal(disk, 'raw')

    assert f'declared raw, and its header says {name}' in why
    assert f'declare it {name} in the image service' in why


def test_a_header_of_another_format_is_refused(disk):
    disks.create(disk, 'vdi')

    assert 'declared qcow2, and its header says vdi' in refusal(disk, 'qcow2')


@pytest.mark.parametrize('declared', ['qcow2', 'vhd', 'iso', 'xyz'])
def test_a_missing_header_is_refused(disk, declared):
    disks.create(disk, 'raw')

    assert f'declared {declared}' in refusal(disk, declared)


@pytest.mark.parametrize('said', [{}, {'vmware_disktype': 'preallocated'}])
def test_a_flat_vmdk_is_the_disk_as_it_is(disk, said):
    disks.create(disk, 'raw')

    found = inspect(disk, 'vmdk', **said)

    assert found.disk_format == 'raw'


def test_a_sparse_vmdk_has_a_header(disk):
    disks.create(disk, 'raw')

    assert 'declared vmdk' in refusal(disk, 'vmdk', vmware_disktype='sparse')


def test_a_flat_vmdk_with_a_header_is_refused(disk):
    disks.create(disk, 'qcow2')

    assert 'its header says qcow2' in refusal(
        disk, 'vmdk', vmware_disktype='preallocated'
    )


def write_iso(path, *, is_bootable=False):
    content = bytearray(64 * 1024)
    content[0x8000:0x8006] = b'\x01CD001'
    if is_bootable:
        content[510:512] = b'\x55\xaa'
        content[450] = 0x83
    path.write_bytes(content)


@pytest.mark.parametrize('is_bootable', [False, True])
@pytest.mark.parametrize('declared', ['raw', 'iso'])
def test_an_iso_is_read_as_it_is(disk, declared, is_bootable):
    write_iso(disk, is_bootable=is_bootable)

    found = inspect(disk, declared)

    assert found.disk_format == declared
    assert found.virtual_size == 64 * 1024


def test_a_disk_with_partitions_is_raw(disk):
    content = bytearray(MIB)
    content[450] = 0x83
    content[510:512] = b'\x55\xaa'
    disk.write_bytes(content)

    assert inspect(disk, 'raw').disk_format == 'raw'


def test_an_iso_that_is_a_qcow2_too_is_refused(disk):
    disks.create(disk, 'qcow2')
    disks.patch(disk, 0x8000, '6s', b'\x01CD001')

    for declared in 'iso', 'raw', 'qcow2':
        assert 'several formats: iso, qcow2' in refusal(disk, declared)


@pytest.mark.parametrize('compat', ['0.10', '1.1'])
def test_a_backing_file_is_refused(tmp_path, disk, compat):
    disks.create(tmp_path / 'base', 'raw')
    backing = ('-b', tmp_path / 'base', '-F', 'raw')
    disks.create(disk, 'qcow2', '64M', f'compat={compat}', *backing)

    assert refusal(disk, 'qcow2') == 'it has a backing file'


def test_a_data_file_is_refused(tmp_path, disk):
    disks.create(disk, 'qcow2', '64M', f'data_file={tmp_path}/data')

    assert refusal(disk, 'qcow2') == 'its data lies in another file'


@pytest.mark.parametrize('bit', [5, 13, 63])
def test_unknown_features_are_refused(disk, bit):
    disks.create(disk, 'qcow2')
    disks.patch(disk, 72, '>Q', 1 << bit)

    assert 'unknown_features' in refusal(disk, 'qcow2')


@pytest.mark.parametrize('version', [0, 1, 4])
def test_an_unknown_version_is_refused(disk, version):
    disks.create(disk, 'qcow2')
    disks.patch(disk, 4, '>I', version)

    assert 'not to be trusted' in refusal(disk, 'qcow2')


def test_an_encrypted_qcow2_is_refused(disk):
    # As by qemu-img, which takes seconds to make a key.
    disks.create(disk, 'qcow2')
    disks.patch(disk, 32, '>I', 2)

    assert refusal(disk, 'qcow2') == 'it is encrypted'


@pytest.mark.parametrize('declared', ['luks', 'raw'])
def test_luks_is_refused(disk, declared):
    disks.create(disk, 'raw')
    disks.patch(disk, 0, '>6sH', b'LUKS\xba\xbe', 1)

    assert refusal(disk, declared) == 'it is encrypted'


def test_qed_is_refused(disk):
    disks.create(disk, 'qed')

    assert 'not to be trusted' in refusal(disk, 'qed')


def test_a_child_of_another_vhd_is_refused(disk):
    disks.create(disk, 'vpc')
    disks.patch(disk, 60, '>I', 4)

    assert refusal(disk, 'vhd') == 'it has a backing file'


@pytest.mark.parametrize('kind', [0, 3, 4])
def test_a_child_of_another_vdi_is_refused(disk, kind):
    disks.create(disk, 'vdi')
    disks.patch(disk, 76, '<I', kind)

    assert refusal(disk, 'vdi') == 'it has a backing file'


def test_a_child_of_another_vhdx_is_refused(disk):
    disks.create(disk, 'vhdx')
    item = b'\x2d\x5f\xd3\xa8\x0b\xb3\x4d\x45\xab\xf7\xd3\xd8\x48\x34\xab\x0c'
    at = disk.read_bytes().index(b'metadata')
    disks.patch(disk, at + 32 * 20, '16s', item)

    assert refusal(disk, 'vhdx') == 'it has a backing file'


def rewrite_descriptor(path, change):
    content = path.read_bytes()
    end = content.index(b'\0', 512)
    text = change(content[512:end].decode())
    padded = text.encode().ljust(20 * 512, b'\0')
    path.write_bytes(content[:512] + padded + content[512 + 20 * 512 :])


@pytest.mark.parametrize(
    ('old', 'new', 'said'),
    [
        (
            'parentCID',
            'parentFileNameHint="/etc/passwd"\nparentCID',
            'backing',
        ),
        ('SPARSE "disk"', 'SPARSE "/etc/passwd"', 'other files'),
        ('monolithicSparse', 'monolithicFlat', 'other files'),
        (
            'createType',
            'createtype="monolithicSparse"\ncreateType',
            'other files',
        ),
    ],
)
def test_a_vmdk_that_leads_elsewhere_is_refused(disk, old, new, said):
    disks.create(disk, 'vmdk')
    inspect(disk, 'vmdk')

    def change(text):
        assert old in text
        return text.replace(old, new)

    rewrite_descriptor(disk, change)

    assert said in refusal(disk, 'vmdk')


def test_a_vmdk_without_a_capacity_is_refused(disk):
    disks.create(disk, 'vmdk')
    disks.patch(disk, 12, '<Q', 0)

    assert 'other files' in refusal(disk, 'vmdk')


@pytest.mark.parametrize('name', ['qcow2', 'vhd', 'vhdx', 'vdi', 'vmdk'])
def test_a_disk_over_the_limit_is_refused(disk, name):
    disks.create(disk, 'vpc' if name == 'vhd' else name, '65M')

    why = refusal(disk, name, Limits(max_image_size=64 * MIB))

    assert '64 MiB is the most' in why


def test_a_disk_at_the_limit_passes(disk):
    disks.create(disk, 'qcow2', '64M')

    inspect(disk, 'qcow2', Limits(max_image_size=64 * MIB))


def test_a_bomb_is_refused(disk):
    disks.create(disk, 'qcow2', '1P', 'cluster_size=2M')

    assert 'times as much' in refusal(disk, 'qcow2')


def test_an_empty_disk_of_a_usual_size_passes(disk):
    disks.create(disk, 'qcow2', '64G')

    assert inspect(disk, 'qcow2').virtual_size == 64 * 2**30


@pytest.mark.parametrize('length', [0, 1, 71, 100, 511, 600])
@pytest.mark.parametrize('name', ['qcow2', 'vhdx', 'vmdk', 'vdi', 'vpc'])
def test_half_a_header_is_refused(disk, name, length):
    disks.create(disk, name)
    disk.write_bytes(disk.read_bytes()[:length])
    declared = 'vhd' if name == 'vpc' else name
    said = {'vmware_disktype': 'sparse'} if name == 'vmdk' else {}

    try:
        inspect(disk, declared, **said)
    except Unsupported:
        return
    assert length > 512


def test_a_missing_library_is_named(disk, monkeypatch):
    disks.create(disk, 'raw')
    monkeypatch.setitem(sys.modules, 'oslo_utils.imageutils', None)

    with pytest.raises(ConfigurationError, match=r'handlers\[prefetch\]'):
        inspect(disk, 'raw')


def test_what_only_begins_in_words_is_refused(disk):
    # The library looks for a descriptor of VMDK in it, and fails.
    disk.write_bytes(b'x' * 512 + b'\xff' * MIB)

    assert 'its header cannot be read' in refusal(disk, 'raw')
