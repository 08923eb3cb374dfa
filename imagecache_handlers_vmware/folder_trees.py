"""Folder trees: folders with all that is below them, and when that changed.

What nobody has changed for a day, no operation is at work on any more.
"""

from collections.abc import Iterable
from collections.abc import Mapping
from collections import defaultdict
import dataclasses
import datetime

from imagecache_handlers_vmware.image_folders import Folder
from imagecache_handlers_vmware.paths import DatastorePath

# A fetch that takes longer than this without writing has died.
OLD = datetime.timedelta(days=1)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DatedFolder:
    """A folder that a search found, and when each entry was changed.

    None: the search does not say when.
    """

    folder: Folder
    times: Mapping[str, datetime.datetime | None]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A folder with all that is below it.

    ``times`` has a time for each entry of any of its folders, and for the
    folder itself.
    """

    top: Folder
    below: tuple[Folder, ...] = ()
    times: tuple[datetime.datetime | None, ...] = ()

    @property
    def path(self) -> DatastorePath:
        return self.top.path

    @property
    def entries(self) -> frozenset[tuple[str, object]]:
        """Give all that lies in it, to tell if it is the same still."""
        begin = len(self.path.path)
        found: set[tuple[str, object]] = set()
        for folder in (self.top, *self.below):
            place = folder.path.path[begin:]
            found |= {(f'{place}/{one.name}', one) for one in folder.files}
            found |= {(f'{place}/{name}', None) for name in folder.folders}
        return frozenset(found)

    @property
    def size(self) -> int:
        return sum(
            file.size
            for folder in (self.top, *self.below)
            for file in folder.files
        )

    @property
    def has_iso(self) -> bool:
        return any(
            file.name.endswith('.iso')
            for folder in (self.top, *self.below)
            for file in folder.files
        )

    @property
    def changed_at(self) -> datetime.datetime | None:
        """When anything in it was changed last; None: nobody can tell."""
        known = [one for one in self.times if one is not None]
        return max(known) if len(known) == len(self.times) and known else None

    def is_old(self, now: datetime.datetime) -> bool:
        """Tell if nothing in it has changed for a day."""
        changed = self.changed_at
        return changed is not None and now - changed > OLD


def gather_trees(
    parent: DatastorePath, found: Iterable[DatedFolder]
) -> list[Tree]:
    """Put together the folders in one folder, each with what is below it."""
    by_path = {one.folder.path: one for one in found}
    root = by_path.pop(parent, None)
    if root is None:
        return []
    below: dict[str, list[DatedFolder]] = defaultdict(list)
    begin = len(parent.path) + 1
    for path, one in by_path.items():
        below[path.path[begin:].partition('/')[0]].append(one)
    return [
        gather_tree(parent.join(name), below[name], root.times.get(name))
        for name in root.folder.folders
        if parent.join(name) in by_path
    ]


def gather_tree(
    path: DatastorePath,
    found: Iterable[DatedFolder],
    *changed: datetime.datetime | None,
) -> Tree:
    """Put a folder together with what is below it, all of which was found.

    ``changed`` is when the folder itself was, where that was looked at.
    """
    by_path = {one.folder.path: one for one in found}
    times = list(changed)
    for one in by_path.values():
        times += one.times.values()
    filled = frozenset(
        other.name
        for other, one in by_path.items()
        if one.times and other == path.join(other.name)
    )
    top = dataclasses.replace(by_path.pop(path).folder, filled=filled)
    return Tree(
        top=top,
        below=tuple(one.folder for one in by_path.values()),
        times=tuple(times),
    )
