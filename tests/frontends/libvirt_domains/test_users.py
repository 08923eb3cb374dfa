"""What definitions of libvirt prove of images, with disks of qemu-img's."""

import datetime

import pytest

from imagecache_handlers.frontends.libvirt_domains.connection import Definition
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
        self.definitions = list(definitions)
        self.is_here = is_here

    def read_definitions(self):
        return self.definitions


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
def test_whatever_a_definition_names_is_used(inside, os):
    said = ask(define(inside.format(IMAGE), os=os.format(IMAGE)))
    assert said.complete
    assert said.users[IMAGE] == {'vm'}


@pytest.mark.parametrize('name', [SHA1, f'{SHA1}_10'])
def test_a_file_of_novas_is_used_by_its_name(images, name):
    said = ask(define(disk(images / name, 'raw')))
    assert said.users[SHA1] == {'vm'}


def test_a_link_is_what_it_leads_to(tmp_path, images):
    (tmp_path / 'link').symlink_to(images / IMAGE)
    assert IMAGE in ask(define(disk(tmp_path / 'link', 'raw'))).users


@pytest.mark.parametrize('content', [b'', b'QFI\xfb\0\0\0\3', b'QFI\xfb'])
def test_a_disk_that_cannot_be_understood_proves_no_absence(tmp_path, content):
    (tmp_path / 'disk').write_bytes(content)
    said = ask(define(disk(tmp_path / 'disk')))
    # What is empty names nothing, whatever form it is said to have.
    assert said.complete == (content == b'')


def test_a_disk_that_is_missing_proves_no_absence(tmp_path, caplog):
    said = ask(define(disk(tmp_path / 'none'), name='vm-1'))
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


def test_files_of_another_host_are_not_looked_for_here(overlay):
    said = ask(define(disk(overlay)), is_here=False)
    assert not said.complete
    assert IMAGE not in said.users
    assert ask(define(disk('/a', 'raw')), is_here=False).complete


def test_without_the_callers_word_it_proves_use_only(overlay):
    told = Told(define(disk(overlay)))
    said = LibvirtUsers(told, complete=False, clock=lambda: NOW)()
    assert not said.complete
    assert said.users[IMAGE]


def test_no_domains_are_an_answer():
    assert ask().complete
