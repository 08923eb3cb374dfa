"""Moves: images that were put aside, and how they are put back."""

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.model import CachedImage
from imagecache_handlers.transport.errors import CallError
from imagecache_handlers_vmware.datastore_lists import read_datastores
from imagecache_handlers_vmware.datastores import Datastore
from imagecache_handlers_vmware.folder_requests import Ends
from imagecache_handlers_vmware.folder_requests import Removing
from imagecache_handlers_vmware.image_folders import Folder
from imagecache_handlers_vmware.image_folders import ImageFolder
from imagecache_handlers_vmware.looks import Looks
from imagecache_handlers_vmware.paths import AsideName
from imagecache_handlers_vmware.paths import DatastorePath
from imagecache_handlers_vmware.port.errors import VimFault


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """An image, the folder it was in, and the one it is moved to."""

    image: CachedImage
    source: DatastorePath
    aside: DatastorePath

    @property
    def key(self) -> str:
        return self.image.location


Result = int | None | CacheError
Aside = Mapping[DatastorePath, ImageFolder]


def match_moves(moves: Sequence[Move], folders: Iterable[Folder]) -> Aside:
    """Give what lies where it was moved to, of the folders found aside."""
    ids = {one.aside: one.image.image_id for one in moves}
    return {
        one.path: ImageFolder(image_id=ids[one.path], folder=one)
        for one in folders
        if one.path in ids
    }


def find_stuck(move: Move, folders: Iterable[Folder]) -> ImageFolder | None:
    """Give that very image, whole, where another eviction moved it to.

    It bears the labels by which it was last seen; one of its name that was
    put aside before does not.
    """
    for one in folders:
        name = AsideName.read(one.path.name)
        if name is None or name.image_id != move.image.image_id:
            continue
        found = ImageFolder(image_id=name.image_id, folder=one)
        seen = move.image.marks.labels
        if found.is_whole and seen <= found.labels:
            return found
    return None


class MovingBack:
    """Puts images of one datastore back to where they were."""

    def __init__(
        self, looks: Looks, datastore: Datastore, removing: Removing
    ) -> None:
        self._looks = looks
        self._datastore = datastore
        self._removing = removing

    def move_back(self, moves: Sequence[Move]) -> Ends:
        """Put all back at once, by the locations of their images.

        Where their datastore has another name now, they go by that.
        """
        ends = self._removing.move_folders(
            {one.key: (one.aside, one.source) for one in moves}
        )
        refused = [one for one in moves if isinstance(ends[one.key], VimFault)]
        if refused and (renamed := self._find_renamed()):
            paths = {
                one.key: (
                    renamed.path(one.aside.path),
                    renamed.path(one.source.path),
                )
                for one in refused
            }
            ends |= self._removing.move_folders(paths)
        return ends

    def _find_renamed(self) -> Datastore | None:
        """Read the datastore anew; None: its name is what it was."""
        try:
            found = read_datastores(
                self._looks.session, self._looks.options.chosen
            )
        except CallError:
            return None
        ours = self._datastore
        for one in found:
            is_it = one.reference == ours.reference
            if is_it and one.name != ours.name:
                return one
        return None

    def merge_back(
        self, move: Move, torn: Folder, rest: Folder
    ) -> CacheError | None:
        """Put back what a torn move took along, entry by entry.

        Nothing of what is there is replaced: of two of one name both stay.
        """
        names = _names_in(torn)
        if not names.isdisjoint(_names_in(rest)):
            why = f'{move.aside} and {move.source} both have a part of it'
            return ImageBusy(move.image.image_id, why)
        ends = self._removing.move_folders(
            {
                name: (move.aside.join(name), move.source.join(name))
                for name in sorted(names)
            }
        )
        for end in ends.values():
            if end is not None:
                return end
        self._removing.delete_folders([move.aside])
        return None


def _names_in(folder: Folder) -> frozenset[str]:
    return frozenset(folder.folders) | {one.name for one in folder.files}
