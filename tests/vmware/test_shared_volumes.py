"""Shared volumes: one that several datacenters have mounted."""

from imagecache_handlers import Evidence
from imagecache_handlers import ImageCache
from imagecache_handlers import Rules
from imagecache_handlers import utc_now
from tests.vmware.samples import LONG_AGO
from tests.vmware.samples import ONE
from tests.vmware.vcenter import BASE
from tests.vmware.vcenter import OnVcenter
from tests.vmware.vcenter import STORE
from vcenter_simulator.datacenters import add_datacenter
from vcenter_simulator.datastores.places import Place
from vcenter_simulator.datastores.registration import add_datastore
from vcenter_simulator.hosts import add_cluster
from vcenter_simulator.hosts import add_host
from vcenter_simulator import instances


class TestSharedVolumes(OnVcenter):
    def setUp(self):
        super().setUp()
        self.actors.cache(ONE, cached_at=LONG_AGO.timestamp())

    def share(self, name=STORE):
        """Mount the datastore in a second datacenter, as VMFS may be."""
        world = self.vcenter.world
        center = add_datacenter(world, world.root.reference, 'datacenter-1')
        cluster = add_cluster(world, center, 'cluster-1')
        host = add_host(world, cluster, 'host-x')
        second = add_datastore(world, center, name, 'VMFS', 2**40, [host])
        first = self.actors.store(STORE)
        second.store.root = first.root
        second.store.uuid = first.uuid
        return cluster, second.store

    def spawn_there(self, cluster, second):
        """Make a machine whose hosts resolve the volume as their own."""
        disk = Place(second, (BASE, ONE, f'{ONE}.vmdk'))
        by_uuid = self.vcenter.world.stores._by_uuid
        first = by_uuid[second.uuid]
        by_uuid[second.uuid] = second
        machine = instances.add_instance(
            self.vcenter.world, cluster, disk, starts=False
        )
        by_uuid[second.uuid] = first
        return machine

    def check_used(self):
        handler = self.handler()
        assert len({one.pool for one in handler.stores()}) == 1
        for store in handler.stores():
            [image] = handler.enumerate(store.name)
            assert image.users, store

    def test_it_is_one_wherever_it_is_mounted(self):
        self.share('another name')
        found = {one.identity for one in self.handler().stores()}
        assert len(found) == 1
        assert None not in found

    def test_a_machine_of_the_other_datacenter_uses_the_image(self):
        self.spawn_there(*self.share())
        self.check_used()

    def test_one_that_calls_the_volume_otherwise_uses_it_too(self):
        self.spawn_there(*self.share('theirs'))
        self.check_used()

    def test_one_that_cannot_be_read_there_may_use_any_image(self):
        machine = self.spawn_there(*self.share())
        self.actors.break_machine(machine, 'orphaned')
        handler = self.handler()
        for store in handler.stores():
            [image] = handler.enumerate(store.name)
            assert image.unknown, store

    def test_a_sweep_keeps_what_the_other_datacenter_uses(self):
        self.share()
        machine = self.actors.spawn(ONE, starts=False)
        self.actors.age(ONE, LONG_AGO.timestamp())  # Nova of the other one
        disk = f'[{STORE}] {BASE}/{ONE}/{ONE}.vmdk'
        self.actors.set_deletable(disk, is_deletable=True)
        cache = ImageCache(self.handler(), Rules())
        for stores in ['datacenter-1/datastore-0'], None:
            cache.sweep(
                lambda: Evidence(complete=True, as_of=utc_now()), stores
            )
            names = set(self.actors.tree(f'[{STORE}] {BASE}'))
            assert f'{ONE}/{ONE}.vmdk' in names
        self.actors.start(machine)
