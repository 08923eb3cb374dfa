"""Transfers: files of datastores as HTTP reads and writes them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from vcenter_simulator.datastores.files import make_directory
from vcenter_simulator.datastores.paths import split_names
from vcenter_simulator.datastores.paths import StorePath
from vcenter_simulator.datastores.places import find_place
from vcenter_simulator.datastores.places import Place
from vcenter_simulator.datastores.stores import Store
from vcenter_simulator.datastores.trees import File
from vcenter_simulator.faults import VimFault
from vcenter_simulator.folder_access import Place as Address
from vcenter_simulator.hierarchy import list_children
from vcenter_simulator.inventory import ManagedObject
from vcenter_simulator.search_index import decode_name
from vcenter_simulator.sessions import Session

if TYPE_CHECKING:
    from vcenter_simulator.world import World

BROWSE = 'Datastore.Browse'
WRITE = 'Datastore.FileManagement'
# What a host calls its only datacenter; it is asked with a ticket.
ON_HOST = 'ha-datacenter'
# What is kept of a file; the rest of a larger one reads as zeros.
KEPT = 64 * 2**20


class Transfers:
    """The files of all datastores, by the addresses that HTTP has."""

    def __init__(self, world: 'World') -> None:
        self._world = world

    def size_of(self, session: Session, place: Address) -> int:
        """Give the size of a file in bytes.

        :raises VimFault: NotFound for a datacenter, InvalidDatastore,
            FileNotFound, IncorrectFileType, NoPermission; FileLocked while a
            host writes to it
        """
        with self._world.lock:
            return self._read_file(session, place).size

    def read(
        self, session: Session, place: Address, start: int, size: int
    ) -> bytes:
        """Give so many bytes of a file, or what there is of them.

        :raises VimFault: as size_of
        """
        with self._world.lock:
            file = self._read_file(session, place)
            wanted = max(0, min(size, file.size - start))
            return file.content[start : start + wanted].ljust(wanted, b'\0')

    def write(
        self,
        session: Session,
        place: Address,
        blocks: Iterator[bytes],
        length: int,
    ) -> bool:
        """Write a file, with its parents; tell if it is new.

        What came before the connection ended is there then.

        :raises VimFault: as size_of; FileLocked; NoDiskSpace
        """
        with self._world.lock:
            found = self._find(session, place, WRITE)
            found.store.take_space(length, found.parts)
            is_new = found.node is None
            _make_parents(found)
            found.store.write_file(
                found.parts, File(0, b'', found.store.now())
            )
        received, kept = 0, bytearray()
        for block in blocks:
            received += len(block)
            kept += block[: KEPT - len(kept)]
        with self._world.lock:
            file = File(received, bytes(kept), found.store.now())
            found.store.write_file(found.parts, file)
        return is_new

    def _read_file(self, session: Session, address: Address) -> File:
        found = self._find(session, address, BROWSE)
        file = found.read_file()
        if file.writers:
            raise found.make_fault('FileLocked')
        return file

    def _find(
        self, session: Session, address: Address, privilege: str
    ) -> Place:
        stores = self._list_stores(address.datacenter)
        names = split_names(address.path, address.path)
        found = find_place(StorePath(address.datastore, names), stores)
        reference = found.store.reference
        self._world.check_privilege(session, reference, privilege)
        return found

    def _list_stores(self, path: str) -> list[Store]:
        """Give the datastores of a datacenter, or of hosts asked directly."""
        known = self._world.stores
        if path != ON_HOST:
            return known.list_stores(self._find_datacenter(path).moid)
        datacenters = self._world.inventory.all('Datacenter')
        return [
            store
            for one in datacenters
            for store in known.list_stores(one.moid)
        ]

    def _find_datacenter(self, path: str) -> ManagedObject:
        at: ManagedObject | None = self._world.root
        for name in filter(None, path.split('/')):
            at = at and self._find_child(at, name)
        if at is None or at.kind != 'Datacenter':
            raise VimFault('NotFound', f'There is no datacenter {path}.')
        return at

    def _find_child(
        self, parent: ManagedObject, name: str
    ) -> ManagedObject | None:
        wanted = decode_name(name)
        for child in list_children(self._world.inventory, parent):
            if decode_name(str(child.read_property('name'))) == wanted:
                return child
        return None


def _make_parents(place: Place) -> None:
    parent = Place(place.store, place.parts[:-1])
    if parent.parts and parent.node is None:
        make_directory(parent, True)
