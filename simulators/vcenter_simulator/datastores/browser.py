"""HostDatastoreBrowser: searches, and how their results are written."""

from collections.abc import Callable
from collections.abc import Iterable
import datetime
from typing import Any

from vcenter_simulator.datastores.disk_queries import find_query
from vcenter_simulator.datastores.disk_queries import keep_disks
from vcenter_simulator.datastores.disk_queries import show_disk
from vcenter_simulator.datastores.files import delete_node
from vcenter_simulator.datastores.names import DISK
from vcenter_simulator.datastores.names import FOLDER
from vcenter_simulator.datastores.places import locate_path
from vcenter_simulator.datastores.places import Place
from vcenter_simulator.datastores.search import Found
from vcenter_simulator.datastores.search import Search
from vcenter_simulator.datastores.search import search_below
from vcenter_simulator.datastores.search import search_folder
from vcenter_simulator.datastores.stores import Store
from vcenter_simulator.datastores.trees import File
from vcenter_simulator.datastores.trees import Folder
from vcenter_simulator.faults import VimFault
from vcenter_simulator.inventory import ManagedObject
from vcenter_simulator.serving import Call
from vcenter_simulator.serving import serves
from vcenter_simulator.values import DataObject
from vcenter_simulator.values import Reference

BROWSE = 'Datastore.Browse'
_NO_DETAILS = DataObject('FileQueryFlags')


class Browser(ManagedObject):
    """A browser, of one datastore or of all that a host mounts."""

    def __init__(
        self, moid: str, list_stores: Callable[[], Iterable[Store]]
    ) -> None:
        super().__init__('HostDatastoreBrowser', moid)
        self._list_stores = list_stores
        self.properties['datastore'] = self._list_references
        self.properties['supportedType'] = tuple(
            DataObject(name)
            for name in ('FileQuery', 'FolderFileQuery', 'VmDiskFileQuery')
        )

    def resolve_path(self, text: str) -> Place:
        """Find where a path leads on the datastores of this browser.

        :raises VimFault: InvalidDatastorePath, InvalidDatastore
        """
        return locate_path(text, self._list_stores())

    def _list_references(self) -> tuple[Reference, ...]:
        return tuple(store.reference for store in self._list_stores())


@serves('HostDatastoreBrowser', 'SearchDatastore_Task')
def search_one(call: Call) -> Reference:
    def search_there() -> DataObject:
        spec = call.arguments.searchSpec
        place = _find_path(call)
        found = keep_disks(
            place, search_folder(place, read_search(spec)), spec
        )
        return show_results(place, found, _detail_writer(spec))

    return _start_search(call, search_there)


@serves('HostDatastoreBrowser', 'SearchDatastoreSubFolders_Task')
def search_all(call: Call) -> Reference:
    def search_there() -> tuple[DataObject, ...]:
        spec = call.arguments.searchSpec
        write = _detail_writer(spec)
        return tuple(
            show_results(place, keep_disks(place, found, spec), write)
            for place, found in search_below(
                _find_path(call), read_search(spec)
            )
        )

    return _start_search(call, search_there)


@serves('HostDatastoreBrowser', 'DeleteFile')
def delete_file(call: Call) -> None:
    place = _find_path(call)
    call.check_privilege(place.store.reference, 'Datastore.DeleteFile')
    delete_node(place, lambda: None)


def read_search(spec: DataObject | None) -> Search:
    """Read what to search for; without any specification it is all."""
    if spec is None:
        return Search()
    kinds = tuple(
        query.type_name.removesuffix('FileQuery') for query in spec.query or ()
    )
    return Search(
        patterns=tuple(spec.matchPattern or ()),
        kinds=kinds,
        ignores_case=bool(spec.searchCaseInsensitive),
        folders_first=bool(spec.sortFoldersFirst),
    )


Writer = Callable[[Place, Found], DataObject]


def show_results(
    place: Place, found: Iterable[Found], write: Writer
) -> DataObject:
    """Write what was found in one folder; its path ends in a slash."""
    slash = '/' if place.parts else ' '
    return DataObject(
        'HostDatastoreBrowserSearchResults',
        datastore=place.store.reference,
        folderPath=f'{place}{slash}',
        file=tuple(write(place, one) for one in found) or None,
    )


def _detail_writer(spec: DataObject | None) -> Writer:
    """Give what writes an entry with the details that were asked for."""
    details = (spec and spec.details) or _NO_DETAILS
    disks = find_query(spec)
    has_size, has_time = bool(details.fileSize), bool(details.modification)
    has_type = bool(details.fileType) or bool(spec and spec.query)

    def write(place: Place, found: Found) -> DataObject:
        node = found.node
        fields: dict[str, Any] = {'path': found.name}
        if isinstance(node, Folder) and node.friendly_name is not None:
            fields['friendlyName'] = node.friendly_name
        if has_size:
            fields['fileSize'] = _size_of(node)
        if has_time:
            fields['modification'] = _read_time(node.modified)
        if disks is not None and disks.details and found.kind == DISK:
            fields.update(show_disk(place, found, disks.details))
        shown = has_type or found.kind == FOLDER
        return DataObject(f'{found.kind if shown else ""}FileInfo', **fields)

    return write


def _size_of(node: File | Folder) -> int:
    return node.size if isinstance(node, File) else 0


def _read_time(moment: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(moment, datetime.UTC)


def _find_path(call: Call) -> Place:
    browser = call.this
    if not isinstance(browser, Browser):
        raise VimFault('InvalidType')
    return browser.resolve_path(call.arguments.datastorePath)


def _start_search(call: Call, work: Callable[[], Any]) -> Reference:
    """Start a task on the datastore, once it is known who may browse it."""
    entity: ManagedObject = call.world.root
    try:
        store = _find_path(call).store
    except VimFault:
        # The task itself fails with it.
        pass
    else:
        call.check_privilege(store.reference, BROWSE)
        entity = call.find(store.reference)
    return call.world.tasks.start(call, entity, lambda task: work())
