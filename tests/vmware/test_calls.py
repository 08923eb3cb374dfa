"""Calls: counted by the vCenter, whatever the number of images."""

import datetime

from imagecache_handlers import Did
from imagecache_handlers import Evidence
from imagecache_handlers import ImageCache
from imagecache_handlers import Rules
from imagecache_handlers import utc_now
from tests.vmware.samples import LONG_AGO
from tests.vmware.vcenter import BASE
from tests.vmware.vcenter import OnVcenter
from tests.vmware.vcenter import STORE
from vcenter_simulator.scenario import Scenario


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
