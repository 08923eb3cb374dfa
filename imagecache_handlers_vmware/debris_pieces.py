"""Debris pieces: a folder that is debris, and which machines name it."""

import dataclasses

from imagecache_handlers_vmware.folder_trees import Tree
from imagecache_handlers_vmware.paths import DatastorePath
from imagecache_handlers_vmware.port.requests import Reference
from imagecache_handlers_vmware.users import Users


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A folder that is debris, why, and by which paths machines name it.

    ``image_id`` is that of the image whose folder it is, if it is one, and
    ``machine`` what an import has left in the inventory, of its name.
    ``strange`` is what keeps it all the same: files, or folders, that its
    name does not account for.
    """

    tree: Tree
    why: str
    named: tuple[DatastorePath, ...]
    image_id: str | None = None
    machine: Reference | None = None
    strange: tuple[str, ...] = ()


def find_who(piece: Piece, users: Users) -> frozenset[str]:
    """Name the machines that name anything in a folder, by whatever path."""
    return frozenset().union(*map(users.of_folder, piece.named))


def is_named(piece: Piece, users: Users) -> bool:
    """Tell if a machine does, but for one that an import left there."""
    left = frozenset() if piece.machine is None else {piece.tree.path.name}
    return bool(find_who(piece, users) - left)
