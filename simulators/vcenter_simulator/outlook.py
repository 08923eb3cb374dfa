"""Outlook on what a scenario built: datastores, places, and their files."""

from typing import TYPE_CHECKING

from vcenter_simulator.datastores.datastore import Datastore
from vcenter_simulator.datastores.places import locate_path
from vcenter_simulator.datastores.places import Place
from vcenter_simulator.datastores.stores import Store
from vcenter_simulator.datastores.trees import File
from vcenter_simulator.datastores.trees import walk_nodes
from vcenter_simulator import images
from vcenter_simulator.scenario import Estate

if TYPE_CHECKING:
    from vcenter_simulator.world import World


class Outlook:
    """Finds what others work on, by names and paths."""

    def __init__(self, world: 'World', estate: Estate) -> None:
        self._world = world
        self._estate = estate

    def store(self, name: str | None = None) -> Store:
        """Give a datastore of the datacenter, the first unless named."""
        stores = self._world.stores.list_stores(self._estate.datacenter.moid)
        for store in stores:
            if name in (None, store.name):
                return store
        raise LookupError(f'there is no datastore {name}')

    def datastore(self, name: str | None = None) -> Datastore:
        """Give the managed object of a datastore."""
        found = self._world.inventory.find(self.store(name).reference)
        if not isinstance(found, Datastore):
            raise TypeError(f'{found} is no datastore')
        return found

    def place(self, path: str) -> Place:
        stores = self._world.stores.list_stores(self._estate.datacenter.moid)
        return locate_path(path, stores)

    def folder(self, image: str, store: str | None = None) -> Place:
        """Give the folder of an image."""
        return images.image_folder(
            self.store(store), image, base=self._estate.base
        )

    def tree(self, path: str) -> dict[str, int | None]:
        """Give what lies below a folder: sizes of files, None for folders."""
        place = self.place(path)
        node = place.store.read_node(place.parts)
        return {
            '/'.join(parts): entry.size if isinstance(entry, File) else None
            for parts, entry in walk_nodes(node)
            if parts
        }
