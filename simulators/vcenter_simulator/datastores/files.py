"""Files: what the FileManager does to them, a step at a time.

Between two steps of a folder's removal, move or copy ``pause`` is called:
others act there, or break it off, and nothing is undone.
"""

from collections.abc import Callable

from vcenter_simulator.datastores.descriptors import is_undeletable
from vcenter_simulator.datastores.places import Place
from vcenter_simulator.datastores.trees import File
from vcenter_simulator.datastores.trees import Folder
from vcenter_simulator.datastores.trees import is_held
from vcenter_simulator.datastores.trees import Node

Pause = Callable[[], object]


def make_directory(place: Place, with_parents: bool) -> None:
    """Make a folder.

    :raises VimFault: FileAlreadyExists even ``with_parents``; without them
        FileNotFound where the parent is missing; what Store.add_node does
    """
    if with_parents and place.node is None:
        for depth in range(1, len(place.parts)):
            parent = Place(place.store, place.parts[:depth])
            if parent.node is None:
                place.store.add_node(parent.parts, _new_folder(place))
    place.store.add_node(place.parts, _new_folder(place))


def delete_node(place: Place, pause: Pause) -> None:
    """Delete a file, or a folder with all in it, entry by entry.

    What cannot be deleted stops it; what went before is gone.

    :raises VimFault: FileNotFound; FileLocked while a host has it open;
        CannotDeleteFile for a disk that is not deletable, for the root and
        for a namespace, which its own manager deletes
    """
    node = place.store.read_node(place.parts)
    if is_at_namespaces(place):
        raise place.make_fault('CannotDeleteFile')
    delete_below(place, node, pause)
    remove_node(place, node)


def delete_below(place: Place, node: Node, pause: Pause) -> None:
    """Delete all that lies in a folder, as delete_node does."""
    if not isinstance(node, Folder):
        return
    for name, entry in list(node.entries.items()):
        inner = place.child(name)
        delete_below(inner, entry, pause)
        remove_node(inner, entry)
        pause()


def remove_node(place: Place, node: Node) -> None:
    """Take one file or empty folder away.

    :raises VimFault: FileLocked, CannotDeleteFile
    """
    if isinstance(node, File):
        if node.is_held:
            raise place.make_fault('FileLocked')
        if is_undeletable(node):
            raise place.make_fault('CannotDeleteFile')
    place.store.detach_node(place.parts)


def move_node(source: Place, target: Place, force: bool, pause: Pause) -> None:
    """Move a file or folder.

    Within a datastore its entries go one after the other, once nobody holds
    any; between two it is a copy and a removal.  ``force`` lets a file, but
    no folder, take the place of another.  Onto itself it has no effect.

    :raises VimFault: FileNotFound; FileAlreadyExists; FileLocked;
        CannotAccessFile for the root, a namespace or a folder into itself
    """
    node = source.store.read_node(source.parts)
    if source == target:
        return
    if is_at_namespaces(source) or is_inside(target, source):
        raise source.make_fault('CannotAccessFile')
    _prepare_target(node, target, force)
    if is_held(node):
        raise source.make_fault('FileLocked')
    if source.store is not target.store:
        copy_node(source, target, force, pause)
        delete_node(source, pause)
    else:
        _move_within(source, target, node, pause)


def copy_node(source: Place, target: Place, force: bool, pause: Pause) -> None:
    """Copy a file, or a folder into one that may be there already.

    Onto itself it has no effect.

    :raises VimFault: FileNotFound; FileAlreadyExists unless forced;
        FileLocked where a host writes to the source or holds the target;
        CannotAccessFile for a folder into itself; NoDiskSpace
    """
    node = source.store.read_node(source.parts)
    if source == target:
        return
    if is_inside(target, source):
        raise source.make_fault('CannotAccessFile')
    if isinstance(node, File):
        _copy_file(source, node, target, force)
        return
    if not isinstance(target.node, Folder):
        target.store.add_node(target.parts, _new_folder(target))
    for name in list(node.entries):
        copy_node(source.child(name), target.child(name), force, pause)
        pause()


def is_at_namespaces(place: Place) -> bool:
    """Tell if a path is the root, or a folder that only its kind makes."""
    return not place.parts or (
        place.store.kind.has_namespaces and len(place.parts) == 1
    )


def is_inside(place: Place, folder: Place) -> bool:
    """Tell if a path is a folder or lies in it."""
    if place.store is not folder.store:
        return False
    above = folder.store.resolve_names(folder.parts)
    return place.store.resolve_names(place.parts)[: len(above)] == above


def _new_folder(place: Place) -> Folder:
    return Folder(place.store.now())


def _prepare_target(node: Node, target: Place, force: bool) -> None:
    """Make room for what moves: only a file gives way to a file."""
    there = target.node
    if there is None:
        return
    is_file = isinstance(node, File) and isinstance(there, File)
    if not (force and is_file):
        raise target.make_fault('FileAlreadyExists')
    remove_node(target, there)


def _copy_file(source: Place, file: File, target: Place, force: bool) -> None:
    if target.node is not None and not force:
        raise target.make_fault('FileAlreadyExists')
    if file.writers:
        raise source.make_fault('FileLocked')
    target.store.write_file(target.parts, file.copy_file(target.store.now()))


def _move_within(
    source: Place, target: Place, node: Node, pause: Pause
) -> None:
    store = source.store
    if isinstance(node, File):
        # The new name is checked before the old one goes.
        parent = store.check_new(target.parts)
        store.detach_node(source.parts)
        store.attach_node(parent, target.parts[-1], node)
        return
    # A rename takes no room, on a full datastore either.
    parent = store.check_new(target.parts)
    store.attach_node(parent, target.parts[-1], Folder(node.modified))
    for name, entry in list(node.entries.items()):
        _move_within(source.child(name), target.child(name), entry, pause)
        pause()
    store.detach_node(source.parts)
