"""Calls: counted by the vCenter, whatever the number of images."""

import datetime
import threading
from unittest import mock

from imagecache_handlers import Did
from imagecache_handlers import Evidence
from imagecache_handlers import ImageCache
from imagecache_handlers import Rules
from imagecache_handlers import utc_now
from imagecache_handlers_vmware import looks
from tests.vmware.samples import LONG_AGO
from tests.vmware.vcenter import BASE
from tests.vmware.vcenter import OnVcenter
from tests.vmware.vcenter import STORE
from vcenter_simulator.scenario import Scenario

WRITES = (
    'MakeDirectory',
    'MoveDatastoreFile_Task',
    'DeleteVirtualDisk_Task',
    'DeleteDatastoreFile_Task',
)
DAY = datetime.timedelta(days=1)


class TestCalls(OnVcenter):
    def on(self, **scenario):
        self.start(Scenario(**scenario))
        handler = self.handler()
        list(handler.stores())
        list(handler.enumerate(STORE))
        self.vcenter.counters.reset()
        return handler

    def calls(self):
        return {
            method: count.calls
            for method, count in self.vcenter.counters.by_method.items()
        }

    def test_a_pass_reads_a_store_in_four_calls(self):
        for images in 3, 300:
            handler = self.on(images=images, machines=images)
            list(handler.stores())
            assert len(handler.enumerate(STORE)) == images
            assert self.calls() == {
                'RetrievePropertiesEx': 3,
                'SearchDatastoreSubFolders_Task': 1,
            }

    def test_four_stores_wait_for_each_other_nowhere(self):
        """Each of their calls is under way when the others' are."""
        for method in (
            'RefreshDatastore',
            'SearchDatastoreSubFolders_Task',
        ):
            handler = self.on(datastores=4, images=4)
            for one in self.vcenter.estate.datastores:
                one._shown_at -= 400
            meeting = self.let_meet(method, 4)
            cache = ImageCache(handler, Rules())
            plan = cache.plan(Evidence(complete=True, as_of=utc_now()))
            assert len(plan.verdicts) == 4
            assert self.vcenter.counters.of(method) == 4
            assert not meeting.broken

    def let_meet(self, method, count):
        """Let calls of a method begin only once so many are there."""
        meeting = threading.Barrier(count)
        for nth in range(1, count + 1):
            self.vcenter.before(method, lambda: meeting.wait(60), nth=nth)
        return meeting

    def test_a_login_takes_two_calls(self):
        self.start()
        handler = self.handler()
        list(handler.stores())
        assert self.calls() == {
            'RetrieveServiceContent': 1,
            'Login': 1,
            'RetrievePropertiesEx': 1,
        }
        handler.close()
        assert self.vcenter.counters.of('Logout') == 1

    def test_a_label_takes_one_call_to_add_and_two_to_remove(self):
        handler = self.on(images=1)
        [image] = handler.enumerate(STORE)
        self.vcenter.counters.reset()
        handler.mark(image, ['pin.ops'])
        assert self.calls() == {'MakeDirectory': 1}
        self.vcenter.counters.reset()
        handler.mark(image, (), ['pin.ops'])
        assert self.calls() == {
            'DeleteDatastoreFile_Task': 1,
            'RetrievePropertiesEx': 1,
        }

    def test_an_eviction_takes_three_calls_and_some_for_its_batch(self):
        for count in 1, 40:
            handler = self.on(images=count)
            images = list(handler.enumerate(STORE))
            self.vcenter.counters.reset()
            freed = list(handler.evict_many(images, lambda: True))
            assert len(freed) == count
            assert all(freed)
            assert self.calls() == {
                'MakeDirectory': 1,
                'MoveDatastoreFile_Task': count,
                # What was moved, and what its disks take.
                'SearchDatastoreSubFolders_Task': 2,
                'DeleteVirtualDisk_Task': count,
                'DeleteDatastoreFile_Task': count,
                # Three groups of tasks, the searches, and the machines.
                'RetrievePropertiesEx': 6,
            }

    def test_a_sweep_that_expires_images_takes_four_calls_for_each(self):
        handler = self.on(images=100)
        for image in self.actors.tree(f'[{STORE}] {BASE}'):
            if '/' not in image:
                self.actors.age(image, LONG_AGO.timestamp())
        cache = ImageCache(handler, Rules(min_age=datetime.timedelta(0)))
        report = cache.sweep(lambda: Evidence(complete=True, as_of=utc_now()))
        assert [one.did for one in report.outcomes] == [Did.EVICTED] * 100
        calls = self.calls()
        each = sum(
            calls.pop(method)
            for method in (
                'MoveDatastoreFile_Task',
                'DeleteVirtualDisk_Task',
                'DeleteDatastoreFile_Task',
            )
        )
        # A claim each, and the folder beside the base for each batch.
        batches = calls['MakeDirectory'] - 100
        assert each == 3 * 100
        assert batches <= 4
        # The stores, the plan and recovery; then looks and tasks.
        assert sum(calls.values()) - 100 <= 16 + 12 * batches

    def sweep(self, handler, used=(), min_age=DAY):
        """Sweep; gives the report, all calls and those that write."""
        users = {one: frozenset({'vm'}) for one in used}
        self.vcenter.counters.reset()
        report = ImageCache(handler, Rules(min_age=min_age)).sweep(
            lambda: Evidence(users=users, complete=True, as_of=utc_now())
        )
        calls = self.calls()
        writes = sum(calls.get(method, 0) for method in WRITES)
        return report, sum(calls.values()), writes

    def list_ids(self):
        folders = self.actors.tree(f'[{STORE}] {BASE}')
        return [one for one in folders if '/' not in one]

    def test_an_unchanged_pass_takes_seven_calls_and_writes_nothing(self):
        for images in 4, 100:
            handler = self.on(images=images)
            used = self.list_ids()[::2]
            _, first, writes = self.sweep(handler, used)
            assert (first, writes) == (7 + images // 2, images // 2)
            _, unchanged, writes = self.sweep(handler, used)
            assert (unchanged, writes) == (7, 0)

    def test_each_further_datastore_takes_five_calls(self):
        handler = self.on(images=40, datastores=4)
        self.sweep(handler)
        _, calls, writes = self.sweep(handler)
        assert (calls, writes) == (7 + 3 * 5, 0)

    def test_users_are_read_twice_in_a_batch(self):
        handler = self.on(images=30)
        handler.batch = 10
        for image in self.list_ids():
            self.actors.age(image, LONG_AGO.timestamp())
        with mock.patch.object(
            looks, 'read_machines', wraps=looks.read_machines
        ) as reading:
            report, _, _ = self.sweep(handler, min_age=0 * DAY)
        assert [one.did for one in report.outcomes] == [Did.EVICTED] * 30
        # For the plan; of each batch once it is claimed, and aside.
        assert reading.call_count == 1 + 2 * 3

    def test_a_disk_more_takes_a_call_more(self):
        handler = self.on(images=20)
        for image in self.list_ids():
            path = f'[{STORE}] {BASE}/{image}/{image}.40.vmdk'
            self.actors.make_disk(path)
            self.actors.age(image, LONG_AGO.timestamp())
        _, _, writes = self.sweep(handler, min_age=0 * DAY)
        # A claim, a move, two disks and the folder; the folder beside.
        assert writes == 5 * 20 + 1

    def test_a_hold_or_pin_and_its_end_take_seventeen_calls(self):
        handler = self.on(images=3)
        self.sweep(handler)
        cache = ImageCache(handler, Rules())
        [image, *_] = self.list_ids()
        self.vcenter.counters.reset()
        assert cache.hold(image, 'vm', DAY / 24)
        cache.release(image, 'vm')
        assert self.vcenter.counters.calls <= 17
        self.vcenter.counters.reset()
        assert cache.pin(image, 'ops')
        cache.unpin(image, 'ops')
        assert self.vcenter.counters.calls <= 17

    def test_slow_tasks_are_asked_about_once_a_second(self):
        handler = self.on(images=8)
        images = list(handler.enumerate(STORE))
        self.vcenter.timing.work['DeleteVirtualDisk_Task'] = 2.5
        self.vcenter.counters.reset()
        assert all(handler.evict_many(images, lambda: True))
        # Five without waiting: those of the disks are three at once, and
        # one for each second.
        assert self.calls()['RetrievePropertiesEx'] <= 5 + 4 + 2
