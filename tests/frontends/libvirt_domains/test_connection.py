"""How a libvirt is asked, with a double of its Python package."""

import inspect
import os
import sys

import pytest

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.exceptions import EvidenceUnavailable
from imagecache_handlers.frontends.libvirt_domains.connection import Libvirt
from imagecache_handlers.frontends.libvirt_domains.users import LibvirtUsers
from tests.frontends.libvirt_domains import libvirt_double
from tests.frontends.libvirt_domains.libvirt_double import Domain
from tests.frontends.libvirt_domains.libvirt_double import LibvirtDouble

OWN = os.uname().nodename
OTHER = f'not-{OWN}'
SYSTEM = 'qemu:///system'
UNTOLD = libvirt_double.libvirtError('-', libvirt_double.VIR_ERR_NO_SUPPORT)


@pytest.fixture
def install(monkeypatch):
    def install(*domains, **keywords):
        double = LibvirtDouble(*domains, **keywords)
        monkeypatch.setitem(sys.modules, 'libvirt', double)
        return double

    return install


@pytest.mark.parametrize(
    ('uri', 'resolved', 'hostname', 'is_here'),
    [
        (SYSTEM, SYSTEM, OWN, True),
        ('qemu+unix:///system', 'qemu+unix:///system', OWN, True),
        ('own', SYSTEM, OWN, True),
        ('kvm1', 'qemu+ssh://kvm-1/system', OWN, False),
        ('kvm1', SYSTEM, OTHER, False),
        (SYSTEM, SYSTEM, OTHER, False),
        (SYSTEM, SYSTEM, UNTOLD, False),
        ('qemu:///system?socket=/a', SYSTEM, OWN, False),
        ('qemu+ext:///system', SYSTEM, OWN, False),
        ('qemu+ssh://kvm-1/system', SYSTEM, OWN, False),
        (SYSTEM, 'qemu://[kvm/system', OWN, False),
    ],
)
def test_whose_files_they_are(install, uri, resolved, hostname, is_here):
    install(uri=resolved, hostname=hostname)
    assert Libvirt(uri).read_definitions().is_here == is_here


@pytest.mark.parametrize(
    ('hostname', 'own', 'is_here'),
    [
        (f'{OWN}.example.org', f'{OWN}.example.org', True),
        (f'{OWN}.example.com', f'{OWN}.example.org', False),
        (f'{OWN}.example.com', UNTOLD, False),
        (OWN, UNTOLD, True),
    ],
)
def test_libvirt_knows_the_whole_name(install, hostname, own, is_here):
    install(hostname=hostname, own=own)
    assert Libvirt().read_definitions().is_here == is_here


def test_what_is_no_uri_is_refused_before_anybody_is_asked(install):
    double = install()
    with pytest.raises(ConfigurationError, match='qemu'):
        Libvirt('qemu+ssh://[kvm/system')
    assert not double.opened


def test_a_driver_that_saves_nothing_tells_the_rest(install):
    install(Domain(xml='<a/>'))
    found = Libvirt().read_definitions().definitions
    assert {one.xml for one in found} == {'<a/>'}


def test_what_is_saved_is_told_or_nothing_is(install):
    install(Domain(saved='broken'))
    with pytest.raises(EvidenceUnavailable, match='broken'):
        Libvirt().read_definitions()


def test_who_hangs_is_not_asked_once_more(install):
    double = install(Domain())
    double.answers.clear()
    libvirt = Libvirt(seconds=0.05)
    for _ in range(3):
        with pytest.raises(EvidenceUnavailable, match='no answer within'):
            libvirt.read_definitions()
    assert double.opened == 1
    double.answers.set()


@pytest.mark.parametrize('asked', [Libvirt, LibvirtUsers])
def test_a_call_has_ten_seconds(asked):
    """As the page says."""
    assert inspect.signature(asked).parameters['seconds'].default == 10


def test_all_calls_together_are_bounded(install):
    install(Domain())
    with pytest.raises(EvidenceUnavailable, match='not all was told'):
        Libvirt(most=0).read_definitions()


def test_what_its_package_raises_is_no_answer(install):
    install(Domain(xml='')).domains = None
    with pytest.raises(EvidenceUnavailable, match='package failed'):
        Libvirt().read_definitions()
