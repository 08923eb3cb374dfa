"""Evictions: moved aside, looked at, removed or put back."""

from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.exceptions import ImageInUse
from imagecache_handlers.exceptions import Uncertain
from imagecache_handlers.exceptions import Undeletable
from imagecache_handlers import utc_now
from imagecache_handlers_vmware.refusals import refusal_label
from simulator_parts.steering import drop
from tests.vmware.samples import CLAIM
from tests.vmware.samples import ONE
from tests.vmware.samples import TWO
from tests.vmware.vcenter import BASE
from tests.vmware.vcenter import OnVcenter
from tests.vmware.vcenter import STORE
from vcenter_simulator import instances
from vcenter_simulator import steering

ASIDE = f'[{STORE}] {BASE}_evict'
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
        assert all(size >= 2**31 for size in freed)
        assert self.there() == set()

    def test_freed_is_what_thin_disks_took(self):
        free = self.actors.store(STORE).free
        [freed] = self.evict(ONE)
        gained = self.actors.store(STORE).free - free
        # Labels and folders take a little as well.
        assert 2 * 2**30 <= freed <= gained < freed + 2**24

    def test_an_iso_frees_its_size(self):
        self.actors.sweep(ONE)
        self.actors.cache(ONE, used=12345, is_iso=True)
        assert self.evict(ONE) == [12345]

    def test_freed_is_the_files_sizes_where_disks_cannot_be_opened(self):
        search = 'SearchDatastoreSubFolders_Task'
        fault = steering.fail('CannotAccessFile', file='x')

        # Searches: of the images, of what was moved, of its disks.
        self.vcenter.before(search, fault, nth=3)
        [freed] = self.evict(ONE)
        assert freed > 30 * 2**30
        assert not self.is_whole()

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

    def test_who_names_it_where_it_lies_keeps_it(self):
        def boot():
            [name] = self.actors.place(ASIDE).node.entries
            disk = self.actors.place(f'{ASIDE}/{name}/{ONE}.vmdk')
            with self.vcenter.world.lock:
                instances.add_instance(
                    self.vcenter.world,
                    self.vcenter.estate.cluster,
                    disk,
                    starts=False,
                )

        self.vcenter.after(MOVE, boot)
        [result] = self.evict(ONE)
        assert isinstance(result, ImageInUse)
        assert self.is_whole()

    def test_a_machine_that_cannot_be_read_any_more_keeps_it(self):
        machine = self.actors.spawn(TWO)

        def lose():
            self.actors.break_machine(machine, 'inaccessible')

        self.vcenter.before(MOVE, lose)
        [result] = self.evict(ONE)
        assert isinstance(result, ImageBusy)
        assert 'cannot be read' in result.why
        assert self.is_whole()

    def test_one_that_has_lost_its_extent_is_not_ours_to_remove(self):
        disk = f'[{STORE}] {BASE}/{ONE}/{ONE}.vmdk'
        self.vcenter.before(MOVE, lambda: self.actors.lose_extent(disk))
        [result] = self.evict(ONE)
        assert isinstance(result, ImageBusy)
        assert f'{ONE}/{ONE}.vmdk' in self.there()

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

    def test_no_disk_is_deleted_once_time_is_over(self):
        # Of the move, and of the look at what came of it.
        answers = iter([True, True])
        [result] = self.evict(ONE, in_time=lambda: next(answers, False))
        assert isinstance(result, ImageBusy)
        assert not self.vcenter.counters.of(DELETE)
        assert self.is_whole()

    def test_a_refused_disk_goes_back_and_is_undeletable(self):
        disk = f'[{STORE}] {BASE}/{ONE}/{ONE}.vmdk'
        self.actors.set_deletable(disk, is_deletable=False)
        result, other = self.evict(ONE, TWO)
        assert isinstance(result, Undeletable)
        assert self.is_whole(ONE)
        assert other > 0
        assert not self.is_whole(TWO)

    def test_a_refused_one_keeps_its_labels(self):
        handler = self.handler()
        [image] = handler.enumerate(STORE, [ONE])
        handler.mark(image, ['site.a'])
        disk = f'[{STORE}] {BASE}/{ONE}/{ONE}.vmdk'
        self.actors.set_deletable(disk, is_deletable=False)
        self.evict(ONE)
        assert f'{ONE}/ic-site.a' in self.actors.tree(f'[{STORE}] {BASE}')

    def test_one_that_was_refused_lately_is_not_tried_again(self):
        handler = self.handler()
        [image] = handler.enumerate(STORE, [ONE])
        handler.mark(image, [refusal_label(utc_now())])
        [result] = self.evict(ONE)
        assert isinstance(result, Undeletable)
        assert not self.vcenter.counters.of(MOVE)
        assert self.is_whole()

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
        [result] = self.evict(ONE)
        assert isinstance(result, ImageBusy)
        assert 'moved back' in str(result)
        assert self.is_whole()

    def test_who_cannot_see_and_cannot_put_back_promises_nothing(self):
        """That a store is unavailable would say that nothing was changed."""
        list(self.handler().stores())

        def trouble():
            for nth in range(1, 9):
                fault = steering.fail('HostNotConnected')
                self.vcenter.before(MOVE, fault, nth=nth)
            self.vcenter.before('SearchDatastoreSubFolders_Task', fault)

        self.vcenter.after(MOVE, trouble, nth=2)
        results = self.evict(ONE, TWO)
        assert [type(one) for one in results] == [Uncertain, Uncertain]
        for image, result in zip((ONE, TWO), results, strict=True):
            assert f'[{STORE}] {BASE}_evict/{image}.' in str(result)
            assert not self.is_whole(image)

    def test_what_never_moved_is_told_as_such_by_who_cannot_see(self):
        """Of two one is locked, the other is put back."""

        def blind():
            fault = steering.fail('HostNotConnected')
            self.vcenter.before('SearchDatastoreSubFolders_Task', fault)

        self.vcenter.before(MOVE, steering.fail('FileLocked', file='x'))
        self.vcenter.after(MOVE, blind)
        locked, back = self.evict(ONE, TWO)
        assert isinstance(locked, ImageInUse)
        assert isinstance(back, ImageBusy)
        assert self.is_whole(ONE)
        assert self.is_whole(TWO)

    def test_one_in_use_that_cannot_be_put_back_is_in_use(self):
        self.vcenter.before(MOVE, lambda: self.actors.spawn(ONE, starts=False))
        fault = steering.fail('HostNotConnected')
        self.vcenter.before(MOVE, fault, nth=2)
        with self.assertLogs('imagecache_handlers_vmware', 'WARNING') as logs:
            [result] = self.evict(ONE)
        assert isinstance(result, ImageInUse)
        assert len(result.users) == 1
        where = f'it lies in [{STORE}] {BASE}_evict/{ONE}.'
        assert where in str(result)
        assert where in logs.output[-1]

    def test_one_fetched_anew_before_it_is_put_back_is_told_where_it_is(self):
        for disk in f'{ONE}.20.vmdk', f'{ONE}.vmdk':
            path = f'[{STORE}] {BASE}/{ONE}/{disk}'
            self.actors.set_deletable(path, is_deletable=False)
        self.vcenter.before(DELETE, lambda: self.actors.cache(ONE))
        [result] = self.evict(ONE)
        assert isinstance(result, Undeletable)
        assert f'it lies in [{STORE}] {BASE}_evict/{ONE}.' in str(result)
        assert self.is_whole()

    def move_by_another(self, image):
        """Have another host move an image aside, and die."""
        place = self.actors.place(f'[{STORE}] {BASE}/{image}')
        aside = self.actors.place(f'[{STORE}] {BASE}_evict')
        if aside.node is None:
            self.actors.make_folder(str(aside))
        node = place.store.detach_node(place.parts)
        name = f'{image}.20990101t000000z.5f0c'
        place.store.add_node((*aside.parts, name), node)

    def test_one_in_use_that_another_left_aside_is_not_gone(self):
        self.actors.spawn(ONE, starts=False)
        self.vcenter.before(MOVE, lambda: self.move_by_another(ONE))
        [result] = self.evict(ONE)
        assert isinstance(result, ImageInUse)
        assert f'{BASE}_evict/{ONE}.20990101t000000z.5f0c' in str(result)

    def test_one_that_another_left_aside_is_busy(self):
        self.vcenter.before(MOVE, lambda: self.move_by_another(ONE))
        [result] = self.evict(ONE)
        assert isinstance(result, ImageBusy)
        assert f'{BASE}_evict/{ONE}.20990101t000000z.5f0c' in str(result)

    def test_an_older_one_of_its_name_aside_is_another_image(self):
        self.move_by_another(ONE)
        self.actors.cache(ONE)
        handler = self.handler()
        [image] = handler.enumerate(STORE, [ONE])
        handler.mark(image, [CLAIM])
        self.vcenter.before(MOVE, lambda: self.actors.sweep(ONE))
        assert self.evict(ONE) == [0]

    def test_any_label_lost_until_the_look_puts_it_back(self):
        """Nova's enlist may come while the move runs, or just after it."""
        for label in 'ts-2026-01-01-00-00-00', 'ts-soon', 'ic-site.a':
            self.actors.make_folder(f'[{STORE}] {BASE}/{ONE}/{label}')

            def lose(label=label):
                aside = f'[{STORE}] {BASE}_evict'
                [name] = {
                    one.partition('/')[0] for one in self.actors.tree(aside)
                }
                self.actors.delete(f'{aside}/{name}/{label}')

            self.vcenter.after(MOVE, lose)
            [result] = self.evict(ONE)
            assert isinstance(result, ImageBusy), label
            assert 'has lost a label' in str(result)
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
