"""Unmoved images: those that are not where they were to be moved to.

They are where they were, or gone, or a move was torn between two entries.
"""

from collections.abc import Mapping
from collections.abc import Sequence

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers_vmware.eviction_errors import error_of_move
from imagecache_handlers_vmware.eviction_errors import uncertain_of
from imagecache_handlers_vmware.eviction_errors import UsedAside
from imagecache_handlers_vmware.folder_requests import Ends
from imagecache_handlers_vmware.folder_requests import is_gone
from imagecache_handlers_vmware.image_folders import Folder
from imagecache_handlers_vmware.image_folders import ImageFolder
from imagecache_handlers_vmware.looks import Looks
from imagecache_handlers_vmware.moves import Aside
from imagecache_handlers_vmware.moves import find_stuck
from imagecache_handlers_vmware.moves import Move
from imagecache_handlers_vmware.moves import MovingBack
from imagecache_handlers_vmware.moves import Result
from imagecache_handlers_vmware.paths import DatastorePath
from imagecache_handlers_vmware.port.tasks import Endless
from imagecache_handlers_vmware.users import Users

# The folders below the base, by their paths; None: they cannot be seen.
Sources = Mapping[DatastorePath, Folder] | None


class UnmovedImages:
    """Ends evictions whose images were not moved, or not whole."""

    def __init__(
        self, looks: Looks, store: str, base: DatastorePath, back: MovingBack
    ) -> None:
        self._looks = looks
        self._store = store
        self._base = base
        self._back = back

    def find_images(
        self, moves: Sequence[Move], aside: Aside, ends: Ends
    ) -> dict[str, Result]:
        """Find what is not aside, or not all of it, and end with it."""
        there: Sources = None
        if any(map(_is_doubtful, ends.values())):
            there = self._find_sources()
        results: dict[str, Result] = {}
        for move in moves:
            found, end = aside.get(move.aside), ends[move.key]
            if found is None:
                results[move.key] = _end_absent(move, end, there)
            elif end is not None and _is_torn(move, found, there):
                results[move.key] = self._mend_torn(move, found, there, end)
        return results

    def _find_sources(self) -> Sources:
        """Search the images' own folders; None: they cannot be seen."""
        try:
            folders = self._looks.folder(self._store, self._base)
        except StoreUnavailable:
            return None
        return None if folders is None else {one.path: one for one in folders}

    def _mend_torn(
        self,
        move: Move,
        found: ImageFolder,
        there: Sources,
        end: CacheError,
    ) -> CacheError:
        """Put together again what a move has torn."""
        if isinstance(end, Endless):
            return error_of_move(move.image, end)
        rest = None if there is None else there.get(move.source)
        if rest is None:
            failure = self._back.move_back([move])[move.key]
        else:
            failure = self._back.merge_back(move, found.folder, rest)
        if failure is None:
            return error_of_move(move.image, end)
        return uncertain_of(move.image, end, f'it was torn: {failure}')


def find_taken(
    moves: Sequence[Move],
    unmoved: Mapping[str, Result],
    folders: Sequence[Folder],
    users: Users,
) -> dict[str, Result]:
    """Say of images that seem gone where another eviction has put them."""
    taken: dict[str, Result] = {}
    for move in moves:
        if unmoved.get(move.key) == 0:
            stuck = find_stuck(move, folders)
            if stuck is not None:
                taken[move.key] = _error_of_taken(move, stuck, users)
    return taken


def _error_of_taken(
    move: Move, stuck: ImageFolder, users: Users
) -> CacheError:
    where = f'it lies in {stuck.path}, where another eviction moved it'
    named = users.of_folder(move.source) | users.of_folder(stuck.path)
    if named:
        return UsedAside(move.image.image_id, named, where)
    return ImageBusy(move.image.image_id, where)


def _is_doubtful(end: CacheError | None) -> bool:
    """Tell if only a look at both ends of a move shows what it did."""
    return end is not None and not isinstance(end, ImageBusy)


def _is_torn(move: Move, found: ImageFolder, there: Sources) -> bool:
    """Tell if a part may be where it was, its labels perhaps."""
    return not found.is_whole or there is None or move.source in there


def _end_absent(move: Move, end: CacheError | None, there: Sources) -> Result:
    if there is None or move.source in there:
        # Even what was not found may be the folder aside, which went.
        return error_of_move(move.image, end)
    if end is not None and is_gone(end):
        return 0
    return error_of_move(move.image, end)
