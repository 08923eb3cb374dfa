"""Evicting: folders moved aside, looked at once more, and removed.

Moving a folder aside is what commits: from then on Nova, and whoever fetches
the image, sees none.  The look that follows tells who came before that, and
whose image is moved back.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses
import datetime

from imagecache_handlers.clocks import Clocks
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.exceptions import ImageInUse
from imagecache_handlers.exceptions import ImageNotFound
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.exceptions import Uncertain
from imagecache_handlers.exceptions import Undeletable
from imagecache_handlers.exceptions import Unfinished
from imagecache_handlers.handler import Alive
from imagecache_handlers.handler import check_claimed
from imagecache_handlers.model import CachedImage
from imagecache_handlers.transport.errors import CallError
from imagecache_handlers.transport.errors import Unreachable
from imagecache_handlers_vmware.datastores import Datastore
from imagecache_handlers_vmware.folder_requests import is_gone
from imagecache_handlers_vmware.folder_requests import Removing
from imagecache_handlers_vmware.image_folders import Folder
from imagecache_handlers_vmware.image_folders import ImageFolder
from imagecache_handlers_vmware.looks import Looks
from imagecache_handlers_vmware.looks import reading_store
from imagecache_handlers_vmware.paths import aside_of
from imagecache_handlers_vmware.paths import AsideName
from imagecache_handlers_vmware.paths import DatastorePath
from imagecache_handlers_vmware.port.errors import ReplyLost
from imagecache_handlers_vmware.port.errors import VimFault
from imagecache_handlers_vmware.port.tasks import Endless
from imagecache_handlers_vmware.users import Users

# What is not done by then is not done any more: moves, disks and folders are
# waited for, each for three minutes, and so are two looks.
LONGEST = datetime.timedelta(minutes=20)

# Of a file that is locked nobody says by whom.
_SOMEBODY = 'a machine that runs'

Result = int | None | CacheError


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Move:
    """An image, the folder it was in, and the one it is moved to."""

    image: CachedImage
    source: DatastorePath
    aside: DatastorePath


class Evicting:
    """Evicts images of one vCenter, a batch of one store at a time."""

    def __init__(self, looks: Looks, clocks: Clocks) -> None:
        self._looks = looks
        self._clocks = clocks

    def evict_many(
        self, images: Sequence[CachedImage], in_time: Alive
    ) -> Iterator[Result]:
        """Remove images of one store; see ``CacheHandler.evict_many``."""
        if not images:
            return
        datastore = self._looks.datastore(images[0].store)
        until = self._clocks.now() + LONGEST
        batch = _Batch(self._looks, datastore, in_time, until)
        results = batch.run(images)
        for image in images:
            yield results[image.location]


class _Batch:
    """Images of one store that go together."""

    def __init__(
        self,
        looks: Looks,
        datastore: Datastore,
        in_time: Alive,
        until: datetime.datetime,
    ) -> None:
        self._looks = looks
        self._datastore = datastore
        self._store = datastore.store.name
        self._in_time = in_time
        self._until = until
        self._base = looks.base(datastore)
        self._aside = aside_of(self._base)
        self._removing = Removing(
            looks.session, datastore, looks.options.waiting
        )
        self._results: dict[str, Result] = {}

    def run(self, images: Sequence[CachedImage]) -> dict[str, Result]:
        moves = list(self._plan_moves(images))
        with reading_store(self._store):
            self._removing.make_folder(self._aside)
        paths = {str(one.source): (one.source, one.aside) for one in moves}
        ends = self._removing.move_folders(
            paths, self._check_time, cancels=True
        )
        moved, users = self._look_aside(moves)
        going = {}
        for one in moves:
            found = moved.get(one.aside)
            if found is None:
                self._end_unmoved(one, ends[str(one.source)])
            elif why := self._why_not(one, found, users):
                self._put_back(one, why)
            else:
                going[str(one.source)] = (one, found)
        self._remove(going)
        return self._results

    def _plan_moves(self, images: Sequence[CachedImage]) -> Iterator[_Move]:
        for image in images:
            try:
                source = self._looks.folder_of(image)
            except ImageNotFound:
                self._results[image.location] = 0
            else:
                name = str(AsideName(image.image_id, self._until))
                yield _Move(
                    image=image, source=source, aside=self._aside.join(name)
                )

    def _check_time(self) -> None:
        if not self._in_time():
            raise ImageBusy('', 'its claim ran out of time')

    def _look_aside(
        self, moves: Sequence[_Move]
    ) -> tuple[dict[DatastorePath, Folder], Users]:
        """Look at what was moved, and at who names it, by either name.

        :raises StoreUnavailable: when that cannot be seen; all is moved back
            that can be.
        """
        try:
            folders = self._looks.folder(self._store, self._aside) or ()
            found = [
                ImageFolder(image_id=one.path.name, folder=one)
                for one in folders
            ]
            with reading_store(self._store):
                users = self._looks.users_of(self._datastore, found)
        except StoreUnavailable as error:
            self._put_all_back(moves, error)
            raise
        return {one.path: one for one in folders}, users

    def _why_not(
        self, move: _Move, folder: Folder, users: Users
    ) -> CacheError | None:
        """Say why an image that was moved aside must not go."""
        image = move.image
        found = ImageFolder(image_id=image.image_id, folder=folder)
        named = users.of_folder(move.source) | users.of_folder(move.aside)
        if named:
            return ImageInUse(image.image_id, named)
        if not found.is_whole or found.foreign or users.why_unknown:
            why = users.why_unknown or 'its folder is not what it was'
            return ImageBusy(image.image_id, why)
        try:
            check_claimed(image, found.labels, self._in_time)
        except ImageBusy as error:
            return error
        return None

    def _remove(self, going: dict[str, tuple[_Move, Folder]]) -> None:
        folders = {
            key: ImageFolder(image_id=move.image.image_id, folder=folder)
            for key, (move, folder) in going.items()
        }
        ends = self._removing.delete_disks(folders, self._check_time)
        gone = []
        for key, (move, _) in going.items():
            end = ends.get(key)
            if end is None or is_gone(end):
                gone.append(move)
            else:
                self._put_back(move, _error_of_removal(move.image, end))
        # What is left of them is finished by ``recover``.
        self._removing.delete_folders([one.aside for one in gone])
        for move in gone:
            self._end(move, move.image.size)

    def _end_unmoved(self, move: _Move, end: CacheError | None) -> None:
        if end is not None and is_gone(end):
            self._end(move, 0)
        else:
            self._end(move, _error_of_move(move.image, end))

    def _put_back(self, move: _Move, why: CacheError) -> None:
        """Move an image to where it was; it was kept for a reason."""
        ends = self._removing.move_folders({'': (move.aside, move.source)})
        if ends[''] is not None:
            why = Uncertain(
                move.image.image_id,
                f'{why}, and it could not be moved back: {ends[""]}',
            )
        self._end(move, why)

    def _put_all_back(
        self, moves: Sequence[_Move], why: StoreUnavailable
    ) -> None:
        for move in moves:
            self._put_back(move, why)

    def _end(self, move: _Move, result: Result) -> None:
        self._results[move.image.location] = result


def _error_of_move(image: CachedImage, end: CacheError | None) -> CacheError:
    """Say what it means that an image is not where it was moved to."""
    if isinstance(end, ImageBusy):
        return ImageBusy(image.image_id, end.why)
    if isinstance(end, VimFault) and end.name == 'FileLocked':
        return ImageInUse(image.image_id, [_SOMEBODY])
    if isinstance(end, Unreachable | VimFault):
        return StoreUnavailable(image.store, str(end))
    if isinstance(end, Endless):
        return Unfinished(image.image_id, str(end))
    return Uncertain(image.image_id, str(end or 'it was moved, and is gone'))


def _error_of_removal(image: CachedImage, end: CacheError) -> CacheError:
    """Say what it means that a disk could not be deleted."""
    if isinstance(end, ImageBusy):
        return ImageBusy(image.image_id, end.why)
    if isinstance(end, VimFault) and end.name == 'FileLocked':
        return ImageInUse(image.image_id, [_SOMEBODY])
    if isinstance(end, VimFault) and end.name == 'CannotDeleteFile':
        return Undeletable(image.image_id, str(end))
    if isinstance(end, Endless):
        return Unfinished(image.image_id, str(end))
    if isinstance(end, ReplyLost):
        return Uncertain(image.image_id, str(end))
    if isinstance(end, CallError):
        return StoreUnavailable(image.store, str(end))
    return end
