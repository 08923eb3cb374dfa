"""Two hosts and Nova on vSAN, where what goes stays in the base folder."""

import datetime

import pytest

from imagecache_handlers import Rules
from tests.profile import PROFILE
from tests.vmware.test_machine import Hosts
from tests.vmware.test_machine import run_hosts
from tests.vmware.test_machine import TALLY
from tests.vmware.vsan_world import VsanWorld
from tests.vmware.world import World


class HostsOnVsan(Hosts):
    make_world = VsanWorld


@pytest.mark.long
def test_hosts_and_nova_share_vsan():
    run_hosts(HostsOnVsan, max(10, PROFILE.vmware_examples // 4))
    for what in 'evicted', 'spawned', 'pinned', 'cleaned':
        assert TALLY[what], f'nothing was {what}: {TALLY}'


@pytest.mark.parametrize('make_world', [World, VsanWorld])
def test_a_clone_that_vsphere_does_not_keep_is_seen(make_world):
    """Nor is it locked: its machine does not run."""
    rules = Rules(min_age=datetime.timedelta(0))
    world = make_world(rules, batch=1, skew=0, keeps_clones=False)
    try:
        world.fetch('debian')
        world.spawn('debian', starts=False)
        world.evict(world.hosts[0], 'debian', [])
        world.sweep(world.hosts[0], [])
        world.check()
        world.end(0)
        world.allow_removal('debian')
        world.evict(world.hosts[0], 'debian', [])
        assert world.all_images() == set()
    finally:
        world.close()
