"""Debris removals: how a folder that is debris goes."""

import dataclasses

from imagecache_handlers.clocks import Clocks
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.exceptions import Uncertain
from imagecache_handlers.exceptions import Undeletable
from imagecache_handlers.transport.errors import CallError
from imagecache_handlers.transport.errors import Unreachable
from imagecache_handlers_vmware.aside_folder import AsideFolder
from imagecache_handlers_vmware.checking_aside import LONGEST
from imagecache_handlers_vmware.debris_ages import confirm_age
from imagecache_handlers_vmware.debris_looks import DebrisLook
from imagecache_handlers_vmware.debris_pieces import is_named
from imagecache_handlers_vmware.debris_pieces import Piece
from imagecache_handlers_vmware.folder_requests import is_gone
from imagecache_handlers_vmware.folder_requests import Removing
from imagecache_handlers_vmware.freed_bytes import measure_images
from imagecache_handlers_vmware.image_folders import ImageFolder
from imagecache_handlers_vmware.left_machines import unregister_machine
from imagecache_handlers_vmware.looks import Looks
from imagecache_handlers_vmware.paths import AsideName
from imagecache_handlers_vmware.paths import DatastorePath
from imagecache_handlers_vmware.port.errors import ReplyLost
from imagecache_handlers_vmware.port.errors import VimFault
from imagecache_handlers_vmware.port.requests import Reference

# What vSphere answers for what something needs, before it deletes any.
_REFUSALS = frozenset({'CannotDeleteFile', 'FileLocked'})
# What it answers where there is nothing to delete but a file, or not that.
_NO_DISK = frozenset(
    {'FileNotFound', 'IncorrectFileType', 'InvalidDiskFormat'}
)


class DebrisRemoval:
    """Removes debris of one datastore, as one look has found it."""

    def __init__(self, looks: Looks, look: DebrisLook, clocks: Clocks) -> None:
        self._looks = looks
        self._look = look
        self._clocks = clocks
        self._store = look.datastore.store.name
        self._removing = Removing(
            looks.session, look.datastore, looks.options.waiting
        )

    def remove_piece(self, piece: Piece) -> int:
        """Remove a folder; give the bytes of its files, 0 if it was gone."""
        found = confirm_age(self._look, self._removing, piece)
        if found is None:
            return 0
        # Nobody fetches to any other place: it need not be moved.
        if found.image_id == found.tree.path.name:
            return self._remove_half(found)
        if found.machine is not None:
            self._forget_machine(found, found.machine)
        return self._delete_folder(found)

    def _forget_machine(self, piece: Piece, machine: Reference) -> None:
        """Have it be nobody's, and make sure that it was and is.

        Only then nobody can start it, or make more of it: what lies in its
        folder tells if somebody did before.

        :raises StoreUnavailable: when vCenter keeps it, or it is another's.
        """
        alone = dataclasses.replace(piece, machine=None)
        try:
            unregister_machine(self._looks.session, machine)
            tree = self._look.read_tree(piece.tree.path)
            users = self._look.read_users([alone])
        except CallError as error:
            raise StoreUnavailable(self._store, str(error)) from error
        if users.why_unknown or is_named(alone, users):
            why = users.why_unknown or 'a machine came to use it'
            raise StoreUnavailable(self._store, why)
        if tree is not None and tree.entries != piece.tree.entries:
            why = (
                'its machine was changed just before it was unregistered: '
                f'register the one in {piece.tree.path} again'
            )
            raise StoreUnavailable(self._store, why)

    def _remove_half(self, piece: Piece) -> int:
        """Move it aside first, for Nova may fetch its image meanwhile."""
        place, name = piece.tree.path, piece.tree.path.name
        until = self._clocks.now() + LONGEST
        aside = self._look.aside.join(str(AsideName(name, until)))
        AsideFolder(
            self._looks, self._look.datastore, self._removing
        ).make_folder({name: frozenset()})
        end = self._removing.move_folders({'': (place, aside)})['']
        if end is not None and is_gone(end):
            return 0
        if end is not None and not isinstance(end, ReplyLost):
            raise self._error_of(place, end)
        # Whatever was moved must not stay there, an answer or none.
        moved = self._look_again(piece, aside, end)
        if moved is not None:
            return self._delete_folder(moved)
        self._move_back(aside, place, end)
        return 0

    def _look_again(
        self, piece: Piece, aside: DatastorePath, lost: CacheError | None
    ) -> Piece | None:
        """Give what was moved; None: it is not what was looked at."""
        try:
            tree = self._look.read_tree(aside)
            named = self._look.name_all(piece.tree.path, aside)
            moved = dataclasses.replace(piece, named=named)
            users = self._look.read_users([moved])
        except CallError as error:
            self._move_back(aside, piece.tree.path, lost)
            raise StoreUnavailable(self._store, str(error)) from error
        if tree is None or users.why_unknown:
            return None
        moved = dataclasses.replace(moved, tree=tree)
        is_same = tree.entries == piece.tree.entries
        return moved if is_same and not is_named(moved, users) else None

    def _move_back(
        self,
        aside: DatastorePath,
        place: DatastorePath,
        lost: CacheError | None,
    ) -> None:
        """Move it back; ``lost``: it may never have been moved."""
        end = self._removing.move_folders({'': (aside, place)})['']
        if end is not None and lost is not None and is_gone(end):
            raise self._error_of(place, lost)
        if end is not None:
            why = f'it lies in {aside}, and could not be moved back: {end}'
            raise Uncertain(place.name, why)

    def _delete_folder(self, piece: Piece) -> int:
        path, freed = piece.tree.path, piece.tree.size
        if piece.image_id is not None:
            found = ImageFolder(image_id=piece.image_id, folder=piece.tree.top)
            # What is broken is no disk to vSphere; of a folder it is a file.
            if found.is_whole:
                freed = self._delete_disks(found)
        if self._look.datastore.has_namespaces:
            self._delete_objects(piece)
        [end] = self._removing.delete_folders([path]).values()
        if end is None:
            return freed
        if is_gone(end):
            return 0
        raise self._error_of(path, end)

    def _delete_objects(self, piece: Piece) -> None:
        """Delete disks on vSAN, whose data would be left without them.

        What is broken is no disk, and goes as a file.
        """
        for folder in (piece.tree.top, *piece.tree.below):
            for file in folder.files:
                if not file.name.endswith('.vmdk'):
                    continue
                end = self._removing.delete_disk(folder.path.join(file.name))
                if end is not None and not _is_no_disk(end):
                    raise self._error_of(piece.tree.path, end)

    def _delete_disks(self, found: ImageFolder) -> int:
        """Delete the disks of an image; give what they and the rest took."""
        [freed] = measure_images(
            self._looks, self._look.datastore, found.path, [found]
        ).values()
        end = self._removing.delete_disks({'': found}).get('')
        if end is not None and not is_gone(end):
            raise self._error_of(found.path, end)
        return freed

    def _error_of(self, path: DatastorePath, end: CacheError) -> CacheError:
        if isinstance(end, VimFault) and end.name in _REFUSALS:
            return Undeletable(path.name, str(end))
        if isinstance(end, Unreachable):
            return StoreUnavailable(self._store, str(end))
        return Uncertain(path.name, str(end))


def _is_no_disk(end: CacheError) -> bool:
    """Tell if it is for sure that no disk is there, whose object would be."""
    return isinstance(end, VimFault) and end.name in _NO_DISK
