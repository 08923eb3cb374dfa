"""Situations that others met, each from the plan to the last image.

A full datastore is in ``test_full_datastore``.
"""

from imagecache_handlers import Did
from imagecache_handlers import Evidence
from imagecache_handlers import ImageCache
from imagecache_handlers import Reason
from imagecache_handlers import Rules
from imagecache_handlers import utc_now
from tests.vmware.samples import LONG_AGO
from tests.vmware.samples import ONE
from tests.vmware.samples import TWO
from tests.vmware.vcenter import BASE
from tests.vmware.vcenter import OnVcenter
from tests.vmware.vcenter import STORE
from vcenter_simulator.datacenters import add_datacenter
from vcenter_simulator.datastores.registration import add_datastore
from vcenter_simulator.hosts import add_cluster
from vcenter_simulator.hosts import add_host
from vcenter_simulator import images
from vcenter_simulator.scenario import Scenario
from vcenter_simulator import steering

DELETE_FILE = 'DeleteDatastoreFile_Task'


def ask():
    return Evidence(complete=True, as_of=utc_now())


class OnSituation(OnVcenter):
    def old(self, *found, store=None):
        for image in found:
            self.actors.cache(image, store, cached_at=LONG_AGO.timestamp())
            self.actors.age(image, LONG_AGO.timestamp(), store)

    def cache(self, **options):
        return ImageCache(self.handler(**options), Rules())

    def sweep(self, **options):
        report = self.cache(**options).sweep(ask)
        return {
            (one.verdict.image.store, one.verdict.image.image_id): one.did
            for one in report.outcomes
        }

    def left(self, path=f'[{STORE}] {BASE}'):
        return {one for one in self.actors.tree(path) if '/' not in one}


class TestNames(OnSituation):
    def test_of_two_datastores_of_one_name_each_is_swept(self):
        second = self.add_second()
        self.old(ONE)
        long_ago = LONG_AGO.timestamp()
        folder = images.add_image(
            second.store, ONE, base=BASE, cached_at=long_ago
        )
        images.mark_unused(folder, long_ago)
        images.add_image(second.store, TWO, base=BASE)
        # Used in the one, idle in the other.
        self.actors.spawn(ONE)
        found = self.sweep()
        assert found == {('datacenter-1/datastore-0', ONE): Did.EVICTED}
        assert self.left() == {ONE}
        assert set(second.store.find_node((BASE,)).entries) == {TWO}

    def add_second(self):
        world = self.vcenter.world
        center = add_datacenter(world, world.root.reference, 'datacenter-1')
        cluster = add_cluster(world, center, 'cluster-1')
        host = add_host(world, cluster, 'host-x')
        return add_datastore(world, center, STORE, 'VMFS', 2**40, [host])

    def test_datastores_in_folders_and_pods_are_swept(self):
        self.start(Scenario(folders=('a', 'b'), pod='pod', datastores=2))
        for store in STORE, 'datastore-1':
            self.old(ONE, store=store)
        self.actors.spawn(ONE, 'datastore-1')
        assert self.sweep() == {(STORE, ONE): Did.EVICTED}
        assert self.left() == set()
        assert self.left(f'[datastore-1] {BASE}') == {ONE}


class TestOrphans(OnSituation):
    def setUp(self):
        super().setUp()
        self.old(ONE)
        self.actors.cache(TWO)
        self.orphan = self.actors.spawn(TWO, starts=False)
        self.actors.break_machine(self.orphan, 'orphaned')

    def verdicts(self, **options):
        plan = self.cache(**options).plan(ask())
        return {one.image.image_id: one for one in plan.verdicts}

    def test_one_that_cannot_be_read_keeps_all_and_is_named(self):
        assert self.sweep() == {}
        found = self.verdicts()[ONE]
        assert found.reason is Reason.UNKNOWN
        [why] = [one.detail for one in found.blockers]
        assert self.orphan.name in why
        assert 'ignore_vms' in why

    def test_one_that_is_written_off_keeps_none_but_its_own(self):
        ignored = frozenset([self.orphan.name])
        assert self.sweep(ignored_machines=ignored) == {
            (STORE, ONE): Did.EVICTED
        }

    def test_a_second_orphan_keeps_all_again(self):
        self.actors.cache('third')
        second = self.actors.spawn('third', starts=False)
        self.actors.break_machine(second, 'orphaned')
        ignored = frozenset([self.orphan.name])
        assert self.sweep(ignored_machines=ignored) == {}


class TestFolders(OnSituation):
    def aside(self):
        return self.left(f'[{STORE}] {BASE}_evict')

    def refuse(self, nth=1):
        self.vcenter.before(
            DELETE_FILE, steering.fail('DirectoryNotEmpty', file='x'), nth=nth
        )

    def test_one_that_is_not_empty_goes_entry_by_entry(self):
        self.old(ONE)
        self.refuse()
        assert self.sweep() == {(STORE, ONE): Did.EVICTED}
        assert self.left() == self.aside() == set()

    def test_one_that_is_never_empty_is_freed_all_the_same(self):
        self.old(ONE)
        full = steering.fail('DirectoryNotEmpty', file='x')
        with self.failing(DELETE_FILE, full):
            assert self.sweep() == {(STORE, ONE): Did.EVICTED}
        assert self.left() == set()
        [left] = self.aside()
        assert not any(
            one.endswith('.vmdk')
            for one in self.actors.tree(f'[{STORE}] {BASE}_evict/{left}')
        )
