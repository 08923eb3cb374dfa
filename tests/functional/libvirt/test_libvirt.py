"""Libvirt itself, by its driver of tests, with domains of our own."""

import datetime
import platform
import subprocess
import sys
import threading

import libvirt
import pytest

from imagecache_handlers.exceptions import EvidenceUnavailable
from imagecache_handlers.frontends.libvirt_domains.connection import Libvirt
from imagecache_handlers.frontends.libvirt_domains.users import LibvirtUsers
from tests.directory import disks

NOW = datetime.datetime(2026, 11, 30, tzinfo=datetime.UTC)
IMAGES = [f'1a2b3c4d-0000-4000-8000-{number:012}' for number in range(6)]
SPACE = "xmlns:test='http://libvirt.org/schemas/domain/test/1.0'"


def disk(path, form, device='disk'):
    place = 'vdb' if device == 'disk' else 'hdc'
    return (
        f"<disk type='file' device='{device}'><driver type='{form}'/>"
        f"<source file='{path}'/><target dev='{place}'/></disk>"
    )


def define(name, inside='', os='', more=''):
    return (
        f"<domain type='test' {SPACE}><name>{name}</name>"
        f'<memory>4096</memory><os><type>hvm</type>{os}</os>'
        f'<devices>{inside}</devices>{more}</domain>'
    )


@pytest.fixture
def images(tmp_path):
    for name in IMAGES:
        (tmp_path / name).write_bytes(bytes(4096))
    return [tmp_path / name for name in IMAGES]


@pytest.fixture
def node(tmp_path, images):
    """Give the URI of a host with one domain of each kind."""
    overlay, isos, kernel, initrd, before, running = images
    disks.create(tmp_path / 'disk', overlay)
    disks.create(tmp_path / 'old', before)
    snapshot = (
        '<test:domainsnapshot><name>s</name>'
        '<creationTime>1</creationTime><state>shutoff</state>'
        f'{define("defined", disk(tmp_path / "old", "qcow2"))}'
        '<active>1</active></test:domainsnapshot>'
    )
    domains = [
        define('defined', disk(tmp_path / 'disk', 'qcow2'), more=snapshot),
        define('iso', disk(isos, 'raw', 'cdrom')),
        define(
            'kernels',
            os=f'<kernel>{kernel}</kernel><initrd>{initrd}</initrd>',
        ),
        define('transient', disk(running, 'raw'), more='<test:transient/>'),
        define('off', more='<test:runstate>5</test:runstate>'),
    ]
    file = tmp_path / 'node.xml'
    file.write_text(f'<node>{"".join(domains)}</node>')
    return f'test://{file}'


def ask(uri):
    return LibvirtUsers(Libvirt(uri), complete=True, clock=lambda: NOW)()


def test_every_kind_of_domain_is_a_user(node):
    said = ask(node)
    assert said.complete
    overlay, iso, kernel, initrd, before, running = IMAGES
    assert said.users[overlay] == {'defined'}
    assert said.users[iso] == {'iso'}
    assert said.users[kernel] == said.users[initrd] == {'kernels'}
    assert said.users[before] == {'defined'}
    assert said.users[running] == {'transient'}


def test_the_domain_of_libvirts_own_example_uses_no_image():
    said = ask('test:///default')
    assert not set(said.users) & set(IMAGES)


def test_who_cannot_be_asked_is_an_error_of_one_line(capfd):
    uri = 'nobody:///system'
    with pytest.raises(EvidenceUnavailable) as caught:
        Libvirt(uri).read_definitions()
    assert uri in str(caught.value)
    assert '\n' not in str(caught.value)
    assert capfd.readouterr() == ('', '')


def test_who_never_answers_is_left(monkeypatch):
    stopped = threading.Event()

    def hang(uri):
        stopped.wait(60)
        raise libvirt.libvirtError('too late')

    monkeypatch.setattr(libvirt, 'openReadOnly', hang)
    with pytest.raises(EvidenceUnavailable, match='no answer within'):
        Libvirt('test:///default', seconds=0.1).read_definitions()
    stopped.set()


def test_a_domain_that_goes_meanwhile_uses_nothing(monkeypatch):
    class Gone(libvirt.libvirtError):
        def get_error_code(self):
            return libvirt.VIR_ERR_NO_DOMAIN

    def vanish(self, flags=0):
        raise Gone('gone')

    monkeypatch.setattr(libvirt.virDomain, 'XMLDesc', vanish)
    assert not Libvirt('test:///default').read_definitions().definitions


def test_another_error_of_a_domain_is_one(monkeypatch):
    def fail(self, flags=0):
        raise libvirt.libvirtError('broken')

    monkeypatch.setattr(libvirt.virDomain, 'XMLDesc', fail)
    with pytest.raises(EvidenceUnavailable):
        Libvirt('test:///default').read_definitions()


def test_a_driver_that_saves_nothing_tells_the_rest(monkeypatch):
    class Unsupported(libvirt.libvirtError):
        def get_error_code(self):
            return libvirt.VIR_ERR_NO_SUPPORT

    def refuse(self, flags=0):
        raise Unsupported('as LXC has it')

    monkeypatch.setattr(libvirt.virDomain, 'hasManagedSaveImage', refuse)
    assert Libvirt('test:///default').read_definitions().definitions


def test_libvirt_on_this_host_is_of_this_host():
    assert Libvirt('test:///default').read_definitions().is_here


@pytest.mark.parametrize('name', ['alias', 'test:///default'])
def test_libvirt_of_another_name_is_of_another_host(monkeypatch, name):
    """Its configuration has names for URIs, which lead where they like."""
    # Of the one that is asked, and then of this host.
    names = iter([f'not-{platform.node()}', platform.node()])
    monkeypatch.setattr(
        libvirt.virConnect, 'getHostname', lambda self: next(names)
    )
    opening = libvirt.openReadOnly
    monkeypatch.setattr(
        libvirt, 'openReadOnly', lambda uri: opening('test:///default')
    )
    assert not Libvirt(name).read_definitions().is_here


def test_the_command_asks_it(tmp_path, node, images):
    """By its own name of the driver, on a folder of Nova's layout or not."""
    conf = tmp_path / 'cache.conf'
    conf.write_text(f'[imagecache_directory]\npath = {tmp_path}\n')
    words = ['--config-file', str(conf), 'plan', '-f', 'json']
    done = subprocess.run(  # noqa: S603 -- our own program
        [sys.executable, '-m', 'imagecache_handlers.frontends.cli', *words]
        + ['--in-use-from', f'libvirt:{node}', '--in-use-complete'],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, '')
