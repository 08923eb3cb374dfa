"""Whatever happens in whatever order: database and disks tell one story."""

import random
import threading
import time
import unittest

from hypothesis import settings
from hypothesis.stateful import Bundle
from hypothesis.stateful import consumes
from hypothesis.stateful import invariant
from hypothesis.stateful import rule
from hypothesis.stateful import RuleBasedStateMachine
from hypothesis import strategies as st

from tests.xapi_simulator.clients import quick
from xapi_simulator import Scenario
from xapi_simulator import Simulator
from xapi_simulator.storage import META
from xapi_simulator import XapiError

FAIR = {
    'HANDLE_INVALID',
    'OPERATION_NOT_ALLOWED',
    'REVERT_ONLY_ALLOWED_ON_SNAPSHOT',
    'SR_BACKEND_FAILURE_109',
    'SR_OPERATION_NOT_SUPPORTED',
    'VDI_INCOMPATIBLE_TYPE',
    'VDI_IN_USE',
    'VDI_MISSING',
    'VDI_NOT_MANAGED',
    'VDI_NO_CBT_METADATA',
    'VM_BAD_POWER_STATE',
    'VM_IS_TEMPLATE',
}
POWER = 'start', 'hard_shutdown', 'suspend', 'resume', 'destroy'
COPIES = 'snapshot', 'checkpoint', 'clone'
TRACKING = 'enable_cbt', 'disable_cbt', 'data_destroy', 'revert'


class Pool(RuleBasedStateMachine):
    """Others use a pool, inside; after each step everything is checked."""

    disks = Bundle('disks')

    def __init__(self):
        super().__init__()
        scenario = Scenario(srs=2, kinds=('nfs', 'zfs-vol'), seed=1)
        self.pool = Simulator(scenario, timing=quick(detach=0))
        self.actors = self.pool.actors
        self.records = self.pool.world.records
        self.told = {}
        self.generation = 0

    def attempt(self, work, *args):
        try:
            return work(*args)
        except XapiError as error:
            assert error.code in FAIR, error
            return None

    @rule(target=disks, sr=st.integers(0, 1))
    def cache(self, sr):
        srs = list(self.records.rows('SR'))
        return self.actors.cache('an-image', srs[sr], used=20 * META)

    @rule(target=disks, disk=disks)
    def clone(self, disk):
        return self.attempt(self.actors.clone, disk) or disk

    @rule(target=disks, disk=disks)
    def snapshot(self, disk):
        return self.attempt(self.actors.snapshot, disk) or disk

    @rule(disk=disks)
    def attach(self, disk):
        if self.records.find('VDI', disk):
            self.actors.attach(disk)

    @rule(disk=disks)
    def end(self, disk):
        row = self.records.find('VDI', disk)
        if row and len(row['VBDs']) == 1:
            self.actors.end_disk(disk)

    @rule(disk=disks)
    def delete(self, disk):
        self.attempt(self.actors.delete, disk)

    @rule(target=disks, disk=consumes(disks), sr=st.integers(0, 1))
    def move(self, disk, sr):
        srs = list(self.records.rows('SR'))
        return self.attempt(self.actors.move, disk, srs[sr]) or disk

    @rule(disk=disks, times=st.integers(2, 9))
    def write(self, disk, times):
        if self.records.find('VDI', disk):
            self.attempt(self.actors.write, disk, times * META)

    @rule(number=st.integers(0, 9), what=st.sampled_from(POWER))
    def change_power(self, number, what):
        how = (False, False) if what in ('start', 'resume') else ()
        self.on_machine(number, what, *how)

    @rule(number=st.integers(0, 9), what=st.sampled_from(COPIES))
    def copy_machine(self, number, what):
        if self.records.count('VDI') < 40:
            more = ([],) if what == 'snapshot' else ()
            self.on_machine(number, what, 'a copy', *more)

    @rule(number=st.integers(0, 9))
    def revert_machine(self, number):
        self.on_machine(number, 'revert')

    def on_machine(self, number, what, *how):
        vms = [
            ref
            for ref, row in self.records.rows('VM').items()
            if not row['is_control_domain']
        ]
        if vms:
            vm = vms[number % len(vms)]
            self.attempt(self.pool.do, f'VM.{what}', vm, *how)

    @rule(disk=disks, what=st.sampled_from(TRACKING))
    def track(self, disk, what):
        self.attempt(self.pool.do, f'VDI.{what}', disk)

    @rule()
    def coalesce(self):
        self.actors.coalesce()

    @rule(sr=st.integers(0, 1), what=st.sampled_from(['scan', 'update']))
    def look(self, sr, what):
        srs = list(self.records.rows('SR'))
        self.pool.do(f'SR.{what}', srs[sr])

    @invariant()
    def every_row_has_its_volume_and_every_volume_its_row(self):
        for sr, disk in self.pool.world.disks.items():
            members = self.records.get('SR', sr)['VDIs']
            rows = [self.records.get('VDI', ref) for ref in members]
            bare = [row for row in rows if row['type'] == 'cbt_metadata']
            assert {row['uuid'] for row in bare} <= disk.logs
            rows = [row for row in rows if row not in bare]
            assert {row['uuid'] for row in rows} == set(disk.volumes)
            for row in rows:
                volume = disk.volumes[row['uuid']]
                assert row['managed'] is not volume.hidden
                shown = row['sm_config'].get('vhd-parent')
                assert shown == (volume.parent if disk.is_vhd else None)

    @invariant()
    def the_bytes_add_up(self):
        for disk in self.pool.world.disks.values():
            assert disk.used == sum(v.used for v in disk.volumes.values())
            for volume in disk.volumes.values():
                assert volume.parent is None or (
                    disk.volumes[volume.parent].hidden
                )

    @invariant()
    def sets_of_references_refer_back(self):
        vbds = self.records.rows('VBD')
        for ref, row in self.records.rows('VDI').items():
            mine = [vbd for vbd in vbds if vbds[vbd]['VDI'] == ref]
            assert sorted(row['VBDs']) == sorted(mine)

    @invariant()
    def whoever_follows_the_events_knows_the_disks(self):
        newest, changes = self.records.since(self.generation, ['VDI'])
        self.generation = newest
        for change in changes:
            if change.operation == 'del':
                self.told.pop(change.ref)
            else:
                assert (change.operation == 'add') is (
                    change.ref not in self.told
                )
                self.told[change.ref] = change.row
        assert self.told == self.records.rows('VDI')

    @invariant()
    def what_runs_has_its_disks_and_nothing_else_has_memory(self):
        for row in self.records.rows('VM').values():
            asleep = row['power_state'] == 'Suspended'
            if asleep or row['is_control_domain']:
                continue
            assert row['suspend_VDI'] == 'OpaqueRef:NULL'
            runs = row['power_state'] in ('Running', 'Paused')
            for vbd in row['VBDs']:
                attached = self.records.get('VBD', vbd)['currently_attached']
                assert attached is runs

    @invariant()
    def nothing_is_left_under_way(self):
        for cls in 'VDI', 'SR', 'VM':
            for row in self.records.rows(cls).values():
                assert row['current_operations'] == {}


Pool.TestCase.settings = settings(
    max_examples=100, stateful_step_count=30, deadline=None
)


class TestPool(Pool.TestCase, unittest.TestCase):
    pass


class TestCrowd(unittest.TestCase):
    """The same by many at once, with a collector that never rests."""

    def act(self, machine, number, troubles):
        source = random.Random(number)
        mine = []
        end = time.monotonic() + 1.5
        try:
            while time.monotonic() < end:
                self.step(machine, source, mine)
        except Exception as error:
            troubles.append(error)

    def step(self, machine, source, mine):
        actors, disk = machine.actors, source.choice(mine or [None])
        act = source.choice(['cache', *['clone', 'move', 'delete'] * 2])
        if act == 'cache' or disk is None:
            mine.append(machine.cache(source.randrange(2)))
        elif act == 'clone':
            mine.append(machine.attempt(actors.spawn, disk) or disk)
        elif act == 'move':
            mine.append(machine.move(disk, source.randrange(2)))
        else:
            machine.attempt(actors.delete, disk)
            machine.end(disk)

    def test_they_leave_a_pool_that_adds_up(self):
        machine = Pool()
        timing = machine.pool.timing
        timing.collect, timing.work['*'] = 0.001, 0.001
        timing.statistics = 0.01
        machine.pool.start()
        troubles = []
        threads = [
            threading.Thread(target=self.act, args=(machine, number, troubles))
            for number in range(5)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        machine.pool.stop()
        self.assertEqual([], troubles)
        machine.coalesce()
        machine.every_row_has_its_volume_and_every_volume_its_row()
        machine.the_bytes_add_up()
        machine.sets_of_references_refer_back()
        machine.nothing_is_left_under_way()
        self.assertGreater(machine.records.generation, 100)
