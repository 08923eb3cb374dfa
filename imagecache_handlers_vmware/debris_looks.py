"""Debris looks: the folders of one datastore that may be debris."""

from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses
import logging

from imagecache_handlers_vmware.checking_aside import Hindsight
from imagecache_handlers_vmware.datastores import Datastore
from imagecache_handlers_vmware.debris_rules import is_shadow
from imagecache_handlers_vmware.debris_rules import TEMPORARY
from imagecache_handlers_vmware.debris_rules import why_aside
from imagecache_handlers_vmware.debris_rules import why_coming
from imagecache_handlers_vmware.debris_rules import why_half
from imagecache_handlers_vmware.debris_rules import why_shadow
from imagecache_handlers_vmware.debris_rules import why_temporary
from imagecache_handlers_vmware.folder_trees import Tree
from imagecache_handlers_vmware.image_folders import find_image_folders
from imagecache_handlers_vmware.left_machines import find_left_machine
from imagecache_handlers_vmware.left_machines import tell_apart
from imagecache_handlers_vmware.looks import Looks
from imagecache_handlers_vmware.looks import reading_store
from imagecache_handlers_vmware.machines import read_machines
from imagecache_handlers_vmware.namespaces import find_stable_path
from imagecache_handlers_vmware.paths import AsideName
from imagecache_handlers_vmware.paths import DatastorePath
from imagecache_handlers_vmware.port.requests import Reference
from imagecache_handlers_vmware.searching import search_top
from imagecache_handlers_vmware.searching import search_tree
from imagecache_handlers_vmware.searching import search_trees
from imagecache_handlers_vmware.users import find_users
from imagecache_handlers_vmware.users import Users

LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A folder that is debris, why, and by which paths machines name it.

    ``image_id`` is that of the image whose folder it is, if it is one, and
    ``machine`` what an import has left in the inventory, of its name.
    """

    tree: Tree
    why: str
    named: tuple[DatastorePath, ...]
    image_id: str | None = None
    machine: Reference | None = None


class DebrisLook:
    """One look at a datastore; what it has read it does not read again."""

    def __init__(
        self, looks: Looks, datastore: Datastore, time: Hindsight
    ) -> None:
        self._looks = looks
        self._time = time
        self._trees: dict[DatastorePath, list[Tree]] = {}
        self._stable: dict[DatastorePath, DatastorePath] = {}
        self.datastore = datastore
        self.base = looks.base(datastore)
        self.aside = looks.aside(datastore)
        self._top = datastore.path('')
        self._temporary = datastore.path(TEMPORARY)

    @property
    def store(self) -> str:
        return self.datastore.store.name

    @property
    def parents(self) -> tuple[DatastorePath, ...]:
        """Give the folders in which debris may lie."""
        found = (self._temporary, self.base, self.aside, self._top)
        return tuple(dict.fromkeys(found))

    def find_pieces(self, parents: Iterable[DatastorePath]) -> list[Piece]:
        """Find what is debris for sure, directly in some of these folders.

        :raises StoreUnavailable: when any of it cannot be read.
        """
        with reading_store(self.store):
            found = [
                piece
                for parent in parents
                for piece in self._find_broken(parent)
                if piece.tree.is_old(self._time.now)
            ]
            users = self.read_users(found)
            found = [self._find_machine(piece, users) for piece in found]
        if why := users.why_unknown:
            LOG.warning(
                'Store %s: what is debris cannot be told: %s',
                self.store,
                why,
            )
            return []
        return [piece for piece in found if not is_named(piece, users)]

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

    def names_of(self, *paths: DatastorePath) -> tuple[DatastorePath, ...]:
        """Give the paths by which machines name what lies there.

        On vSAN that is by the uuid of the folder at the top.

        :raises CallError: when that cannot be told.
        """
        stable = {self._find_stable(one): None for one in paths}
        return tuple(dict.fromkeys((*paths, *stable)))

    def _find_stable(self, path: DatastorePath) -> DatastorePath:
        name, _, rest = path.path.partition('/')
        top = self.datastore.path(name)
        if top not in self._stable:
            self._stable[top] = find_stable_path(
                self._looks.session, self.datastore, top, is_there=True
            )
        found = self._stable[top]
        return found.join(rest) if rest else found

    def _find_machine(self, piece: Piece, users: Users) -> Piece:
        """Find what an import left, where nobody else has to do with it."""
        name = piece.tree.path.name
        if not is_shadow(name) or find_who(piece, users) != {name}:
            return piece
        machine = find_left_machine(
            self._looks.session, self.datastore, piece.named[-1], name
        )
        return dataclasses.replace(piece, machine=machine)

    def read_tree(self, path: DatastorePath) -> Tree | None:
        """Read one folder afresh; None: it is not there.

        :raises CallError: when it cannot be read.
        """
        return search_tree(
            self._looks.session,
            self.datastore,
            path,
            self._looks.options.waiting,
        )

    def _find_broken(self, parent: DatastorePath) -> Iterator[Piece]:
        finders = (
            (self._temporary, self._find_temporary),
            (self.base, self._find_halves),
            (self.base, self._find_coming),
            (self.aside, self._find_aside),
            (self._top, self._find_shadows),
        )
        for place, find in finders:
            if place == parent:
                yield from find()

    def _find_temporary(self) -> Iterator[Piece]:
        for tree in self._read_trees(self._temporary):
            if why := why_temporary(tree):
                yield Piece(tree=tree, why=why, named=self.names_of(tree.path))

    def _find_coming(self) -> Iterator[Piece]:
        for tree in self._read_trees(self.base):
            if why := why_coming(tree):
                yield Piece(tree=tree, why=why, named=self.names_of(tree.path))

    def _find_halves(self) -> Iterator[Piece]:
        """The other half of an image may lie aside: that is recovered."""
        names = [one.path.name for one in self._read_trees(self.aside)]
        aside = {one.image_id for one in map(AsideName.read, names) if one}
        for tree in self._read_trees(self.base):
            image_id = tree.path.name
            if image_id in aside:
                continue
            if why := why_half(tree, self._time.is_over):
                yield Piece(
                    tree=tree,
                    why=why,
                    named=self.names_of(tree.path),
                    image_id=image_id,
                )

    def _find_aside(self) -> Iterator[Piece]:
        there = find_image_folders(
            self.base, [one.top for one in self._read_trees(self.base)]
        )
        for tree in self._read_trees(self.aside):
            name = AsideName.read(tree.path.name)
            if name is None:
                continue
            origin = self.base.join(name.image_id)
            own = there.get(name.image_id)
            if why := why_aside(tree, own, self._time.is_over):
                yield Piece(
                    tree=tree,
                    why=why,
                    named=self.names_of(origin, tree.path),
                    image_id=name.image_id,
                )

    def _find_shadows(self) -> Iterator[Piece]:
        """Only these are read: the rest of the datastore is not ours."""
        top = search_top(
            self._looks.session,
            self.datastore,
            self._looks.options.waiting,
        )
        for name in filter(is_shadow, top):
            tree = self.read_tree(self.datastore.path(name))
            if tree is not None and (why := why_shadow(tree)):
                yield Piece(tree=tree, why=why, named=self.names_of(tree.path))

    def _read_trees(self, path: DatastorePath) -> list[Tree]:
        if path not in self._trees:
            self._trees[path] = search_trees(
                self._looks.session,
                self.datastore,
                path,
                self._looks.options.waiting,
            )
        return self._trees[path]


def find_who(piece: Piece, users: Users) -> frozenset[str]:
    """Name the machines that name anything in a folder, by whatever path."""
    return frozenset().union(*map(users.of_folder, piece.named))


def is_named(piece: Piece, users: Users) -> bool:
    """Tell if a machine does, but for one that an import left there."""
    left = frozenset() if piece.machine is None else {piece.tree.path.name}
    return bool(find_who(piece, users) - left)
