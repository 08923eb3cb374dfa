"""Homes of machines: the folder that one lies in, and names in there."""

from vcenter_simulator.datastores.files import make_directory
from vcenter_simulator.datastores.namespaces import create_namespace
from vcenter_simulator.datastores.places import Place
from vcenter_simulator.datastores.stores import Store
from vcenter_simulator.datastores.trees import Folder


def make_home(store: Store, name: str) -> Place:
    """Make a folder for a machine; one whose name is taken gets a number.

    :raises VimFault: NoDiskSpace, CannotCreateFile
    """
    wanted = name
    number = 0
    while store.find_node((wanted,)) is not None:
        number += 1
        wanted = f'{name}_{number}'
    return make_folder(Place(store, (wanted,)))


def make_folder(place: Place) -> Place:
    """Make a folder unless it is there; at the top as its kind has it.

    :raises VimFault: FileAlreadyExists for a file, FileNotFound for its
        parent, NoDiskSpace
    """
    if isinstance(place.node, Folder):
        return place
    if place.store.kind.has_namespaces and len(place.parts) == 1:
        return create_namespace(place.store, place.name)
    make_directory(place, False)
    return place


def free_disk_name(home: Place, stem: str) -> Place:
    """Give a place for a new disk: <stem>.vmdk, then <stem>_1.vmdk ..."""
    place = home.child(f'{stem}.vmdk')
    number = 0
    while place.node is not None:
        number += 1
        place = home.child(f'{stem}_{number}.vmdk')
    return place


def free_delta_name(home: Place, stem: str) -> Place:
    """Give a place for what a snapshot leaves to write to."""
    number = 1
    while (place := home.child(f'{stem}-{number:06d}.vmdk')).node is not None:
        number += 1
    return place


def home_of(config_file: Place) -> Place:
    """Give the folder that a .vmx lies in."""
    return Place(config_file.store, config_file.parts[:-1])
