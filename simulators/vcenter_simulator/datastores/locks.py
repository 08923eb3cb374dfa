"""Locks: the files that hosts hold open for running machines."""

import dataclasses

from vcenter_simulator.datastores.places import Place
from vcenter_simulator.datastores.trees import File


@dataclasses.dataclass(slots=True)
class Handle:
    """A file that is held open; as a writer it is held alone."""

    place: Place
    file: File
    is_writer: bool


def open_file(place: Place, *, as_writer: bool) -> Handle:
    """Open a file.

    :raises VimFault: FileNotFound; FileLocked where another writes to it, or
        holds it and this one would write
    """
    file = place.read_file()
    if file.writers or (as_writer and file.readers):
        raise place.make_fault('FileLocked')
    if not file.is_held:
        _write_lock(place, file)
    if as_writer:
        file.writers += 1
    else:
        file.readers += 1
    return Handle(place, file, as_writer)


def close_file(handle: Handle) -> None:
    """Give a file up."""
    if handle.is_writer:
        handle.file.writers -= 1
    else:
        handle.file.readers -= 1
    if not handle.file.is_held:
        _drop_lock(handle.place, handle.file)


def _lock_place(place: Place, file: File) -> Place:
    return place.sibling(f'.lck-{id(file) & (2**64 - 1):016x}')


def _write_lock(place: Place, file: File) -> None:
    if place.store.kind.has_lock_files:
        lock = _lock_place(place, file)
        place.store.add_node(lock.parts, File(84, b'', place.store.now()))


def _drop_lock(place: Place, file: File) -> None:
    lock = _lock_place(place, file)
    if place.store.kind.has_lock_files and lock.node is not None:
        place.store.detach_node(lock.parts)
