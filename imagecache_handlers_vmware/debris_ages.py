"""Debris ages: how old a folder is by the clock of its own datastore.

A server's clock may be days behind ours; what is fetched there right now
seems old then.  A folder that is made in it is as new as that clock tells.
"""

import dataclasses
import secrets

from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.transport.errors import CallError
from imagecache_handlers_vmware.debris_looks import DebrisLook
from imagecache_handlers_vmware.debris_pieces import Piece
from imagecache_handlers_vmware.folder_requests import is_gone
from imagecache_handlers_vmware.folder_requests import Removing
from imagecache_handlers_vmware.folder_trees import Tree
from imagecache_handlers_vmware.paths import DatastorePath
from imagecache_handlers_vmware.port.errors import FULL
from imagecache_handlers_vmware.port.errors import VimFault


def confirm_age(
    look: DebrisLook, removing: Removing, piece: Piece
) -> Piece | None:
    """Give a piece as it is now; None: it is gone, changed, or not old.

    A full datastore takes no folder more, nor does anybody fetch to it: the
    clocks are believed there.

    :raises StoreUnavailable: when it cannot be told.
    """
    # Wherever it is left, a label is nothing foreign.
    made = piece.tree.path.join(f'ic-cleaning.{secrets.token_hex(4)}')
    try:
        removing.make_folder(made)
    except CallError as error:
        if isinstance(error, VimFault) and error.name in FULL:
            return piece
        if is_gone(error):
            return None
        raise StoreUnavailable(look.store, str(error)) from error
    aged = _look_afresh(look, removing, piece, made)
    if aged is None:
        removing.delete_folders([made])
    return aged


def _look_afresh(
    look: DebrisLook, removing: Removing, piece: Piece, made: DatastorePath
) -> Piece | None:
    """Give a piece in which a folder was made, if it is old beside that."""
    try:
        fresh = look.read_tree(piece.tree.path)
    except CallError as error:
        removing.delete_folders([made])
        raise StoreUnavailable(look.store, str(error)) from error
    if fresh is None or not _is_same(piece.tree, fresh, made.name):
        return None
    # The newest thing in it is what was made just now.
    now = fresh.changed_at
    if now is None or not piece.tree.is_old(now):
        return None
    return dataclasses.replace(piece, tree=fresh)


def _is_same(old: Tree, new: Tree, made: str) -> bool:
    """Tell if nothing came or went, but for a folder made at its top."""
    return old.entries == new.entries - {(f'/{made}', None)}
