"""Words of the owner: Nova's ``disk.info`` and libvirt's definitions."""

import json
import time

from hypothesis import given
from hypothesis import strategies as st
import pytest

from imagecache_handlers.directory.users import words
from imagecache_handlers.directory.users.words import Unreadable
from imagecache_handlers.directory.users.words import Word

INSTANCES = '/var/lib/nova/instances'


def domain(devices='', more='', kind='kvm'):
    return (
        f"<domain type='{kind}' id='1'><name>vm-1</name>"
        f'<uuid>x</uuid>{more}<devices>{devices}</devices></domain>'
    ).encode()


def disks(devices, **told):
    found = words.read_domain(domain(devices, **told))
    assert found.name == 'vm-1' and not found.problems
    return found.disks


def test_what_nova_writes_is_read():
    # As imagebackend.py does: whole paths, with a line end.
    text = json.dumps(
        {
            f'{INSTANCES}/old-place/disk': 'qcow2',
            f'{INSTANCES}/old-place/disk.config': 'raw',
        }
    )
    told = words.read_disk_info(f'{text}\n'.encode())
    assert told == {'disk': 'qcow2', 'disk.config': 'raw'}
    for empty in b'', b'\n':
        assert words.read_disk_info(empty) == {}


def test_what_is_told_in_two_ways_is_open():
    told = words.read_disk_info(b'{"/a/disk":"raw","/b/disk":"qcow2"}')
    assert told == {'disk': ''}
    told = words.read_disk_info(b'{"/a/disk":"qcow2","/a/disk":"raw"}')
    assert told == {'disk': ''}
    pairs = [('/x', 'raw'), ('/y', 'raw'), ('/x', ''), ('/x', 'raw')]
    assert words.agreed(pairs) == {'/x': '', '/y': 'raw'}


@pytest.mark.parametrize(
    'content',
    [
        b'[]',
        b'1',
        b'{',
        b'{"a":1}',
        b'{"a":{}}',
        b'{"a":["raw"]}',
        b'\xff',
        b'{"a":' * 10**5,
        b'[' * 10**5,
        b'["a"]',
        b'[["a", "raw"]]',
        b' ' * (words.MOST + 1) + b'x',
    ],
)
def test_what_nova_never_writes_is_refused(content):
    with pytest.raises(Unreadable) as caught:
        words.read_disk_info(content)
    assert str(caught.value).isprintable()


def test_the_disks_of_a_machine():
    found = disks(
        "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/>"
        f"<source file='{INSTANCES}/1/disk'/>"
        "<backingStore type='file'><format type='raw'/>"
        f"<source file='{INSTANCES}/_base/abc'/><backingStore/>"
        '</backingStore></disk>'
        "<disk type='block'><driver type='raw'/><source dev='/dev/vg/a'/>"
        '</disk>'
        "<disk type='file' device='cdrom'><target dev='sda'/></disk>"
        "<disk type='file' device='cdrom'><driver name='qemu'/>"
        "<source file='/iso/a.iso'/></disk>"
    )
    assert found == (
        Word(f'{INSTANCES}/1/disk', 'qcow2'),
        Word(f'{INSTANCES}/_base/abc', 'raw'),
        Word('/dev/vg/a', 'raw'),
        # Where nothing is said libvirt has QEMU take it for raw.
        Word('/iso/a.iso', 'raw', is_weak=True),
    )
    iso = "<disk type='file'><source file='/iso/a.iso'/></disk>"
    assert disks(iso, kind='bhyve') == (Word('/iso/a.iso', ''),)


def test_what_a_running_machine_copies_to():
    found = disks(
        "<disk type='file'><driver type='raw'/><source file='/a'>"
        "<dataStore type='file'><format type='raw'/><source file='/data'/>"
        "</dataStore></source><mirror type='file' file='/b' format='qcow2'>"
        "<format type='qcow2'/><source file='/b'/></mirror></disk>"
        "<disk type='file'><source file='/c'/>"
        "<mirror file='/d' format='raw'/></disk>"
    )
    assert set(found) == {
        Word('/a', 'raw'),
        Word('/data', 'raw'),
        Word('/b', 'qcow2'),
        Word('/c', 'raw', is_weak=True),
        Word('/d', 'raw'),
    }


def test_the_state_and_the_snapshots_of_a_machine():
    disk = "<disk type='file'><source file='/a'/></disk>"
    for tag in 'domstatus', 'domainsnapshot':
        content = b'<%s>%s</%s>' % (tag.encode(), domain(disk), tag.encode())
        found = words.read_domain(content)
        assert found.name == 'vm-1'
        assert found.disks == (Word('/a', 'raw', is_weak=True),)


def test_whatever_else_it_mentions():
    found = words.read_domain(
        domain(
            "<filesystem><source dir='/export'/></filesystem>",
            '<os><kernel> /k </kernel><initrd>/i</initrd></os>'
            "<commandline><arg value='-drive'/>"
            "<arg value='if=none,file=/x y,format=raw'/>"
            """<arg value='{"driver":"file","filename":"/z"}'/>"""
            '</commandline>',
        )
    )
    wanted = {'/export', '/k', '/i', '/x y', '/z'}
    assert wanted <= set(found.mentions)
    assert not found.disks and not found.problems


@pytest.mark.parametrize(
    'disk',
    [
        "<disk type='network'><source protocol='rbd' name='a/b'/></disk>",
        "<disk type='network'><source protocol='https' name='b'/></disk>",
        "<disk type='nvme'><source type='pci' namespace='1'/></disk>",
        "<disk type='file' device='floppy'/>",
        "<disk type='file'><backingStore/></disk>",
    ],
)
def test_what_others_serve_is_not_a_disk_of_ours(disk):
    assert disks(disk) == ()


@pytest.mark.parametrize(
    'disk, hint',
    [
        (
            "<disk type='network'><source protocol='nbd' name='base'/></disk>",
            'base',
        ),
        (
            "<disk type='volume'><source pool='p' volume='base'/></disk>",
            'base',
        ),
        ("<disk type='dir'><source dir='/a/base'/></disk>", 'base'),
        ("<disk type='file'><source file='base'/></disk>", 'base'),
        ("<disk type='vhostuser'><source path='/run/base'/></disk>", 'base'),
        (
            "<disk type='file'><source file='/a'><slices/></source></disk>",
            None,
        ),
    ],
)
def test_what_may_be_any_file_is_told(disk, hint):
    found = words.read_domain(domain(disk))
    assert all(why.isprintable() for why in found.problems)
    assert found.problems and (hint is None or hint in found.hints)


QEMU = "xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'"
FILE = '/srv/a b.img'
SOURCE = f"<source file='{FILE}'/>"
TEMPLATE = "template='/usr/share/vars.fd'"


@pytest.mark.parametrize(
    'inside',
    [
        f"<disk type='file'>{SOURCE}</disk>",
        f"<disk type='file' device='lun'>{SOURCE}</disk>",
        f"<disk type='file' device='floppy'>{SOURCE}</disk>",
        f"<disk><source dev='{FILE}'/></disk>",
        f"<disk><mirror file='{FILE}'/></disk>",
        f'<disk><source><dataStore>{SOURCE}</dataStore></source></disk>',
        f"<disk type='volume'><source pool='p' volume='{FILE}'/></disk>",
        f'<commandline {QEMU}><qemu:arg value="file={FILE},if=virtio"/>'
        '</commandline>',
        f"<nvram format='qcow2'>{FILE}</nvram>",
        f'<nvram {TEMPLATE}>{SOURCE}</nvram>',
        f"<loader type='pflash'>{FILE}</loader>",
        f"<loader readonly='no' type='pflash'>{FILE}</loader>",
        f"<filesystem type='file'>{SOURCE}</filesystem>",
        f"<filesystem type='volume'><source volume='{FILE}'/></filesystem>",
        f"<memory model='nvdimm'><source><path>{FILE}</path></source>"
        '<target><readonly/></target></memory>',
        # As one machine has it twice.
        f"<disk device='cdrom'>{SOURCE}</disk><disk>{SOURCE}</disk>",
    ],
)
def test_what_a_machine_may_write_to(inside):
    told = words.read_disks(domain(inside))
    assert FILE in told.written
    assert told.written <= told.named


@pytest.mark.parametrize(
    'inside',
    [
        f"<disk device='cdrom'>{SOURCE}</disk>",
        f'<disk>{SOURCE}<readonly/></disk>',
        f'<disk><backingStore>{SOURCE}</backingStore></disk>',
        f'<disk><source/><backingStore><backingStore>{SOURCE}'
        '</backingStore></backingStore></disk>',
        f"<filesystem type='file'>{SOURCE}<readonly/></filesystem>",
        f'<os><kernel>{FILE}</kernel></os>',
        f'<os><initrd>{FILE}</initrd></os>',
        f'<os><dtb>{FILE}</dtb></os>',
        f"<os><loader readonly='yes' type='pflash'>{FILE}</loader></os>",
        f'<os><loader>{FILE}</loader></os>',
    ],
)
def test_what_a_machine_only_reads(inside):
    told = words.read_disks(domain(inside))
    assert FILE in told.named
    assert told.written == frozenset()


LAUGHS = (
    b'<!DOCTYPE domain [<!ENTITY a "aaaaaaaaaa">'
    + b''.join(
        b'<!ENTITY %c "%s">' % (98 + level, b'&%c;' % (97 + level) * 10)
        for level in range(9)
    )
    + b']><domain><name>&j;</name></domain>'
)


@pytest.mark.parametrize(
    'content',
    [
        b'',
        b'x',
        b'<domain>',
        b'<network/>',
        b'\xff\xfe',
        LAUGHS,
        LAUGHS.decode().encode('utf-16'),
        b'<!DOCTYPE domain SYSTEM "file:///etc/passwd"><domain/>',
        b'<!DOCTYPE domain><domain/>',
        b'<?xml version="1.0" encoding="cp-nothing"?><domain/>',
        b'<?xml version="1.0" encoding="utf-7"?><domain/>',
        b'<domain>&amp;&other;</domain>',
        b'<a>' * 10**5,
        b' ' * words.MOST + b'<domain/>',
    ],
)
def test_what_libvirt_never_writes_is_refused(content):
    began = time.monotonic()
    with pytest.raises(Unreadable) as caught:
        words.read_domain(content)
    assert str(caught.value).isprintable()
    assert time.monotonic() - began < 2


def test_a_deep_definition_takes_no_time():
    depth = 10**5
    deep = b'<a>' * depth + domain() + b'</a>' * depth
    assert words.read_domain(deep).name == 'vm-1'


@given(st.text(max_size=80) | st.binary(max_size=80), st.integers(0, 400))
def test_any_text_is_read_or_refused(text, at):
    content = (
        text if isinstance(text, bytes) else text.encode(errors='replace')
    )
    whole = domain("<disk type='file'><source file='/a'/></disk>")
    for one in content, whole[:at] + content + whole[at:], whole[:at]:
        for reader in words.read_domain, words.read_disk_info:
            try:
                reader(one)
            except Unreadable as error:
                assert str(error)
