"""A world in which outsiders suspend, copy and revert machines, and track.

Whatever they make is known from the moment it is made: who shares bytes with
an image is judged by the disks themselves, as in the world below.
"""

import contextlib

from tests.xenapi.world import World
from xapi_simulator import XapiError

# So many volumes, machines and snapshots, and no more.
ENOUGH = 30, 8, 5


class MachinesWorld(World):
    def __init__(self, *given, **how):
        super().__init__(*given, **how)
        self.pool.timing.detach = 0
        self.snapshots = []  # machines that are snapshots of machines
        self._create = self.rows.create
        self.rows.create = self._created

    def _created(self, cls, **fields):
        ref = self._create(cls, **fields)
        born = {'VDI': lambda: self.uuid(ref), 'VBD': lambda: ref}
        if cls in born:
            self.born.setdefault(born[cls](), self.reads)
        return ref

    def is_full(self):
        counts = (
            len(self.disks.volumes),
            len(self.machines),
            len(self.snapshots),
        )
        return any(
            count >= enough
            for count, enough in zip(counts, ENOUGH, strict=True)
        )

    def attempt(self, method, *params):
        """Do what xapi lets them do; gives None when it does not."""
        try:
            made = self.pool.do(method, *params)
        except XapiError as error:
            self.tally[f'{method} {error.code}'] += 1
            return None
        self.tally[method] += 1
        return made or ''

    def disk_of(self, vm):
        [vbd] = self.rows.get('VM', vm)['VBDs']
        return self.rows.get('VBD', vbd)['VDI']

    def suspended(self):
        return [
            vm
            for vm in self.machines
            if self.rows.get('VM', vm)['power_state'] == 'Suspended'
        ]

    def suspend(self, vm):
        self.attempt('VM.suspend', vm)

    def resume(self, vm):
        self.attempt('VM.resume', vm, False, False)

    def snapshot(self, vm):
        if not self.is_full():
            self._keep_snapshot(self.attempt('VM.snapshot', vm, 'kept'))

    def checkpoint(self, vm):
        if not self.is_full():
            self._keep_snapshot(self.attempt('VM.checkpoint', vm, 'kept'))

    def _keep_snapshot(self, made):
        if made:
            self.snapshots.append(made)

    def clone_machine(self, vm):
        """Make a machine of another: its disk may be a clone of an image.

        Then it wears all marks for good; it is its owner's as long as that
        machine is there.
        """
        if self.is_full():
            return
        new = self.attempt('VM.clone', vm, 'second')
        if new:
            disk = self.disk_of(new)
            self.machines[new] = disk
            self.kept[disk] = self.reads

    def clone_with(self, image):
        """Clone a machine that has an image itself as its disk."""
        vm = self.attach(image)
        self.clone_machine(vm)
        self.attempt('VM.destroy', vm)

    def revert(self, snapshot):
        vm = self.rows.get('VM', snapshot)['snapshot_of']
        self.attempt('VM.revert', snapshot)
        if vm in self.machines:
            self.machines[vm] = self.disk_of(vm)

    def forget_snapshot(self, snapshot):
        """End a snapshot with its disks and its memory."""
        self.snapshots.remove(snapshot)
        row = self.rows.get('VM', snapshot)
        disks = [self.rows.get('VBD', vbd)['VDI'] for vbd in row['VBDs']]
        self.attempt('VM.destroy', snapshot)
        for disk in (*disks, row['suspend_VDI']):
            self.attempt('VDI.destroy', disk)

    def track(self, disk):
        """Back a disk up: a snapshot of it, whose changes are tracked."""
        if not self.is_full():
            self.attempt('VDI.enable_cbt', disk)
            self.attempt('VDI.snapshot', disk)

    def destroy_data(self):
        for ref, row in self.rows.rows('VDI').items():
            bare = row['type'] == 'cbt_metadata'
            if row['is_a_snapshot'] and row['cbt_enabled'] and not bare:
                self.attempt('VDI.data_destroy', ref)
                return

    def hurry(self):
        super().hurry()
        for snapshot in list(self.snapshots):
            self.forget_snapshot(snapshot)
        for vm in list(self.machines):
            with contextlib.suppress(XapiError):
                self.end(vm)
