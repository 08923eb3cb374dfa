"""Virtual disks: made, copied, moved, extended and deleted."""

import dataclasses

from vcenter_simulator.datastores.chains import allocated_bytes
from vcenter_simulator.datastores.chains import follow_chain
from vcenter_simulator.datastores.chains import hint_parent
from vcenter_simulator.datastores.chains import mark_parent
from vcenter_simulator.datastores.chains import read_disk
from vcenter_simulator.datastores.chains import rewrite_descriptor
from vcenter_simulator.datastores.descriptors import Descriptor
from vcenter_simulator.datastores.descriptors import make_disk_uuid
from vcenter_simulator.datastores.descriptors import read_descriptor
from vcenter_simulator.datastores.descriptors import read_sparse
from vcenter_simulator.datastores.disk_data import drop_data
from vcenter_simulator.datastores.disk_data import grow_data
from vcenter_simulator.datastores.disk_data import place_disk
from vcenter_simulator.datastores.disk_data import read_data
from vcenter_simulator.datastores.disk_data import read_files
from vcenter_simulator.datastores.files import remove_node
from vcenter_simulator.datastores.places import Place
from vcenter_simulator.datastores.places import Registry
from vcenter_simulator.datastores.trees import File
from vcenter_simulator.faults import invalid_argument

THIN = 'thin'
DISK_TYPES = THIN, 'preallocated', 'thick', 'eagerZeroedThick'
ADAPTERS = {
    'busLogic': 'buslogic',
    'ide': 'ide',
    'lsiLogic': 'lsilogic',
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DiskSpec:
    """What a disk is to be; ``capacity`` in bytes, types as vSphere's."""

    capacity: int
    disk_type: str = THIN
    adapter: str = 'lsiLogic'

    def check_values(self) -> None:
        """Refuse what no datastore keeps.

        :raises VimFault: InvalidArgument
        """
        if self.capacity <= 0:
            raise invalid_argument('spec.capacityKb')
        if self.disk_type not in DISK_TYPES:
            raise invalid_argument('spec.diskType')
        if self.adapter not in ADAPTERS:
            raise invalid_argument('spec.adapterType')


def create_disk(
    place: Place,
    spec: DiskSpec,
    allocated: int = 0,
    content: bytes = b'',
    uuid: str | None = None,
) -> None:
    """Make a disk: a descriptor and what holds its data.

    A thin one takes ``allocated`` bytes, any other all its capacity; the
    data begins with ``content``.

    :raises VimFault: FileAlreadyExists, FileNotFound for the folder,
        NoDiskSpace, InvalidArgument, CannotCreateFile
    """
    spec.check_values()
    is_thin = spec.disk_type == THIN
    data = File(
        spec.capacity,
        content,
        place.store.now(),
        allocated if is_thin else spec.capacity,
    )
    disk = Descriptor(
        capacity=spec.capacity,
        extent='',
        uuid=uuid or make_disk_uuid(),
        adapter=ADAPTERS[spec.adapter],
        is_thin=is_thin,
    )
    place_disk(place, disk, data, '-flat')


def create_child(
    place: Place, parent: Place, *, allocated: int = 0, marks: bool = True
) -> None:
    """Make a disk that holds what differs from a parent.

    ``marks`` tells that another machine's disk becomes a parent, which it
    remains in its own descriptor for ever: it is not deletable.

    :raises VimFault: FileNotFound for the parent, and as create_disk
    """
    above = read_disk(parent)
    data = File(allocated, b'', place.store.now())
    child = Descriptor(
        capacity=above.capacity,
        extent='',
        uuid=above.uuid if not marks else make_disk_uuid(),
        adapter=above.adapter,
        extent_type='VMFSSPARSE',
        parent=hint_parent(place, parent),
        parent_cid=above.cid,
    )
    place_disk(place, child, data, '-delta')
    if marks:
        mark_parent(parent)


def delete_disk(place: Place) -> None:
    """Delete a disk with its data, but no parent.

    :raises VimFault: FileNotFound; FileLocked; CannotDeleteFile for one that
        is not deletable; IncorrectFileType for what is no disk
    """
    file = place.read_file()
    disk = read_descriptor(file)
    if disk is None and read_sparse(file) is None:
        raise place.make_fault('IncorrectFileType')
    if disk is not None:
        _check_removable(place, file, disk)
        drop_data(place, disk)
    remove_node(place, file)


def copy_disk(
    source: Place,
    target: Place,
    registry: Registry,
    spec: DiskSpec | None,
    force: bool,
) -> None:
    """Copy a disk with all its chain holds into one without a parent.

    An uploaded sparse file becomes a disk as datastores keep them.

    :raises VimFault: FileNotFound for the source, a parent or the data;
        IncorrectFileType for what is no disk; FileLocked where a host writes
        to it; FileAlreadyExists unless forced; NoDiskSpace
    """
    file = source.read_file()
    capacity = read_sparse(file)
    if capacity is not None:
        allocated, content = file.allocated, b''
        wanted = spec or DiskSpec(capacity=capacity)
    else:
        disk = read_disk(source)
        allocated, content = _read_chain(source, registry)
        capacity = disk.capacity
        wanted = spec or DiskSpec(
            capacity=capacity,
            disk_type=THIN if disk.is_thin or disk.parent else 'preallocated',
            adapter=_adapter_name(disk.adapter),
        )
    _clear_target(target, force)
    # The capacity is the source's, whatever a specification says.
    wanted = dataclasses.replace(wanted, capacity=capacity)
    create_disk(target, wanted, allocated, content)


def move_disk(
    source: Place, target: Place, registry: Registry, force: bool
) -> None:
    """Move or rename a disk with its data.

    :raises VimFault: FileNotFound; FileLocked; FileAlreadyExists unless
        forced; IncorrectFileType for what is no disk; NoDiskSpace
    """
    disk = read_disk(source)
    if any(file.is_held for file in read_files(source, disk)):
        raise source.make_fault('FileLocked')
    data = read_data(source, disk)
    _clear_target(target, force)
    parent = follow_chain(source, registry)[1:2]
    hint = hint_parent(target, parent[0]) if parent else ''
    moved = dataclasses.replace(disk, parent=hint)
    place_disk(target, moved, data, '-delta' if hint else '-flat')
    drop_data(source, disk)
    source.store.detach_node(source.parts)


def extend_disk(place: Place, capacity: int, eager: bool) -> None:
    """Let a disk have a larger capacity, in bytes.

    :raises VimFault: FileNotFound; FileLocked; NoDiskSpace; InvalidArgument
        where it would shrink; IncorrectFileType for what is no disk
    """
    disk = read_disk(place)
    if capacity < disk.capacity:
        raise invalid_argument('newCapacityKb')
    if any(file.is_held for file in read_files(place, disk)):
        raise place.make_fault('FileLocked')
    grows = 0 if disk.is_thin and not eager else capacity - disk.capacity
    place.store.take_space(grows, place.parts)
    rewrite_descriptor(place, dataclasses.replace(disk, capacity=capacity))
    grow_data(place, disk, capacity, grows)


def _read_chain(source: Place, registry: Registry) -> tuple[int, bytes]:
    """Sum up what a chain takes; the base's content stands for all."""
    allocated = 0
    content = b''
    for at in follow_chain(source, registry):
        disk = read_disk(at)
        if any(file.writers for file in read_files(at, disk)):
            raise at.make_fault('FileLocked')
        content = read_data(at, disk).content
        allocated += allocated_bytes(at)
    return min(allocated, read_disk(source).capacity), content


def _check_removable(place: Place, file: File, disk: Descriptor) -> None:
    if any(one.is_held for one in read_files(place, disk)):
        raise place.make_fault('FileLocked')
    if not disk.is_deletable:
        raise place.make_fault('CannotDeleteFile')


def _clear_target(target: Place, force: bool) -> None:
    there = target.node
    if there is None:
        return
    if not force or not isinstance(there, File):
        raise target.make_fault('FileAlreadyExists')
    delete_disk(target)


def _adapter_name(adapter: str) -> str:
    names = {written: name for name, written in ADAPTERS.items()}
    return names.get(adapter, 'lsiLogic')
