"""By which URIs and names a libvirt is that of this host."""

import pytest

from imagecache_handlers.frontends.libvirt_domains import hosts


@pytest.mark.parametrize(
    ('hostname', 'own', 'is_here'),
    [
        ('kvm-1', ['kvm-1'], True),
        ('KVM-1', ['kvm-1', ''], True),
        ('kvm-1.example.org', ['kvm-1', 'kvm-1.example.org'], True),
        ('kvm-1', ['kvm-1', 'kvm-1.example.org'], True),
        ('kvm-1.example.com', ['kvm-1', 'kvm-1.example.org'], False),
        ('kvm-1.example.org', ['kvm-1', ''], False),
        ('kvm-10', ['kvm-1'], False),
        ('', ['', ''], False),
    ],
)
def test_a_host_is_known_by_its_name(hostname, own, is_here):
    said = hosts.is_this_host(['qemu:///system'], hostname, own)
    assert said == is_here
