"""Settling: what lies aside is finished, put back, or left with a reason.

All of one store goes in groups: however much there is, it is waited for a
few times only.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import logging

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers_vmware.checking_aside import find_images
from imagecache_handlers_vmware.checking_aside import IsOver
from imagecache_handlers_vmware.checking_aside import Leftover
from imagecache_handlers_vmware.checking_aside import why_kept
from imagecache_handlers_vmware.datastores import Datastore
from imagecache_handlers_vmware.folder_requests import Ends
from imagecache_handlers_vmware.folder_requests import is_gone
from imagecache_handlers_vmware.folder_requests import Removing
from imagecache_handlers_vmware.image_folders import ImageFolder
from imagecache_handlers_vmware.looks import Looks
from imagecache_handlers_vmware.paths import DatastorePath
from imagecache_handlers_vmware.port.errors import VimFault
from imagecache_handlers_vmware.users import Users

LOG = logging.getLogger(__name__)

# What vSphere answers for a disk that something needs.
_REFUSALS = frozenset({'CannotDeleteFile', 'FileLocked'})

# With why it is put back.
Return = tuple[Leftover, str]


class Settling:
    """Settles what was left in one store.

    ``left`` says, for people, what is left there and why.
    """

    def __init__(
        self,
        looks: Looks,
        datastore: Datastore,
        users: Users,
        is_over: IsOver,
    ) -> None:
        self._looks = looks
        self._store = datastore.store.name
        self._base = looks.base(datastore)
        self._aside = looks.aside(datastore)
        self._users = users
        self._is_over = is_over
        self._removing = Removing(
            looks.session, datastore, looks.options.waiting
        )
        self.left: list[str] = []

    def settle_all(self, found: Iterable[Leftover]) -> None:
        """Put together what is torn; finish, put back or leave the rest."""
        torn: list[Leftover] = []
        going: list[Leftover] = []
        returns: list[Return] = []
        for one in found:
            why, is_named_here = self._judge_leftover(one)
            if is_named_here:
                # A machine that names it here would not find it there.
                self._leave_there(one, why)
            elif one.is_torn:
                torn.append(one)
            elif why is None:
                going.append(one)
            elif one.own is None and one.image.is_whole:
                returns.append((one, why))
            else:
                self._leave_there(one, why)
        self._put_together(list(self._choose_torn(torn)))
        returns += self._finish_all(going)
        self._put_back(returns)

    def _judge_leftover(self, left: Leftover) -> tuple[str | None, bool]:
        """Say why it must not go, and whether it is named where it lies."""
        moved = self._users.of_folder(left.image.path)
        named = self._users.of_folder(self._find_origin(left)) | moved
        return why_kept(left, self._users, named, self._is_over), bool(moved)

    def _find_origin(self, left: Leftover) -> DatastorePath:
        return self._base.join(left.image.image_id)

    def _leave_there(self, left: Leftover, why: object) -> None:
        more = '; its image was fetched anew' if left.is_replaced else ''
        self.left.append(f'{left.image.path} is left: {why}{more}')
        LOG.warning('%s', self.left[-1])

    def _put_back(self, returns: Sequence[Return]) -> None:
        """Where an image was fetched anew, it is not replaced."""
        moves = {
            str(left.image.path): (left.image.path, self._find_origin(left))
            for left, _ in returns
        }
        ends = self._removing.move_folders(moves)
        for left, why in returns:
            end, origin = ends[str(left.image.path)], self._find_origin(left)
            if end is None:
                LOG.warning(
                    '%s: %s: moved back to %s', left.image.path, why, origin
                )
            else:
                self._leave_there(
                    left, f'{why}; not moved back to {origin}: {end}'
                )

    def _choose_torn(self, torn: Iterable[Leftover]) -> Iterator[Leftover]:
        """Take one of each image: the files of two are not to be mixed."""
        taken: set[str] = set()
        for left in torn:
            origin, image_id = self._find_origin(left), left.image.image_id
            if left.colliding:
                name = left.colliding[0]
                self._leave_there(left, f'torn: {name!r} is in {origin} too')
            elif image_id in taken:
                self._leave_there(
                    left, f'torn: {origin} is being put together'
                )
            else:
                taken.add(image_id)
                yield left

    def _put_together(self, torn: Sequence[Leftover]) -> None:
        """Move back each entry of what was moved only in part."""
        steps = {str(one.image.path): _order_entries(one) for one in torn}
        for number in range(3):
            ends = self._move_entries(
                {one: steps[str(one.image.path)][number] for one in torn}
            )
            failed = {key: end for key, end in ends.items() if end is not None}
            for one in torn:
                if (end := failed.get(str(one.image.path))) is not None:
                    self._leave_there(one, f'torn: {end}')
            torn = [one for one in torn if str(one.image.path) not in failed]
        for one in torn:
            origin = self._find_origin(one)
            LOG.warning(
                '%s was torn: put together in %s', one.image.path, origin
            )
        self._removing.delete_folders(
            [one.image.path for one in torn if not one.filled]
        )

    def _move_entries(self, entries: dict[Leftover, list[str]]) -> Ends:
        """Move these entries back; give the first failure of each folder."""
        moves = {
            str(left.image.path.join(name)): (
                left.image.path.join(name),
                self._find_origin(left).join(name),
            )
            for left, names in entries.items()
            for name in names
        }
        ends = self._removing.move_folders(moves)
        return {
            str(left.image.path): _find_failure(
                ends[str(left.image.path.join(name))] for name in names
            )
            for left, names in entries.items()
        }

    def _finish_all(self, going: Sequence[Leftover]) -> list[Return]:
        """Delete images; give those that are refused, and whole still."""
        ends = self._delete_images([one.image for one in going])
        refused: list[Return] = []
        for one in going:
            end = ends[str(one.image.path)]
            if end is None or is_gone(end):
                LOG.info('%s: removed what was left', one.image.path)
            elif _is_refusal(end) and one.own is None:
                refused.append((one, str(end)))
            else:
                self._leave_there(one, end)
        whole = self._find_whole() if refused else frozenset()
        for one, why in refused:
            if one.image.path not in whole:
                self._leave_there(one, why)
        return [one for one in refused if one[0].image.path in whole]

    def _delete_images(self, images: Sequence[ImageFolder]) -> Ends:
        """Delete images, their folders last; a disk may be gone already."""
        ends = self._removing.delete_disks(
            {str(one.path): one for one in images}
        )
        ends = {
            key: end
            for key, end in ends.items()
            if end is not None and not is_gone(end)
        }
        paths = [one.path for one in images if str(one.path) not in ends]
        return ends | self._removing.delete_folders(paths)

    def _find_whole(self) -> frozenset[DatastorePath]:
        """Look once more: without its disk one is of no use to Nova."""
        try:
            folders = self._looks.folder(self._store, self._aside) or []
        except StoreUnavailable:
            return frozenset()
        return frozenset(
            one.path
            for one in find_images(self._aside, folders)
            if one.is_whole
        )


def _is_refusal(end: CacheError) -> bool:
    return isinstance(end, VimFault) and end.name in _REFUSALS


def _find_failure(ends: Iterable[CacheError | None]) -> CacheError | None:
    return next((end for end in ends if end is not None), None)


def _order_entries(left: Leftover) -> tuple[list[str], list[str], list[str]]:
    """Name what to move back: what Nova goes by, a disk or ISO, comes last.

    A label that is there as well stays behind; no file replaces another.
    """
    image, own = left.image, left.own
    there = own.folder.folders if own is not None else ()
    last = {f'{image.image_id}.vmdk', f'{image.image_id}.iso'}
    files = [one.name for one in image.folder.files]
    return (
        [one for one in image.folder.folders if one not in there],
        [one for one in files if one not in last],
        [one for one in files if one in last],
    )
