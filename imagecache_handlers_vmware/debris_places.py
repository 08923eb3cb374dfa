"""Debris places: the folders of a datastore in which debris may lie."""

from collections.abc import Iterator

from imagecache_handlers_vmware.checking_aside import IsOver
from imagecache_handlers_vmware.datastores import Datastore
from imagecache_handlers_vmware.debris_pieces import Piece
from imagecache_handlers_vmware.debris_rules import find_strange
from imagecache_handlers_vmware.debris_rules import IMPORT_CUT_OFF
from imagecache_handlers_vmware.debris_rules import is_shadow
from imagecache_handlers_vmware.debris_rules import TEMPORARY
from imagecache_handlers_vmware.debris_rules import why_aside
from imagecache_handlers_vmware.debris_rules import why_coming
from imagecache_handlers_vmware.debris_rules import why_half
from imagecache_handlers_vmware.debris_rules import why_temporary
from imagecache_handlers_vmware.folder_trees import Tree
from imagecache_handlers_vmware.image_folders import find_image_folders
from imagecache_handlers_vmware.looks import Looks
from imagecache_handlers_vmware.machine_paths import MachinePaths
from imagecache_handlers_vmware.paths import AsideName
from imagecache_handlers_vmware.paths import DatastorePath
from imagecache_handlers_vmware.searching import search_top
from imagecache_handlers_vmware.searching import search_tree
from imagecache_handlers_vmware.searching import search_trees


class DebrisPlaces:
    """Those of one datastore; what was read is not read again."""

    def __init__(
        self,
        looks: Looks,
        datastore: Datastore,
        paths: MachinePaths,
        is_over: IsOver,
    ) -> None:
        self._looks = looks
        self._datastore = datastore
        self._paths = paths
        self._is_over = is_over
        self._trees: dict[DatastorePath, list[Tree]] = {}
        self._temporary = datastore.path(TEMPORARY)
        self._base = looks.base(datastore)
        self._aside = looks.aside(datastore)
        self._top = datastore.path('')

    @property
    def parents(self) -> tuple[DatastorePath, ...]:
        """Give the folders in which debris may lie."""
        found = (self._temporary, self._base, self._aside, self._top)
        return tuple(dict.fromkeys(found))

    def find_broken(self, parent: DatastorePath) -> Iterator[Piece]:
        """Find what is debris by what is in it, directly in a folder.

        :raises CallError: when any of it cannot be read.
        """
        finders = (
            (self._temporary, self._find_temporary),
            (self._base, self._find_halves),
            (self._base, self._find_coming),
            (self._aside, self._find_aside),
            (self._top, self._find_shadows),
        )
        for place, find in finders:
            if place == parent:
                yield from find()

    def read_tree(self, path: DatastorePath) -> Tree | None:
        """Read one folder afresh; None: it is not there.

        :raises CallError: when it cannot be read.
        """
        return search_tree(
            self._looks.session,
            self._datastore,
            path,
            self._looks.options.waiting,
        )

    def _find_temporary(self) -> Iterator[Piece]:
        for tree in self._read_trees(self._temporary):
            if why := why_temporary(tree):
                yield self._make_piece(tree, why)

    def _find_coming(self) -> Iterator[Piece]:
        for tree in self._read_trees(self._base):
            if why := why_coming(tree):
                yield self._make_piece(tree, why)

    def _find_halves(self) -> Iterator[Piece]:
        """The other half of an image may lie aside: that is recovered."""
        names = [one.path.name for one in self._read_trees(self._aside)]
        aside = {one.image_id for one in map(AsideName.read, names) if one}
        for tree in self._read_trees(self._base):
            image_id = tree.path.name
            if image_id in aside:
                continue
            if why := why_half(tree, self._is_over):
                yield self._make_piece(tree, why, image_id=image_id)

    def _find_aside(self) -> Iterator[Piece]:
        there = find_image_folders(
            self._base, [one.top for one in self._read_trees(self._base)]
        )
        for tree in self._read_trees(self._aside):
            name = AsideName.read(tree.path.name)
            if name is None:
                continue
            own = there.get(name.image_id)
            if why := why_aside(tree, own, self._is_over):
                origin = self._base.join(name.image_id)
                yield self._make_piece(
                    tree, why, origin, image_id=name.image_id
                )

    def _find_shadows(self) -> Iterator[Piece]:
        """Only these are read: the rest of the datastore is not ours."""
        top = search_top(
            self._looks.session,
            self._datastore,
            self._looks.options.waiting,
        )
        for name in filter(is_shadow, top):
            tree = self.read_tree(self._datastore.path(name))
            if tree is not None:
                yield self._make_piece(
                    tree, IMPORT_CUT_OFF, strange=find_strange(tree)
                )

    def _make_piece(
        self,
        tree: Tree,
        why: str,
        *origins: DatastorePath,
        image_id: str | None = None,
        strange: tuple[str, ...] = (),
    ) -> Piece:
        return Piece(
            tree=tree,
            why=why,
            named=self._paths.name_all(*origins, tree.path),
            image_id=image_id,
            strange=strange,
        )

    def _read_trees(self, path: DatastorePath) -> list[Tree]:
        if path not in self._trees:
            self._trees[path] = search_trees(
                self._looks.session,
                self._datastore,
                path,
                self._looks.options.waiting,
            )
        return self._trees[path]
