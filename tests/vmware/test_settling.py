"""Settling what lies aside: in groups, and what was fetched anew is safe."""

import contextlib
import functools
import uuid

from tests.vmware.litter import take_turns
from tests.vmware.samples import ONE
from tests.vmware.samples import STALE_CLAIM
from tests.vmware.vcenter import BASE
from tests.vmware.vcenter import OnVcenter
from tests.vmware.vcenter import STORE
from vcenter_simulator.faults import VimFault

OVER = '20200101t000000z'
ASIDE = f'[{STORE}] {BASE}_evict'
OWN = f'[{STORE}] {BASE}/{ONE}'
LEFT = f'{ASIDE}/{ONE}.{OVER}.5f0c'
MOVE, DELETE = 'MoveDatastoreFile_Task', 'DeleteVirtualDisk_Task'
DELETE_FILE = 'DeleteDatastoreFile_Task'
WHOLE = {f'{ONE}.vmdk', f'{ONE}-flat.vmdk'}


class TestMany(OnVcenter):
    """However many lie aside, they are waited for together."""

    def die(self, *labels, count=12):
        """Leave images aside of which nothing is where they were."""
        self.images = [str(uuid.UUID(int=number)) for number in range(count)]
        self.actors.make_folder(ASIDE)
        for image in self.images:
            place = self.actors.cache(image)
            for label in labels:
                self.actors.make_folder(f'{place}/ic-{label}')
            node = place.store.detach_node(place.parts)
            aside = self.actors.place(f'{ASIDE}/{image}.{OVER}.5f0c')
            place.store.add_node(aside.parts, node)

    def recover(self):
        handler = self.handler()
        list(handler.stores())
        self.vcenter.counters.reset()
        handler.recover(STORE)
        self.vcenter_calls = {
            method: count.calls
            for method, count in self.vcenter.counters.by_method.items()
        }
        return handler

    def test_putting_back_takes_one_call_each_and_five(self):
        self.die('pin.ops', STALE_CLAIM)
        self.recover()
        assert set(self.actors.tree(ASIDE)) == set()
        assert self.vcenter_calls == {
            MOVE: 12,
            'SearchDatastoreSubFolders_Task': 2,
            # Two searches, the machines, the moves.
            'RetrievePropertiesEx': 4,
        }

    def test_finishing_takes_two_calls_each_and_six(self):
        self.die(STALE_CLAIM)
        self.recover()
        assert set(self.actors.tree(ASIDE)) == set()
        assert self.vcenter_calls == {
            DELETE: 12,
            DELETE_FILE: 12,
            'SearchDatastoreSubFolders_Task': 2,
            'RetrievePropertiesEx': 5,
        }

    def test_the_refused_are_looked_at_once_and_put_back_together(self):
        self.die(STALE_CLAIM)
        for image in self.images:
            disk = f'{ASIDE}/{image}.{OVER}.5f0c/{image}.vmdk'
            self.actors.set_deletable(disk, is_deletable=False)
        self.recover()
        assert set(self.actors.tree(ASIDE)) == set()
        assert self.vcenter_calls == {
            DELETE: 12,
            MOVE: 12,
            'SearchDatastoreSubFolders_Task': 3,
            'RetrievePropertiesEx': 6,
        }

    def test_torn_ones_are_put_together_in_four_groups(self):
        self.die(STALE_CLAIM)
        for image in self.images:
            extent = f'{image}-flat.vmdk'
            torn = self.actors.place(f'{ASIDE}/{image}.{OVER}.5f0c/{extent}')
            node = torn.store.detach_node(torn.parts)
            own = self.actors.make_folder(f'[{STORE}] {BASE}/{image}')
            torn.store.add_node(own.child(extent).parts, node)
        self.recover()
        assert set(self.actors.tree(ASIDE)) == set()
        assert self.vcenter_calls == {
            MOVE: 24,
            DELETE_FILE: 12,
            'SearchDatastoreSubFolders_Task': 2,
            # Labels, then disks; no other files are there.
            'RetrievePropertiesEx': 6,
        }

    def test_one_that_cannot_go_stops_no_other(self):
        self.die('pin.ops', count=3)
        self.actors.cache(self.images[0])
        handler = self.recover()
        left = {one.partition('/')[0] for one in self.actors.tree(ASIDE)}
        assert left == {f'{self.images[0]}.{OVER}.5f0c'}
        [remark] = handler.remarks(STORE)
        assert left.pop() in remark
        assert 'pinned' in remark
        assert 'fetched anew' in remark

    def test_two_torn_ones_of_an_image_are_not_mixed(self):
        self.die(STALE_CLAIM, count=1)
        [image] = self.images
        own = self.actors.make_folder(f'[{STORE}] {BASE}/{image}')
        first = f'{ASIDE}/{image}.{OVER}.5f0c'
        second = f'{ASIDE}/{image}.{OVER}.5f0d'
        self.actors.make_folder(second)
        self.actors.write_file(f'{second}/{image}.20.vmdk', b'x')
        self.actors.write_file(f'{second}/{image}.vmdk', b'x')
        flat = self.actors.place(f'{first}/{image}-flat.vmdk')
        node = flat.store.detach_node(flat.parts)
        flat.store.add_node(own.child(f'{image}-flat.vmdk').parts, node)
        handler = self.recover()
        assert f'{image}.20.vmdk' not in self.actors.tree(str(own))
        assert f'{image}.vmdk' in self.actors.tree(str(own))
        [remark] = handler.remarks(STORE)
        assert second in remark


class TestReplaced(OnVcenter):
    """A refused image lies aside, and Nova has fetched it anew."""

    def setUp(self):
        super().setUp()
        self.actors.cache(ONE)
        self.machine = self.actors.spawn(ONE, starts=False)
        place = self.actors.place(OWN)
        self.actors.make_folder(f'{OWN}/ic-{STALE_CLAIM}')
        self.actors.make_folder(ASIDE)
        node = place.store.detach_node(place.parts)
        place.store.add_node(self.actors.place(LEFT).parts, node)
        self.actors.cache(ONE)

    def recover(self):
        handler = self.handler()
        handler.recover(STORE)
        return list(handler.remarks(STORE))

    def test_while_it_is_used_it_is_left_and_explained(self):
        [remark] = self.recover()
        assert f'{LEFT} is left: used by {self.machine.name}' in remark
        assert 'fetched anew' in remark
        assert set(self.actors.tree(LEFT)) >= WHOLE
        assert set(self.actors.tree(OWN)) >= WHOLE

    def test_once_nobody_uses_it_it_is_finished(self):
        self.actors.unregister(self.machine)
        disk = f'{LEFT}/{ONE}.vmdk'
        self.actors.set_deletable(disk, is_deletable=True)
        assert self.recover() == []
        assert set(self.actors.tree(ASIDE)) == set()
        assert set(self.actors.tree(OWN)) >= WHOLE

    def test_what_vsphere_refuses_then_is_explained_too(self):
        self.actors.unregister(self.machine)
        [remark] = self.recover()
        assert 'CannotDeleteFile' in remark
        assert 'fetched anew' in remark
        assert set(self.actors.tree(LEFT)) >= WHOLE


class TestTurns(OnVcenter):
    """Nova takes its turn before each call of a recovery, and after each."""

    def boot(self):
        """Fetch the image, unless it is there, and boot from it."""
        with contextlib.suppress(VimFault):
            self.actors.cache(ONE)
        return self.actors.spawn(ONE, starts=False)

    def leave(self, *labels):
        place = self.actors.cache(ONE)
        for label in labels:
            self.actors.make_folder(f'{OWN}/ic-{label}')
        self.actors.make_folder(ASIDE)
        node = place.store.detach_node(place.parts)
        place.store.add_node(self.actors.place(LEFT).parts, node)

    def take_turns(self, prepare, act):
        def recover(handler):
            handler.recover(STORE)

        return take_turns(self, prepare, recover, act)

    def test_an_image_that_is_fetched_anew_is_not_replaced(self):
        count = 0
        for labels in (STALE_CLAIM,), (STALE_CLAIM, 'pin.ops'):
            prepare = functools.partial(self.leave, *labels)
            for _, machine in self.take_turns(prepare, self.boot):
                self.actors.start(machine)
                count += 1
        assert count >= 20

    def test_what_is_pinned_is_never_lost(self):
        prepare = functools.partial(self.leave, STALE_CLAIM, 'pin.ops')
        for when, _ in self.take_turns(prepare, self.boot):
            tree = set(self.actors.tree(f'[{STORE}]'))
            pinned = [one for one in tree if one.endswith('ic-pin.ops')]
            assert len(pinned) == 1, when
            assert pinned[0].replace('ic-pin.ops', f'{ONE}.vmdk') in tree
