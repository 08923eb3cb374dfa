"""A virtual machine: what it is made of, and the properties it shows."""

from collections.abc import Callable
from collections.abc import Iterator
import dataclasses
from typing import Any
import uuid

from vcenter_simulator.datastores.locks import Handle
from vcenter_simulator.datastores.places import Place
from vcenter_simulator.datastores.places import Registry
from vcenter_simulator.datastores.stores import Store
from vcenter_simulator.inventory import ManagedObject
from vcenter_simulator.machines.devices import Device
from vcenter_simulator.machines.devices import Disk
from vcenter_simulator.machines.devices import Drive
from vcenter_simulator.values import Reference

POWERED_OFF, POWERED_ON, SUSPENDED = 'poweredOff', 'poweredOn', 'suspended'
CONNECTED = 'connected'
# vCenter knows of these that they exist, and nothing of what they are.
UNREADABLE = frozenset({'inaccessible', 'invalid', 'orphaned'})


@dataclasses.dataclass(slots=True, eq=False)
class Snapshot:
    """A snapshot: the chains of all disks by their keys, as they were."""

    reference: Reference
    name: str
    description: str
    number: int
    created: float
    power_state: str
    data: Place
    chains: dict[int, tuple[Place, ...]]
    children: 'list[Snapshot]' = dataclasses.field(default_factory=list)

    def walk(self) -> 'Iterator[Snapshot]':
        yield self
        for child in self.children:
            yield from child.walk()


@dataclasses.dataclass(slots=True, kw_only=True)
class Traits:
    """What a machine is, apart from its files."""

    guest: str = 'otherGuest64'
    cpus: int = 1
    memory_mb: int = 512
    uuid: str = dataclasses.field(default_factory=lambda: str(uuid.uuid4()))
    instance_uuid: str = dataclasses.field(
        default_factory=lambda: str(uuid.uuid4())
    )
    annotation: str = ''
    extra: dict[str, str] = dataclasses.field(default_factory=dict)


Show = Callable[['Machine'], Any]


class Machine(ManagedObject):
    """One virtual machine or template."""

    # Each room that writes properties enters its own here.
    shows: dict[str, Show] = {}

    def __init__(
        self,
        moid: str,
        name: str,
        config_file: Place,
        stores: Registry,
        *,
        parent: Reference,
        host: Reference | None,
        pool: Reference | None,
        traits: Traits | None = None,
    ) -> None:
        super().__init__('VirtualMachine', moid)
        self.name = name
        self.config_file = config_file
        self.stores = stores
        self.parent = parent
        self.host = host
        self.pool = pool
        self.traits = traits or Traits()
        self.created = config_file.store.now()
        self.power_state = POWERED_OFF
        self.connection_state = CONNECTED
        self.is_template = False
        self.devices: dict[int, Device] = {}
        # Files in the machine's folder, with the types that layoutEx has.
        self.home_files: list[tuple[Place, str]] = []
        self.snapshots: list[Snapshot] = []
        self.current: Snapshot | None = None
        self.snapshot_count = 0
        self.handles: list[Handle] = []
        self.change_version = 1
        self._shown: dict[str, Any] = {}
        self._shown_renames = -1

    @property
    def disks(self) -> list[Disk]:
        return [one for one in self.devices.values() if isinstance(one, Disk)]

    @property
    def drives(self) -> list[Drive]:
        return [one for one in self.devices.values() if isinstance(one, Drive)]

    @property
    def stem(self) -> str:
        """The name of the .vmx file without its end."""
        return self.config_file.name.rpartition('.')[0]

    @property
    def is_readable(self) -> bool:
        return self.connection_state not in UNREADABLE

    def walk_snapshots(self) -> Iterator[Snapshot]:
        for snapshot in self.snapshots:
            yield from snapshot.walk()

    def list_chains(self) -> list[tuple[Place, ...]]:
        """Give the chains of all disks, those of snapshots as well."""
        chains = [disk.chain for disk in self.disks]
        for snapshot in self.walk_snapshots():
            chains += snapshot.chains.values()
        return chains

    def list_stores(self) -> list[Store]:
        """Give the datastores on which it has anything, each once."""
        places = [self.config_file]
        for chain in self.list_chains():
            places += chain
        places += [one.image for one in self.drives if one.image is not None]
        return list(dict.fromkeys(place.store for place in places))

    def note_change(self) -> None:
        """Let all be shown anew: the machine is not what it was."""
        self.change_version += 1
        self._shown.clear()

    def forget_shown(self) -> None:
        """Let all be shown anew, sizes of files included."""
        self._shown.clear()

    def read_property(self, name: str) -> Any:
        show = self.shows.get(name)
        if show is None:
            return super().read_property(name)
        # What vCenter keeps holds paths, and these follow a rename.
        if self._shown_renames != self.stores.renames:
            self._shown.clear()
            self._shown_renames = self.stores.renames
        if name not in self._shown:
            self._shown[name] = show(self)
        return self._shown[name]


def shows_property(name: str) -> Callable[[Show], Show]:
    """Enter a function as what writes a property of machines."""

    def enter(show: Show) -> Show:
        Machine.shows[name] = show
        return show

    return enter
