"""Others who use the pool: Nova's spawns, operators, other tools."""

from typing import Any

from xapi_simulator import chains
from xapi_simulator.collector import Collector
from xapi_simulator.interface import Interface
from xapi_simulator import registration
from xapi_simulator import scenario
from xapi_simulator.world import World


class Actors:
    """What others do, one method each: inside, at once, uncounted.

    Every method takes and gives references.  They obey the pool as clients
    do: what a client may not do now, raises XapiError here too.
    """

    def __init__(
        self, world: World, interface: Interface, collector: Collector
    ) -> None:
        self._world = world
        self._do = interface.do
        self._collector = collector

    def cache(
        self,
        image_id: str,
        sr: str | None = None,
        *,
        cached_at: float | None = None,
        used: int = scenario.GIB,
    ) -> str:
        """Cache an image as Nova does; the default SR unless another."""
        return scenario.add_image(
            self._world,
            sr or self.default_sr(),
            image_id,
            used=used,
            cached_at=cached_at,
        )

    def disk(self, name: str, sr: str | None = None) -> str:
        """Make a disk that is no image."""
        return chains.create(
            self._world,
            sr or self.default_sr(),
            scenario.GIB,
            {'name_label': name},
        )

    def clone(self, vdi: str) -> str:
        """Clone an image and stop there: the clone still wears its marks."""
        new: str = self._do('VDI.clone', vdi)
        return new

    def untag(self, vdi: str) -> None:
        """Do what Nova does to its clone then, in three calls."""
        self._do('VDI.set_name_label', vdi, '')
        self._do('VDI.set_name_description', vdi, '')
        self._do('VDI.remove_from_other_config', vdi, 'image-id')

    def spawn(self, vdi: str) -> str:
        """Boot a machine from an image, as Nova does; gives its disk."""
        disk = self.clone(vdi)
        self.untag(disk)
        self.attach(disk)
        return disk

    def attach(self, vdi: str) -> str:
        """Attach a disk to a new running machine, which it gives."""
        return scenario.add_machine(self._world, vdi, self._world.master)

    def end(self, vm: str) -> None:
        """Delete a machine and its disks."""
        rows = self._world.records
        if rows.get('VM', vm)['power_state'] != 'Halted':
            self._do('VM.hard_shutdown', vm)
        vbds = [rows.get('VBD', one) for one in rows.get('VM', vm)['VBDs']]
        self._do('VM.destroy', vm)
        for vbd in vbds:
            self._do('VDI.destroy', vbd['VDI'])

    def end_disk(self, vdi: str) -> None:
        """Delete the machine of a disk, and the disk."""
        rows = self._world.records
        [vbd] = rows.get('VDI', vdi)['VBDs']
        self.end(rows.get('VBD', vbd)['VM'])

    def delete(self, vdi: str) -> None:
        self._do('VDI.destroy', vdi)

    def snapshot(self, vdi: str) -> str:
        new: str = self._do('VDI.snapshot', vdi)
        return new

    def move(self, vdi: str, sr: str) -> str:
        """Move a disk to another SR: a copy, with all its marks."""
        new: str = self._do('VDI.copy', vdi, sr)
        self._do('VDI.destroy', vdi)
        return new

    def write(self, vdi: str, used: int) -> None:
        """Let the user of a disk write to it."""
        chains.write(self._world, vdi, used)

    def lose(self, vdi: str) -> None:
        """Let the file of a disk vanish; the database does not know yet."""
        row = self._world.records.get('VDI', vdi)
        self._world.disks[row['SR']].remove(row['uuid'])

    def miss(self, vdi: str) -> None:
        """Let the database mark a disk as missing."""
        self._world.records.write('VDI', vdi, missing=True)

    def set(self, cls: str, ref: str, **fields: Any) -> None:
        """Write any field of any object, as a corrupt database has it."""
        self._world.records.write(cls, ref, **fields)

    def coalesce(self, sr: str | None = None) -> int:
        """Let the collector run, in one SR or all; gives what it removed."""
        srs = [sr] if sr else list(self._world.disks)
        return sum(self._collector.run(one) for one in srs)

    def run_tasks(self) -> int:
        """Do the work of the Async calls that wait; gives how many did.

        They wait where ``Simulator.tasks`` is ``When.TOLD``.
        """
        return self._world.tasks.run_waiting()

    def lose_task(self, task: str) -> None:
        """Let a task be forgotten; its work goes on."""
        self._world.tasks.lose(task)

    def end_sessions(self) -> None:
        """Log everybody out, as a restart of xapi does."""
        self._world.sessions.end_all()

    def plug(self, sr: str, *, attached: bool) -> None:
        """Plug an SR into its hosts, or out of all."""
        for pbd in self._world.records.get('SR', sr)['PBDs']:
            self.set('PBD', pbd, currently_attached=attached)

    def forget_sr(self, sr: str) -> None:
        """Let an SR leave the pool, with all that is known of its disks."""
        registration.remove(self._world, sr)

    def content(self, vdi: str) -> str:
        """Give the SHA-256 of what was uploaded to a disk, in hexadecimal."""
        return chains.volume(self._world, vdi).content

    def default_sr(self) -> str:
        sr: str = self._world.records.get('pool', self._world.pool)[
            'default_SR'
        ]
        return sr
