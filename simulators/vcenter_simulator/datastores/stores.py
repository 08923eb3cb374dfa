"""A datastore: its tree, its space, and the faults of both."""

from collections.abc import Callable
import dataclasses
import uuid

from vcenter_simulator.datastores.kinds import Kind
from vcenter_simulator.datastores.paths import check_names
from vcenter_simulator.datastores.paths import show_path
from vcenter_simulator.datastores.trees import count_nodes
from vcenter_simulator.datastores.trees import File
from vcenter_simulator.datastores.trees import Folder
from vcenter_simulator.datastores.trees import Node
from vcenter_simulator.datastores.trees import sum_bytes
from vcenter_simulator.faults import VimFault
from vcenter_simulator.values import Reference

Parts = tuple[str, ...]


@dataclasses.dataclass(slots=True, eq=False)
class Store:
    """One datastore.

    ``moid`` is its managed object's; ``uuid`` is how URLs and descriptors
    name it, whatever it is called.
    ``capacity`` is in bytes; ``entry_limit`` how many files and folders fit.
    ``objects`` are what disks name that have no extent file: bytes by uuid.
    ``now`` gives seconds since the epoch.
    """

    name: str
    kind: Kind
    moid: str
    uuid: str
    capacity: int
    now: Callable[[], float]
    entry_limit: int = 10_000_000
    root: Folder = dataclasses.field(default_factory=Folder)
    objects: dict[str, int] = dataclasses.field(default_factory=dict)
    used: int = 0
    entry_count: int = 0
    is_accessible: bool = True

    @property
    def reference(self) -> Reference:
        return Reference('Datastore', self.moid)

    @property
    def free(self) -> int:
        """Give the bytes that are free now, whatever vCenter shows."""
        return max(0, self.capacity - self.used)

    def show_place(self, parts: Parts) -> str:
        return show_path(self.name, parts)

    def resolve_names(self, parts: Parts) -> Parts:
        """Give the stable path: a namespace may be called by either name."""
        if not self.kind.has_namespaces or not parts:
            return parts
        if parts[0] in self.root.entries:
            return parts
        for stable, entry in self.root.entries.items():
            if isinstance(entry, Folder) and entry.friendly_name == parts[0]:
                return (stable, *parts[1:])
        return parts

    def find_node(self, parts: Parts) -> Node | None:
        node: Node = self.root
        for name in self.resolve_names(parts):
            if not isinstance(node, Folder) or name not in node.entries:
                return None
            node = node.entries[name]
        return node

    def read_node(self, parts: Parts) -> Node:
        """Find what must be there.

        :raises VimFault: FileNotFound
        """
        check_names(self.name, parts)
        node = self.find_node(parts)
        if node is None:
            raise self.make_fault('FileNotFound', parts)
        return node

    def read_file(self, parts: Parts) -> File:
        """Find what must be a file.

        :raises VimFault: FileNotFound; IncorrectFileType for a folder
        """
        node = self.read_node(parts)
        if not isinstance(node, File):
            raise self.make_fault('IncorrectFileType', parts)
        return node

    def read_folder(self, parts: Parts) -> Folder:
        """Find what must be a folder.

        :raises VimFault: FileNotFound; CannotCreateFile for a file
        """
        node = self.read_node(parts)
        if not isinstance(node, Folder):
            raise self.make_fault('CannotCreateFile', parts)
        return node

    def add_node(self, parts: Parts, node: Node) -> None:
        """Put something in a folder that is there.

        :raises VimFault: NoDiskSpace, and what check_new does
        """
        parent = self.check_new(parts)
        self.take_space(sum_bytes(node, self.kind.folder_bytes), parts)
        self.take_entries(count_nodes(node), parts)
        self.attach_node(parent, parts[-1], node)

    def check_new(self, parts: Parts) -> Folder:
        """Give the folder in which something of a new name may be put.

        :raises VimFault: FileAlreadyExists, FileNotFound for the folder,
            CannotCreateFile where it is a file or the top of a datastore
            that has namespaces, FileNameTooLong
        """
        check_names(self.name, parts)
        if self.find_node(parts) is not None:
            raise self.make_fault('FileAlreadyExists', parts)
        parent = self.read_folder(parts[:-1])
        if self.kind.has_namespaces and len(parts) == 1:
            raise self.make_fault('CannotCreateFile', parts)
        return parent

    def attach_node(self, parent: Folder, name: str, node: Node) -> None:
        """Put something in a folder; space and names were looked after."""
        parent.entries[name] = node
        parent.modified = self.now()
        self.used += sum_bytes(node, self.kind.folder_bytes)
        self.entry_count += count_nodes(node)

    def detach_node(self, parts: Parts) -> Node:
        """Take something out of its folder, whoever holds it."""
        *above, name = self.resolve_names(parts)
        parent = self.read_folder(tuple(above))
        node = parent.entries.pop(name)
        parent.modified = self.now()
        self.used -= sum_bytes(node, self.kind.folder_bytes)
        self.entry_count -= count_nodes(node)
        return node

    def write_file(self, parts: Parts, file: File) -> None:
        """Put a file, in the place of another if there is one.

        :raises VimFault: FileLocked, and what add_node does
        """
        before = self.find_node(parts)
        if before is None:
            return self.add_node(parts, file)
        if not isinstance(before, File):
            raise self.make_fault('FileAlreadyExists', parts)
        if before.is_held:
            raise self.make_fault('FileLocked', parts)
        self.take_space(file.allocated - before.allocated, parts)
        self.detach_node(parts)
        *above, name = self.resolve_names(parts)
        self.attach_node(self.read_folder(tuple(above)), name, file)

    def grow_file(self, file: File, size: int, allocated: int) -> None:
        """Let a file have another size; ``allocated`` is what it takes."""
        self.used += allocated - file.allocated
        file.size = size
        file.allocated = allocated
        file.modified = self.now()

    def add_object(self, allocated: int, parts: Parts) -> str:
        """Make an object without a name, which gives its uuid.

        :raises VimFault: NoDiskSpace, which names the file at ``parts``
        """
        self.take_space(allocated, parts)
        name = str(uuid.uuid4())
        self.objects[name] = allocated
        self.used += allocated
        return name

    def drop_object(self, name: str) -> None:
        self.used -= self.objects.pop(name, 0)

    def take_space(self, wanted: int, parts: Parts) -> None:
        """Refuse what does not fit.

        :raises VimFault: NoDiskSpace
        """
        if wanted > self.free:
            raise self._refuse_space(parts)

    def take_entries(self, wanted: int, parts: Parts) -> None:
        """Refuse more files than the file system has room for.

        :raises VimFault: NoDiskSpace
        """
        if self.entry_count + wanted > self.entry_limit:
            raise self._refuse_space(parts)

    def make_fault(self, kind: str, parts: Parts) -> VimFault:
        """Make a fault of a file, by its path."""
        return VimFault(kind, file=self.show_place(parts))

    def _refuse_space(self, parts: Parts) -> VimFault:
        return VimFault(
            'NoDiskSpace', file=self.show_place(parts), datastore=self.name
        )
