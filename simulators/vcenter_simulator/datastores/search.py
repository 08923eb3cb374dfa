"""Searches: what a datastore's browser finds in folders."""

from collections.abc import Iterator
import dataclasses
import re

from vcenter_simulator.datastores.chains import allocated_bytes
from vcenter_simulator.datastores.descriptors import Descriptor
from vcenter_simulator.datastores.descriptors import read_descriptor
from vcenter_simulator.datastores.names import compile_patterns
from vcenter_simulator.datastores.names import DISK
from vcenter_simulator.datastores.names import file_kind
from vcenter_simulator.datastores.names import FOLDER
from vcenter_simulator.datastores.names import matches_kind
from vcenter_simulator.datastores.places import Place
from vcenter_simulator.datastores.trees import Folder
from vcenter_simulator.datastores.trees import Node
from vcenter_simulator.faults import invalid_argument


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is searched for: patterns of names, kinds of files, an order."""

    patterns: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    ignores_case: bool = False
    folders_first: bool = False

    @property
    def pattern(self) -> re.Pattern[str] | None:
        return compile_patterns(self.patterns, self.ignores_case)


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """One entry of a folder: its name, its node, and what kind it is."""

    name: str
    node: Node
    kind: str


def search_folder(place: Place, search: Search) -> list[Found]:
    """Give the entries of one folder that match.

    :raises VimFault: FileNotFound; InvalidArgument where it is a file
    """
    node = place.store.read_node(place.parts)
    if not isinstance(node, Folder):
        raise invalid_argument('datastorePath')
    return list_entries(node, search)


def search_below(
    place: Place, search: Search
) -> list[tuple[Place, list[Found]]]:
    """Give that for a folder and for each below it, empty ones as well.

    :raises VimFault: as search_folder
    """
    found = search_folder(place, search)
    node = place.store.read_folder(place.parts)
    return [(place, found), *_search_folders(place, node, search)]


def list_entries(folder: Folder, search: Search) -> list[Found]:
    """Give what matches in a folder by name; folders first if asked."""
    pattern = search.pattern
    found = []
    for name, node in folder.entries.items():
        if pattern is not None and not pattern.fullmatch(name):
            continue
        kind = FOLDER if isinstance(node, Folder) else file_kind(name)
        if matches_kind(kind, search.kinds):
            found.append(Found(name, node, kind))
    found.sort(key=lambda one: one.name)
    if search.folders_first:
        found.sort(key=lambda one: one.kind != FOLDER)
    return found


def disk_of(place: Place, found: Found) -> tuple[Descriptor, int] | None:
    """Give the disk that a found file describes, and what it takes."""
    if found.kind != DISK or isinstance(found.node, Folder):
        return None
    disk = read_descriptor(found.node)
    if disk is None:
        return None
    return disk, allocated_bytes(place.child(found.name))


def _search_folders(
    place: Place, folder: Folder, search: Search
) -> Iterator[tuple[Place, list[Found]]]:
    for name, node in folder.entries.items():
        if isinstance(node, Folder):
            inner = place.child(name)
            yield inner, list_entries(node, search)
            yield from _search_folders(inner, node, search)
