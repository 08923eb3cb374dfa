"""Evicting: folders moved aside, looked at once more, and removed.

Moving a folder aside is what commits: from then on Nova, and whoever fetches
the image, sees none.  The look that follows tells who came before that, and
whose image is moved back.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import datetime

from imagecache_handlers.clocks import Clocks
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.exceptions import ImageInUse
from imagecache_handlers.exceptions import ImageNotFound
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.exceptions import Undeletable
from imagecache_handlers.handler import Alive
from imagecache_handlers.handler import check_claimed
from imagecache_handlers.model import CachedImage
from imagecache_handlers_vmware.aside_folder import AsideFolder
from imagecache_handlers_vmware.checking_aside import LONGEST
from imagecache_handlers_vmware.datastores import Datastore
from imagecache_handlers_vmware.eviction_errors import error_of_move
from imagecache_handlers_vmware.folder_requests import Ends
from imagecache_handlers_vmware.folder_requests import Removing
from imagecache_handlers_vmware.freed_bytes import measure_images
from imagecache_handlers_vmware.image_folders import Folder
from imagecache_handlers_vmware.image_folders import ImageFolder
from imagecache_handlers_vmware.image_removals import Removal
from imagecache_handlers_vmware.kept_images import Kept
from imagecache_handlers_vmware.lifting import Going
from imagecache_handlers_vmware.lifting import Lifting
from imagecache_handlers_vmware.looks import Looks
from imagecache_handlers_vmware.looks import reading_store
from imagecache_handlers_vmware.moves import Aside
from imagecache_handlers_vmware.moves import match_moves
from imagecache_handlers_vmware.moves import Move
from imagecache_handlers_vmware.moves import MovingBack
from imagecache_handlers_vmware.moves import Result
from imagecache_handlers_vmware.paths import AsideName
from imagecache_handlers_vmware.port.tasks import Endless
from imagecache_handlers_vmware.refusals import explain_refusal
from imagecache_handlers_vmware.unmoved_images import find_taken
from imagecache_handlers_vmware.unmoved_images import UnmovedImages
from imagecache_handlers_vmware.unseen_moves import end_unseen
from imagecache_handlers_vmware.users import Users


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
        batch = _Batch(self._looks, self._clocks, datastore, in_time, until)
        results = batch.evict_images(images)
        for image in images:
            yield results[image.location]


class _Batch:
    """Images of one store that go together."""

    def __init__(
        self,
        looks: Looks,
        clocks: Clocks,
        datastore: Datastore,
        in_time: Alive,
        until: datetime.datetime,
    ) -> None:
        self._looks = looks
        self._clocks = clocks
        self._datastore = datastore
        self._store = datastore.store.name
        self._in_time = in_time
        self._until = until
        self._base = looks.base(datastore)
        self._aside = looks.aside(datastore)
        self._removing = Removing(
            looks.session, datastore, looks.options.waiting
        )
        self._back = MovingBack(looks, datastore, self._removing)
        self._kept = Kept(self._back, self._removing, clocks)
        self._unmoved = UnmovedImages(
            looks, self._store, self._base, self._back
        )
        self._results: dict[str, Result] = {}

    def evict_images(self, images: Sequence[CachedImage]) -> dict[str, Result]:
        moves = list(self._plan_moves(images))
        if not moves:
            return self._results
        aside = AsideFolder(self._looks, self._datastore, self._removing)
        aside.make_folder(
            {one.image.image_id: one.image.marks.labels for one in moves}
        )
        ends = self._removing.move_folders(
            {one.key: (one.source, one.aside) for one in moves},
            self._check_time,
            cancels=True,
        )
        try:
            folders, users = self._look_aside(moves)
        except StoreUnavailable as trouble:
            return self._results | end_unseen(self._back, moves, ends, trouble)
        self._end_moves(moves, ends, folders, users)
        return self._results

    def _end_moves(
        self,
        moves: Sequence[Move],
        ends: Ends,
        folders: Sequence[Folder],
        users: Users,
    ) -> None:
        """Remove what may go, and put back what must stay."""
        moved = match_moves(moves, folders)
        unmoved = self._unmoved.find_images(moves, moved, ends)
        unmoved |= find_taken(moves, unmoved, folders, users)
        going = []
        for one in moves:
            end = ends[one.key]
            found = moved.get(one.aside)
            if found is None or one.key in unmoved:
                continue
            if isinstance(end, Endless):
                self._kept.keep_image(one, error_of_move(one.image, end))
            elif why := self._why_not(one, found, users):
                self._kept.keep_image(one, why)
            else:
                going.append((one, found))
        self._results |= self._kept.put_back()
        self._results |= unmoved
        self._results |= self._remove_images(going)
        self._results |= self._kept.put_back()

    def _remove_images(self, going: Sequence[Going]) -> dict[str, Result]:
        def look_again(moves: Sequence[Move]) -> Aside | None:
            folders = self._looks.folder(self._store, self._aside)
            return None if folders is None else match_moves(moves, folders)

        found = [found for _, found in going]
        freed = measure_images(
            self._looks, self._datastore, self._aside, found
        )
        lifting = Lifting(
            self._looks, self._datastore, self._removing, self._check_time
        )
        removal = Removal(
            self._removing,
            self._check_time,
            look_again,
            self._kept,
            freed,
            lifting,
        )
        return removal.remove_images(going)

    def _plan_moves(self, images: Sequence[CachedImage]) -> Iterator[Move]:
        now = self._clocks.now()
        for image in images:
            try:
                source = self._looks.folder_of(image)
            except ImageNotFound:
                self._results[image.location] = 0
                continue
            if why := explain_refusal(image, now):
                refused = Undeletable(image.image_id, why)
                self._results[image.location] = refused
                continue
            name = str(AsideName(image.image_id, self._until))
            yield Move(
                image=image, source=source, aside=self._aside.join(name)
            )

    def _check_time(self) -> None:
        if not self._in_time():
            raise ImageBusy('', 'its claim ran out of time')

    def _look_aside(
        self, moves: Sequence[Move]
    ) -> tuple[Sequence[Folder], Users]:
        """Look at all that lies aside, and at who names images, by any name.

        :raises StoreUnavailable: when that cannot be seen.
        """
        folders = self._looks.folder(self._store, self._aside) or []
        found = match_moves(moves, folders).values()
        with reading_store(self._store):
            users = self._looks.users_of(self._datastore, found)
        return folders, users

    def _why_not(
        self, move: Move, found: ImageFolder, users: Users
    ) -> CacheError | None:
        """Say why an image that was moved aside must not go."""
        image = move.image
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
