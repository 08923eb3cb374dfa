"""Debris looks: what is debris on a datastore at one moment, for sure."""

from collections.abc import Iterable
import dataclasses
import logging

from imagecache_handlers_vmware.checking_aside import Hindsight
from imagecache_handlers_vmware.datastores import Datastore
from imagecache_handlers_vmware.debris_pieces import find_who
from imagecache_handlers_vmware.debris_pieces import is_named
from imagecache_handlers_vmware.debris_pieces import Piece
from imagecache_handlers_vmware.debris_places import DebrisPlaces
from imagecache_handlers_vmware.debris_rules import is_shadow
from imagecache_handlers_vmware.folder_trees import Tree
from imagecache_handlers_vmware.left_machines import find_left_machine
from imagecache_handlers_vmware.left_machines import tell_apart
from imagecache_handlers_vmware.looks import Looks
from imagecache_handlers_vmware.looks import reading_store
from imagecache_handlers_vmware.machine_paths import MachinePaths
from imagecache_handlers_vmware.machines import read_machines
from imagecache_handlers_vmware.paths import DatastorePath
from imagecache_handlers_vmware.users import find_users
from imagecache_handlers_vmware.users import Users

LOG = logging.getLogger(__name__)


class DebrisLook:
    """One look at a datastore; what it has read it does not read again.

    ``left`` is what the last search has found and is kept, each for what is
    strange in it.
    """

    def __init__(
        self, looks: Looks, datastore: Datastore, time: Hindsight
    ) -> None:
        self._looks = looks
        self._time = time
        self.datastore = datastore
        self.aside = looks.aside(datastore)
        self._paths = MachinePaths(looks.session, datastore)
        self._places = DebrisPlaces(
            looks, datastore, self._paths, time.is_over
        )
        self.left: tuple[Piece, ...] = ()

    @property
    def store(self) -> str:
        return self.datastore.store.name

    @property
    def parents(self) -> tuple[DatastorePath, ...]:
        """Give the folders in which debris may lie."""
        return self._places.parents

    def find_pieces(self, parents: Iterable[DatastorePath]) -> list[Piece]:
        """Find what is debris for sure, directly in some of these folders.

        :raises StoreUnavailable: when any of it cannot be read.
        """
        with reading_store(self.store):
            found = self._find_old(parents)
            users = self.read_users(found)
            found = [self._find_machine(piece, users) for piece in found]
        if why := users.why_unknown:
            LOG.warning(
                'Store %s: what is debris cannot be told: %s',
                self.store,
                why,
            )
            return []
        unused = [piece for piece in found if not is_named(piece, users)]
        self.left = tuple(piece for piece in unused if piece.strange)
        return [piece for piece in unused if not piece.strange]

    def _find_old(self, parents: Iterable[DatastorePath]) -> list[Piece]:
        return [
            piece
            for parent in parents
            for piece in self._places.find_broken(parent)
            if piece.tree.is_old(self._time.now)
        ]

    def read_users(self, pieces: Iterable[Piece]) -> Users:
        """Tell which machines name what in the folders of this look.

        :raises CallError: when that cannot be told.
        """
        found = list(pieces)
        if not found:
            return Users(by_folder={})
        machines = read_machines(
            self._looks.session,
            self.datastore,
            with_drives=any(one.tree.has_iso for one in found),
        )
        named = {one.parent for piece in found for one in piece.named}
        ignored = self._looks.options.ignored_machines
        apart = tell_apart(machines)
        return find_users(apart, {*self.parents, *named}, ignored)

    def name_all(self, *paths: DatastorePath) -> tuple[DatastorePath, ...]:
        """Give the paths by which machines name what lies there.

        :raises CallError: when that cannot be told.
        """
        return self._paths.name_all(*paths)

    def read_tree(self, path: DatastorePath) -> Tree | None:
        """Read one folder afresh; None: it is not there.

        :raises CallError: when it cannot be read.
        """
        return self._places.read_tree(path)

    def _find_machine(self, piece: Piece, users: Users) -> Piece:
        """Find what an import left, where nobody else has to do with it."""
        name = piece.tree.path.name
        is_alone = is_shadow(name) and find_who(piece, users) == {name}
        if piece.strange or not is_alone:
            return piece
        machine = find_left_machine(
            self._looks.session, self.datastore, piece.named[-1], name
        )
        return dataclasses.replace(piece, machine=machine)
