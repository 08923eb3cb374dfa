"""Namespaces: the folders at the top of vSAN and vVol datastores."""

import uuid

from vcenter_simulator.datastores.files import delete_below
from vcenter_simulator.datastores.files import Pause
from vcenter_simulator.datastores.paths import check_names
from vcenter_simulator.datastores.paths import refuse_path
from vcenter_simulator.datastores.places import Place
from vcenter_simulator.datastores.stores import Store
from vcenter_simulator.datastores.trees import Folder
from vcenter_simulator.faults import VimFault


def create_namespace(store: Store, display_name: str | None) -> Place:
    """Make a folder at the top, which is called by the uuid it is given.

    :raises VimFault: InvalidDatastore for one of another kind;
        FileAlreadyExists where one is called so; NoDiskSpace is told as
        CannotCreateFile
    """
    if not store.kind.has_namespaces:
        raise VimFault('InvalidDatastore', name=store.name)
    name = display_name or ''
    check_names(store.name, (name,))
    if name and store.find_node((name,)) is not None:
        raise store.make_fault('FileAlreadyExists', (name,))
    stable = str(uuid.uuid4())
    try:
        store.take_space(store.kind.folder_bytes, (stable,))
        store.take_entries(1, (stable,))
    except VimFault as fault:
        raise store.make_fault('CannotCreateFile', (name,)) from fault
    folder = Folder(store.now(), friendly_name=name or None)
    store.attach_node(store.root, stable, folder)
    return Place(store, (stable,))


def delete_namespace(place: Place, pause: Pause) -> None:
    """Delete a folder at the top, with all in it.

    :raises VimFault: InvalidDatastore for one of another kind;
        InvalidDatastorePath for what is not at the top; FileNotFound;
        FileLocked, CannotDeleteFile for what is in there
    """
    if not place.store.kind.has_namespaces:
        raise VimFault('InvalidDatastore', name=place.store.name)
    if len(place.parts) != 1:
        raise refuse_path(place.url)
    folder = place.store.read_folder(place.parts)
    delete_below(place, folder, pause)
    place.store.detach_node(place.parts)


def convert_path(place: Place, text: str) -> str:
    """Give the URL by uuid for one by name, as long as the first was.

    :raises VimFault: InvalidDatastore for one of another kind;
        InvalidDatastorePath where nothing is called so
    """
    if not place.store.kind.has_namespaces:
        raise VimFault('InvalidDatastore', name=place.store.name)
    if place.store.find_node(place.parts[:1]) is None:
        raise refuse_path(text)
    scheme = 'ds://' if text.startswith('ds://') else ''
    return scheme + place.url
