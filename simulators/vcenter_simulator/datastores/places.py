"""Places: where a path leads, among all datastores of a vCenter."""

from collections.abc import Iterable
import dataclasses

from vcenter_simulator.datastores.paths import parse_path
from vcenter_simulator.datastores.paths import parse_volume_url
from vcenter_simulator.datastores.paths import split_names
from vcenter_simulator.datastores.paths import StorePath
from vcenter_simulator.datastores.stores import Parts
from vcenter_simulator.datastores.stores import Store
from vcenter_simulator.datastores.trees import File
from vcenter_simulator.datastores.trees import Node
from vcenter_simulator.faults import invalid_argument
from vcenter_simulator.faults import VimFault


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """A path on a datastore; it follows when the datastore is renamed."""

    store: Store
    parts: Parts

    def __str__(self) -> str:
        return self.store.show_place(self.parts)

    @property
    def name(self) -> str:
        return self.parts[-1] if self.parts else ''

    @property
    def node(self) -> Node | None:
        return self.store.find_node(self.parts)

    @property
    def url(self) -> str:
        """The path as hosts see it, and descriptors name their parents."""
        stable = self.store.resolve_names(self.parts)
        return '/'.join(['/vmfs/volumes', self.store.uuid, *stable])

    def read_file(self) -> File:
        """Find the file.

        :raises VimFault: FileNotFound; IncorrectFileType for a folder
        """
        return self.store.read_file(self.parts)

    def sibling(self, name: str) -> 'Place':
        """Give another name in the same folder."""
        return Place(self.store, (*self.parts[:-1], name))

    def child(self, name: str) -> 'Place':
        return Place(self.store, (*self.parts, name))

    def make_fault(self, kind: str) -> VimFault:
        return self.store.make_fault(kind, self.parts)


class Registry:
    """All datastores, each in one datacenter, which its moid names."""

    def __init__(self) -> None:
        self._stores: dict[str, dict[str, Store]] = {}
        self._by_uuid: dict[str, Store] = {}
        # How often a datastore was renamed: what shows paths looks at it.
        self.renames = 0

    def rename_store(self, store: Store, name: str) -> None:
        """Let a datastore be called something else."""
        store.name = name
        self.renames += 1

    def add_store(self, datacenter: str, store: Store) -> None:
        """Add a datastore to a datacenter."""
        self._stores.setdefault(datacenter, {})[store.moid] = store
        self._by_uuid[store.uuid] = store

    def drop_store(self, moid: str) -> None:
        """Let a datastore leave; what lies there is lost to sight."""
        for stores in self._stores.values():
            store = stores.pop(moid, None)
            if store is not None:
                del self._by_uuid[store.uuid]

    def list_stores(self, datacenter: str) -> list[Store]:
        """Give the datastores of a datacenter."""
        return list(self._stores.get(datacenter, {}).values())

    def find_store(self, moid: str) -> Store | None:
        for stores in self._stores.values():
            if moid in stores:
                return stores[moid]
        return None

    def resolve_path(self, text: str, datacenter: str | None) -> Place:
        """Find where a path or URL leads.

        :raises VimFault: InvalidDatastorePath; InvalidDatastore for one that
            the datacenter has not, or nobody reaches; InvalidArgument where
            a path needs a datacenter and there is none
        """
        path = parse_path(text)
        if path.by_uuid:
            return self._resolve_volume(path)
        if datacenter is None:
            raise invalid_argument('datacenter')
        return locate_path(text, self.list_stores(datacenter))

    def resolve_url(self, url: str) -> Place | None:
        """Find where the path of a host leads, if it leads anywhere."""
        try:
            return self._resolve_volume(parse_volume_url(url))
        except VimFault:
            return None

    def _resolve_volume(self, path: StorePath) -> Place:
        store = self._by_uuid.get(path.store)
        if store is None:
            raise VimFault('InvalidDatastore', name=path.store)
        return reach_store(store, path)


def locate_path(text: str, stores: Iterable[Store]) -> Place:
    """Find where a path leads, among some datastores.

    The name of a datastore may hold brackets: the longest that fits is it.

    :raises VimFault: InvalidDatastorePath, InvalidDatastore
    """
    known = list(stores)
    fitting = [one for one in known if text.startswith(f'[{one.name}]')]
    if not fitting:
        return find_place(parse_path(text), known)
    name = max((one.name for one in fitting), key=len)
    rest = text[len(name) + 2 :].removeprefix(' ')
    return find_place(StorePath(name, split_names(rest, text)), known)


def find_place(path: StorePath, stores: Iterable[Store]) -> Place:
    """Find where a path by name leads, among some datastores.

    :raises VimFault: InvalidDatastore
    """
    for store in stores:
        if store.name == path.store:
            return reach_store(store, path)
    raise VimFault('InvalidDatastore', name=path.store)


def reach_store(store: Store, path: StorePath) -> Place:
    """Give a place on a datastore that hosts can reach.

    :raises VimFault: InvalidDatastore
    """
    if not store.is_accessible:
        raise VimFault(
            'InvalidDatastore', datastore=store.reference, name=store.name
        )
    return Place(store, path.parts)
