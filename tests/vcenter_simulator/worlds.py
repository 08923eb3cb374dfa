"""Worlds to test the state of a vCenter in: no sockets, calls from inside."""

import struct
from typing import Any
import unittest

from vcenter_simulator import DataObject
from vcenter_simulator import Reference
from vcenter_simulator import Scenario
from vcenter_simulator import Simulator
from vcenter_simulator.soap.envelope import write_fault
from vcenter_simulator import Typed
from vcenter_simulator import User
from vcenter_simulator import VimFault

IMAGE = 'c0ffee00-0000-4000-8000-000000000001'
OTHER = 'c0ffee00-0000-4000-8000-000000000002'
GIB = 2**30
# Names that file systems keep and clients stumble over.
HOSTILE = (
    'a b',
    ' leading',
    '100%',
    '%2f',
    '[x] y',
    ']',
    'a|b"c\'d&e<f>',
    'ünïcödé 雪',
    '.hidden',
    '...',
    '-flat.vmdk',
    'x' * 255,
    'é' * 127,
)


class StateCase(unittest.TestCase):
    """One vCenter, that of ``scenario``; paths are on its datacenter."""

    scenario = Scenario()
    users: dict[str, User] = {}

    def setUp(self):
        self.sim = Simulator(self.scenario, users=self.users)
        self.addCleanup(self.sim.stop)
        self.world = self.sim.world
        self.actors = self.sim.actors
        self.datacenter = self.sim.estate.datacenter.reference
        self.cluster = self.sim.estate.cluster
        self.datastore = self.sim.estate.datastores[0]
        self.store = self.datastore.store

    def log_in_as(self, name: str) -> None:
        """Let all further calls be another user's."""
        self.sim.username = name
        self.sim.password = self.users[name].password

    def manager(self, kind: str) -> Reference:
        [one] = self.world.inventory.all(kind)
        return one.reference

    def call(self, this: Reference, method: str, **arguments: Any) -> Any:
        """Make a call; of a task, give the result or raise its fault."""
        answer = self.sim.do(this, method, **arguments)
        if isinstance(answer, Reference) and answer.kind == 'Task':
            return self.end(answer)
        return answer

    def end(self, task: Reference) -> Any:
        info = self.world.inventory.find(task).read_property('info')
        if info.state == 'error':
            fault = info.error.fault
            raise VimFault(fault.type_name, **fault.fields)
        self.assertEqual('success', info.state)
        result = info.result
        return result.value if isinstance(result, Typed) else result

    def files(self, method: str, **arguments: Any) -> Any:
        """Call the FileManager, in the datacenter."""
        return self._call_there('FileManager', method, arguments)

    def disks(self, method: str, **arguments: Any) -> Any:
        """Call the VirtualDiskManager, in the datacenter."""
        return self._call_there('VirtualDiskManager', method, arguments)

    def _call_there(
        self, kind: str, method: str, arguments: dict[str, Any]
    ) -> Any:
        name = 'datacenter'
        if 'sourceName' in arguments:
            name = 'sourceDatacenter'
        arguments.setdefault(name, self.datacenter)
        return self.call(self.manager(kind), method, **arguments)

    def search(self, path: str, method: str = '', **spec: Any) -> Any:
        """Search, in the first datastore's browser."""
        browser = self.datastore.properties['browser']
        return self.call(
            browser,
            f'SearchDatastore{method}_Task',
            datastorePath=path,
            searchSpec=DataObject('HostDatastoreBrowserSearchSpec', **spec)
            if spec
            else None,
        )

    def names(self, path: str, **spec: Any) -> list[str]:
        return [one.path for one in self.search(path, **spec).file or ()]

    def tree(self, path: str = '[datastore-0]') -> dict[str, int | None]:
        return self.actors.tree(path)

    def assert_fault(self, kind, work, /, *args, **arguments):
        """Make sure that a call ends with a fault, and give its fields."""
        with self.assertRaises(VimFault) as caught:
            work(*args, **arguments)
        self.assertEqual(kind, caught.exception.type_name)
        # It has all fields that vSphere requires, or it could not be sent.
        write_fault(caught.exception)
        return caught.exception.fields

    def layout(self, machine) -> list[str]:
        shown = machine.read_property('layoutEx')
        return [one.name for one in shown.file]


def disk_spec(
    gib: int = 1, kind: str = 'thin', adapter: str = 'lsiLogic'
) -> DataObject:
    return DataObject(
        'FileBackedVirtualDiskSpec',
        diskType=kind,
        adapterType=adapter,
        capacityKb=gib * 2**20,
    )


def make_sparse_header(capacity: int) -> bytes:
    """Write how a sparse file of so many bytes of disk begins."""
    return struct.pack('<4sIIQ', b'KDMV', 1, 3, capacity // 512)
