"""What definitions of libvirt prove of images, with disks of qemu-img's."""

import datetime
import threading

import pytest

from imagecache_handlers.exceptions import EvidenceUnavailable
from imagecache_handlers.frontends.libvirt_domains.connection import Answer
from imagecache_handlers.frontends.libvirt_domains.connection import Definition
from imagecache_handlers.frontends.libvirt_domains import files
from imagecache_handlers.frontends.libvirt_domains.users import LibvirtUsers
from tests.directory import disks

NOW = datetime.datetime(2026, 11, 30, tzinfo=datetime.UTC)
IMAGE = '1a2b3c4d-0000-4000-8000-000000000001'
OTHER = '1a2b3c4d-0000-4000-8000-000000000002'
SHA1 = '3b5d5c3712955042212316173ccf37be80001234'


class Told:
    """Tells definitions, as the connection does."""

    uri = 'test:///default'

    def __init__(self, *definitions, is_here=True):
        self.answer = Answer(list(definitions), is_here, 'kvm-1')

    def read_definitions(self):
        return self.answer


def disk(path, form='qcow2', device='disk', more=''):
    driver = f'<driver name="qemu" type="{form}"/>' if form else ''
    return (
        f'<disk type="file" device="{device}">{driver}'
        f'<source file="{path}"/>{more}</disk>'
    )


def define(*inside, name='vm', os='', kind='kvm'):
    return Definition(
        name,
        f'<domain type="{kind}"><name>{name}</name><os>{os}</os>'
        f'<devices>{"".join(inside)}</devices></domain>',
    )


def ask(*definitions, **keywords):
    told = Told(*definitions, **keywords)
    return LibvirtUsers(told, complete=True, clock=lambda: NOW)()


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / 'images'
    folder.mkdir()
    for name in IMAGE, OTHER, SHA1, f'{SHA1}_10':
        (folder / name).write_bytes(bytes(4096))
    return folder


@pytest.fixture
def overlay(tmp_path, images):
    disks.create(tmp_path / 'disk', images / IMAGE)
    return tmp_path / 'disk'


def test_an_image_below_an_overlay_is_used(overlay):
    said = ask(define(disk(overlay), name='vm-1'))
    assert said.complete
    assert said.as_of == NOW
    assert said.users[IMAGE] == {'vm-1'}
    assert OTHER not in said.users


def test_a_chain_is_followed_to_its_end(tmp_path, overlay):
    disks.create(tmp_path / 'upper', 'disk', 'qcow2')
    said = ask(define(disk(tmp_path / 'upper')))
    assert said.complete
    assert said.users[IMAGE] == {'vm'}


def test_every_domain_is_a_user(overlay):
    said = ask(
        define(disk(overlay), name='a'), define(disk(overlay), name='b')
    )
    assert said.users[IMAGE] == {'a', 'b'}


@pytest.mark.parametrize(
    ('inside', 'os'),
    [
        (disk('/elsewhere/{}', 'raw', 'cdrom'), ''),
        (disk('/elsewhere/{}', 'raw'), ''),
        (disk('/elsewhere/{}', ''), ''),
        ('', '<kernel>/elsewhere/{}</kernel>'),
        ('', '<initrd>/elsewhere/{}</initrd>'),
        (
            disk(
                '/elsewhere/a',
                'raw',
                more='<backingStore type="file"><format type="raw"/>'
                '<source file="/elsewhere/{}"/></backingStore>',
            ),
            '',
        ),
    ],
)
@pytest.mark.parametrize('is_here', [True, False])
def test_whatever_a_definition_names_is_used(inside, os, is_here):
    domain = define(inside.format(IMAGE), os=os.format(IMAGE))
    said = ask(domain, is_here=is_here)
    assert said.users[IMAGE] == {'vm'}


@pytest.mark.parametrize('name', [SHA1, f'{SHA1}_10'])
def test_a_file_of_novas_is_used_by_its_name(images, name):
    said = ask(define(disk(images / name, 'raw')))
    assert said.complete
    assert said.users[SHA1] == {'vm'}
    # Where the layout is not Nova's, an image may have that very name.
    assert said.users[name] == {'vm'}


def test_a_link_is_what_it_leads_to(tmp_path, images):
    (tmp_path / 'link').symlink_to(images / IMAGE)
    assert IMAGE in ask(define(disk(tmp_path / 'link', 'raw'))).users
    kernel = f'<kernel>{tmp_path / "link"}</kernel>'
    assert IMAGE in ask(define(os=kernel)).users


def test_a_way_up_is_the_kernels(tmp_path, images):
    """QEMU opens what lies behind "link/..", not what lies before it."""
    for name in 'data/v2', 'data/mid', 'vms/mid':
        (tmp_path / name).mkdir(parents=True)
    disks.create(tmp_path / 'data' / 'mid' / 'mid', images / IMAGE)
    disks.create(tmp_path / 'vms' / 'mid' / 'mid', images / OTHER)
    (tmp_path / 'vms' / 'now').symlink_to(tmp_path / 'data' / 'v2')
    top = tmp_path / 'vms' / 'now' / 'top'
    disks.create(top, '../mid/mid', 'qcow2')
    for path in top, tmp_path / 'vms' / 'now' / '..' / 'mid' / 'mid':
        said = ask(define(disk(path)))
        assert said.complete
        assert said.users[IMAGE] == {'vm'}
        assert OTHER not in said.users


def test_one_file_is_read_from_each_of_its_folders(tmp_path, images):
    """Its names begin at the folder by which it was come to."""
    for name, image in ('a', IMAGE), ('b', OTHER):
        (tmp_path / name).mkdir()
        (tmp_path / name / 'base').symlink_to(images / image)
    disks.create(tmp_path / 'a' / 'disk', 'base')
    (tmp_path / 'b' / 'disk').symlink_to(tmp_path / 'a' / 'disk')
    both = [disk(tmp_path / name / 'disk') for name in 'ab']
    assert {IMAGE, OTHER} <= ask(define(*both)).users.keys()


def test_a_file_that_is_swapped_meanwhile_proves_no_absence(
    overlay, monkeypatch
):
    find_file = files.find_file

    def find_another(path):
        return find_file(path)._replace(file=files.Identity(0, 0))

    monkeypatch.setattr(files, 'find_file', find_another)
    assert not ask(define(disk(overlay))).complete


@pytest.mark.parametrize('form', ['raw', 'qcow2'])
def test_a_file_that_never_answers_is_left(overlay, monkeypatch, form):
    """As on a mount whose server is away."""
    answers = threading.Event()
    monkeypatch.setattr(files, 'find_file', lambda path: answers.wait(60))
    asked = LibvirtUsers(
        Told(define(disk(overlay, form))),
        complete=True,
        clock=lambda: NOW,
        seconds=0.05,
    )
    for _ in range(2):
        with pytest.raises(EvidenceUnavailable, match='is it mounted'):
            asked()
    answers.set()


@pytest.mark.parametrize('content', [b'', b'QFI\xfb\0\0\0\3', b'QFI\xfb'])
def test_a_disk_that_cannot_be_understood_proves_no_absence(tmp_path, content):
    (tmp_path / 'disk').write_bytes(content)
    said = ask(define(disk(tmp_path / 'disk')))
    # What is empty names nothing, whatever form it is said to have.
    assert said.complete == (content == b'')


@pytest.mark.parametrize('form', ['raw', 'qcow2'])
def test_a_disk_that_is_missing_proves_no_absence(tmp_path, caplog, form):
    said = ask(define(disk(tmp_path / 'none', form), name='vm-1'))
    assert not said.complete
    assert 'none: it cannot be read' in caplog.text


def test_the_bytes_of_a_guest_name_nothing(tmp_path, images):
    head = disks.header(str(images / IMAGE))
    (tmp_path / 'raw').write_bytes(head.ljust(2**17, b'\0'))
    said = ask(define(disk(tmp_path / 'raw', 'raw')))
    assert said.complete
    assert IMAGE not in said.users


def test_a_loop_ends(tmp_path):
    for one, other in ('a', 'b'), ('b', 'a'):
        head = disks.header(str(tmp_path / other), form='qcow2')
        (tmp_path / one).write_bytes(head.ljust(2**17, b'\0'))
    said = ask(define(disk(tmp_path / 'a')))
    assert {'a', 'b'} <= said.users.keys()


def test_a_loop_of_ways_up_ends(tmp_path):
    (tmp_path / 'a').mkdir()
    head = disks.header('../a/disk', form='qcow2')
    (tmp_path / 'a' / 'disk').write_bytes(head.ljust(2**17, b'\0'))
    assert ask(define(disk(tmp_path / 'a' / 'disk'))).complete


@pytest.mark.parametrize('part', ['nvram', 'loader'])
def test_what_lies_below_a_firmware_is_used(overlay, part):
    said = ask(define(os=f'<{part} format="qcow2">{overlay}</{part}>'))
    assert said.complete
    assert said.users[IMAGE] == {'vm'}


@pytest.mark.parametrize(
    'nvram',
    [
        '<nvram format="qcow2"><source file="{}"/></nvram>',
        '<nvram format="qcow2"><source dev="{}"/></nvram>',
        '<nvram><source dev="{}"/></nvram>',
    ],
)
def test_a_firmware_is_in_a_file_or_on_a_device(overlay, nvram):
    said = ask(define(os=nvram.format(overlay)))
    assert said.complete
    assert (IMAGE in said.users) == ('qcow2' in nvram)


@pytest.mark.parametrize(
    ('os', 'is_complete'),
    [
        ('<nvram format="qcow2"><source volume="v" pool="p"/></nvram>', False),
        ('<nvram><source volume="v" pool="p"/></nvram>', False),
        ('<nvram format="qcow2"/>', False),
        ('<nvram/>', True),
        ('<nvram><source protocol="nbd" name="n"/></nvram>', False),
        ('<nvram><source protocol="rbd" name="n"/></nvram>', True),
        ('<loader>hvmloader</loader>', True),
        ('<loader>/missing</loader>', False),
        ('<kernel>/missing</kernel>', False),
        ('<initrd>/missing</initrd>', False),
        ('<dtb>/missing</dtb>', False),
    ],
)
def test_a_firmware_that_may_be_any_file_proves_no_absence(os, is_complete):
    assert ask(define(os=os)).complete == is_complete


@pytest.mark.parametrize(
    'xml',
    [
        '<domain type="kvm"><devices>',
        '<network/>',
        '<domain type="kvm"><devices><disk type="volume" device="disk">'
        '<source pool="p" volume="v"/></disk></devices></domain>',
        '<domain type="kvm"><devices><disk type="new" device="disk">'
        '<source what="v"/></disk></devices></domain>',
    ],
)
def test_a_definition_that_is_not_understood_proves_no_absence(xml):
    assert not ask(Definition('vm', xml)).complete


@pytest.mark.parametrize('form', ['raw', 'qcow2'])
def test_another_host_proves_use_only(images, overlay, form, caplog):
    said = ask(define(disk(overlay, form), disk(images / OTHER, 'raw')))
    assert said.complete
    said = ask(
        define(disk(overlay, form), disk(images / OTHER, 'raw')),
        is_here=False,
    )
    assert not said.complete
    assert 'another host, kvm-1' in caplog.text
    # What lies here by that name is another file.
    assert said.users.keys() == {'disk', OTHER}


def test_without_the_callers_word_it_proves_use_only(overlay):
    told = Told(define(disk(overlay)))
    said = LibvirtUsers(told, complete=False, clock=lambda: NOW)()
    assert not said.complete
    assert said.users[IMAGE]


def test_no_domains_prove_nothing(caplog):
    assert not ask().complete
    assert 'it has no domains' in caplog.text
