"""Evictions in trouble: refusals, lost answers, moves torn or too late."""

import datetime
import time


from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ImageInUse
from imagecache_handlers.exceptions import Undeletable
from imagecache_handlers import Evidence
from imagecache_handlers import ImageCache
from imagecache_handlers import Rules
from imagecache_handlers_vmware.port.tasks import Waiting
from simulator_parts.steering import drop
from tests.vmware.samples import LONG_AGO
from tests.vmware.samples import ONE
from tests.vmware.vcenter import BASE
from tests.vmware.vcenter import OnVcenter
from tests.vmware.vcenter import STORE
from vcenter_simulator import instances
from vcenter_simulator import steering

ASIDE = f'[{STORE}] {BASE}_evict'
MOVE, DELETE = 'MoveDatastoreFile_Task', 'DeleteVirtualDisk_Task'
DELETE_FILE = 'DeleteDatastoreFile_Task'


class Troubled(OnVcenter):
    def evict(self, *image_ids, in_time=lambda: True, **options):
        handler = self.handler(**options)
        found = {im.image_id: im for im in handler.enumerate(STORE)}
        images = [found[one] for one in image_ids or (ONE,)]
        return list(handler.evict_many(images, in_time))

    def base(self):
        return set(self.actors.tree(f'[{STORE}] {BASE}'))

    def aside(self):
        if self.actors.place(ASIDE).node is None:
            return set()
        return set(self.actors.tree(ASIDE))

    def clone_of_sized(self, image=ONE, size=20, **how):
        disk = self.actors.folder(image).child(f'{image}.{size}.vmdk')
        return instances.add_instance(
            self.vcenter.world, self.vcenter.estate.cluster, disk, **how
        )


class WithCore(Troubled):
    def cache(self, **options):
        return ImageCache(self.handler(**options), Rules())

    def ask(self):
        now = datetime.datetime.now(datetime.UTC)
        return Evidence(complete=True, as_of=now)

    def old(self, *images, **how):
        for image in images:
            self.actors.cache(image, cached_at=LONG_AGO.timestamp(), **how)
            self.actors.age(image, LONG_AGO.timestamp())

    def show(self, report):
        return [(one.did, one.why) for one in report.outcomes]


class TestSizedCopies(Troubled):
    def test_a_refused_sized_copy_puts_the_image_back(self):
        self.actors.cache(ONE, sizes=(20,))
        machine = self.clone_of_sized()
        self.actors.resize(machine)  # original.vmdk needs ONE.20.vmdk
        [result] = self.evict()
        assert f'{ONE}/{ONE}.20.vmdk' in self.base(), (result, self.aside())
        assert f'{ONE}/{ONE}.vmdk' in self.base()
        assert isinstance(result, Undeletable)

    def test_a_locked_sized_copy_keeps_the_own_disk(self):
        self.actors.cache(ONE, sizes=(20,))
        self.vcenter.before(DELETE, steering.fail('FileLocked', file='x'))
        [result] = self.evict()
        assert isinstance(result, ImageInUse), result
        assert f'{ONE}/{ONE}.vmdk' in self.base()

    def test_a_lost_answer_at_a_sized_copy_is_told(self):
        self.actors.cache(ONE, sizes=(20,))
        self.vcenter.before(DELETE, drop())
        [result] = self.evict()
        assert isinstance(result, CacheError), result


class TestMoreMoves(WithCore):
    def test_a_move_given_up_does_not_come_after_a_machine(self):
        self.old(ONE)
        self.vcenter.timing.work[MOVE] = 3.0
        cache = self.cache(waiting=Waiting(seconds=0.5))
        report = cache.sweep(self.ask)
        self.actors.spawn(ONE, starts=False)
        time.sleep(4)
        self.vcenter.timing.work.clear()
        self.cache().sweep(self.ask)
        assert f'{ONE}/{ONE}.vmdk' in self.base(), (
            self.aside(),
            self.show(report),
        )
