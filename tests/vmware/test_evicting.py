"""Evictions: moved aside, looked at, removed or put back."""

import pytest

from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.exceptions import ImageInUse
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.exceptions import Uncertain
from imagecache_handlers.exceptions import Undeletable
from simulator_parts.steering import drop
from tests.vmware.samples import ONE
from tests.vmware.samples import TWO
from tests.vmware.vcenter import BASE
from tests.vmware.vcenter import OnVcenter
from tests.vmware.vcenter import STORE
from vcenter_simulator import steering

MOVE, DELETE = 'MoveDatastoreFile_Task', 'DeleteVirtualDisk_Task'


class TestEvicting(OnVcenter):
    def setUp(self):
        super().setUp()
        for image in ONE, TWO:
            self.actors.cache(image, sizes=(20,))

    def evict(self, *image_ids, in_time=lambda: True):
        handler = self.handler()
        found = {im.image_id: im for im in handler.enumerate(STORE)}
        images = [found[one] for one in image_ids or (ONE,)]
        return list(handler.evict_many(images, in_time))

    def there(self):
        """Give all that lies in the base and aside, without labels."""
        found = set(self.actors.tree(f'[{STORE}] {BASE}'))
        if self.actors.place(f'[{STORE}] {BASE}_evict').node:
            found |= set(self.actors.tree(f'[{STORE}] {BASE}_evict'))
        return found

    def is_whole(self, image_id=ONE):
        names = f'{image_id}.vmdk', f'{image_id}-flat.vmdk'
        return {f'{image_id}/{one}' for one in names} <= self.there()

    def test_images_go_with_all_that_is_theirs(self):
        freed = self.evict(ONE, TWO)
        assert all(size > 2**30 for size in freed)
        assert self.there() == set()

    def test_a_clone_made_before_the_move_keeps_its_image(self):
        self.vcenter.before(MOVE, lambda: self.actors.spawn(ONE))
        [result] = self.evict(ONE)
        assert isinstance(result, ImageInUse)
        assert self.is_whole()

    def test_one_that_is_off_keeps_it_too(self):
        def spawn():
            self.actors.spawn(ONE, starts=False)

        self.vcenter.before(MOVE, spawn)
        [result] = self.evict(ONE)
        assert isinstance(result, ImageInUse)
        assert self.is_whole()

    def test_nova_that_took_the_mark_away_keeps_it(self):
        self.actors.age(ONE, 0.0)
        self.vcenter.before(MOVE, lambda: self.actors.enlist(ONE))
        [result] = self.evict(ONE)
        assert isinstance(result, ImageBusy)
        assert self.is_whole()

    def test_a_lease_that_came_keeps_it(self):
        handler = self.handler()
        [image] = handler.enumerate(STORE, [ONE])
        lease = 'lease.vm.20990101t000000z'
        self.vcenter.before(MOVE, lambda: handler.mark(image, [lease]))
        [result] = self.evict(ONE)
        assert isinstance(result, ImageBusy)
        assert self.is_whole()

    def test_nothing_begins_once_time_is_over(self):
        results = self.evict(ONE, TWO, in_time=lambda: False)
        assert [type(one) for one in results] == [ImageBusy, ImageBusy]
        assert self.is_whole(ONE)
        assert self.is_whole(TWO)
        assert not self.vcenter.counters.of(MOVE)

    def test_one_whose_time_ends_after_the_move_is_put_back(self):
        answers = iter([True, False, False, False])
        [result] = self.evict(ONE, in_time=lambda: next(answers))
        assert isinstance(result, ImageBusy)
        assert self.is_whole()

    def test_a_refused_disk_goes_back_and_is_undeletable(self):
        disk = f'[{STORE}] {BASE}/{ONE}/{ONE}.vmdk'
        self.actors.set_deletable(disk, is_deletable=False)
        result, other = self.evict(ONE, TWO)
        assert isinstance(result, Undeletable)
        assert self.is_whole(ONE)
        assert other > 0
        assert not self.is_whole(TWO)

    def test_a_disk_that_is_gone_is_no_failure(self):
        self.vcenter.before(MOVE, lambda: self.actors.sweep(ONE))
        assert self.evict(ONE) == [0]

    def test_a_lost_answer_to_the_move_is_looked_after(self):
        self.vcenter.after(MOVE, drop())
        [freed] = self.evict(ONE)
        assert freed > 0
        assert not self.is_whole()
        assert self.vcenter.counters.of(MOVE) == 1

    def test_a_lost_answer_to_a_removal_is_uncertain_and_not_repeated(self):
        # The second is the image's own disk.
        self.vcenter.after(DELETE, drop(), nth=2)
        [result] = self.evict(ONE)
        assert isinstance(result, Uncertain)
        assert self.vcenter.counters.of(DELETE) == 2

    def test_who_cannot_see_machines_puts_it_back(self):
        list(self.handler().stores())
        self.vcenter.before(
            MOVE,
            lambda: self.vcenter.before(
                'RetrievePropertiesEx',
                steering.fail('HostNotConnected'),
                nth=3,
            ),
        )
        with pytest.raises(StoreUnavailable):
            self.evict(ONE)
        assert self.is_whole()

    def test_an_image_that_was_fetched_anew_meanwhile_stays(self):
        self.vcenter.before(DELETE, lambda: self.actors.cache(ONE))
        [freed] = self.evict(ONE)
        assert freed > 0
        assert self.is_whole()

    def test_foreign_files_that_came_keep_it(self):
        path = f'[{STORE}] {BASE}/{ONE}/vm.vmdk'
        self.vcenter.before(MOVE, lambda: self.actors.make_disk(path))
        [result] = self.evict(ONE)
        assert isinstance(result, ImageBusy)
        assert self.is_whole()
        assert f'{ONE}/vm.vmdk' in self.there()
