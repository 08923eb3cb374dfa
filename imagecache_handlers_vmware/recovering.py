"""Recovering: what a died eviction left aside is finished, or put back.

Machines name the folder that it was moved from, never the one it lies in.
Whatever speaks for an image puts it back, where nothing new is; what can
neither go nor go back is left, and warned of.
"""

from collections.abc import Iterator
import datetime
import logging

from imagecache_handlers.clocks import Clocks
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers_vmware.checking_aside import find_filled
from imagecache_handlers_vmware.checking_aside import Hindsight
from imagecache_handlers_vmware.checking_aside import is_abandoned
from imagecache_handlers_vmware.checking_aside import IsOver
from imagecache_handlers_vmware.checking_aside import Leftover
from imagecache_handlers_vmware.checking_aside import why_kept
from imagecache_handlers_vmware.datastores import Datastore
from imagecache_handlers_vmware.folder_requests import is_gone
from imagecache_handlers_vmware.folder_requests import Removing
from imagecache_handlers_vmware.image_folders import find_image_folders
from imagecache_handlers_vmware.image_folders import Folder
from imagecache_handlers_vmware.image_folders import ImageFolder
from imagecache_handlers_vmware.looks import Looks
from imagecache_handlers_vmware.looks import reading_store
from imagecache_handlers_vmware.paths import AsideName
from imagecache_handlers_vmware.paths import DatastorePath
from imagecache_handlers_vmware.port.errors import VimFault
from imagecache_handlers_vmware.users import Users

LOG = logging.getLogger(__name__)

# As ``clock_skew_seconds`` is unless it is set.
_SKEW = datetime.timedelta(seconds=60)

# What vSphere answers for a disk that something needs.
_REFUSALS = frozenset({'CannotDeleteFile', 'FileLocked'})


class Recovering:
    """Goes through what lies aside in one store.

    ``skew`` is how far the clocks of hosts may be apart.
    """

    def __init__(
        self,
        looks: Looks,
        clocks: Clocks,
        skew: datetime.timedelta = _SKEW,
    ) -> None:
        self._looks = looks
        self._clocks = clocks
        self._skew = skew

    def recover(self, store: str) -> None:
        """Finish or put back what lies aside; see ``CacheHandler.recover``."""
        datastore = self._looks.datastore(store)
        base = self._looks.base(datastore)
        aside = self._looks.aside(datastore)
        folders = self._looks.folder(store, aside) or []
        time = Hindsight(now=self._clocks.now(), skew=self._skew)
        found = [
            one
            for one in _find_images(aside, folders)
            if is_abandoned(one, time.is_over)
        ]
        if not found:
            return
        there = find_image_folders(base, self._looks.folder(store, base) or ())
        with reading_store(store):
            users = self._looks.users_of(datastore, found)
        settling = _Settling(self._looks, datastore, users, time.is_over)
        for one in found:
            filled = tuple(sorted(find_filled(one, folders)))
            own = there.get(one.image_id)
            settling.settle(Leftover(image=one, own=own, filled=filled))


def _find_images(
    aside: DatastorePath, folders: list[Folder]
) -> Iterator[ImageFolder]:
    """Give the folders that bear the name of an eviction."""
    for one in folders:
        name = AsideName.read(one.path.name)
        if name is not None and one.path == aside.join(one.path.name):
            yield ImageFolder(image_id=name.image_id, folder=one)


class _Settling:
    """Settles what was left in one store, one after another."""

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
        self._users = users
        self._is_over = is_over
        self._removing = Removing(
            looks.session, datastore, looks.options.waiting
        )

    def settle(self, left: Leftover) -> None:
        """Put together what is torn; finish, put back or leave the rest."""
        origin = self._base.join(left.image.image_id)
        moved = self._users.of_folder(left.image.path)
        named = self._users.of_folder(origin) | moved
        why = why_kept(left, self._users, named, self._is_over)
        if moved:
            # A machine that names it here would not find it there.
            LOG.warning('%s is left: %s', left.image.path, why)
        elif left.is_torn:
            self._put_together(left, origin)
        elif why is None:
            self._finish(left, origin)
        elif left.own is None and left.image.is_whole:
            self._put_back(left.image.path, origin, why)
        else:
            LOG.warning('%s is left: %s', left.image.path, why)

    def _put_back(
        self, path: DatastorePath, origin: DatastorePath, why: str
    ) -> None:
        end = self._removing.move_folders({'': (path, origin)})['']
        # Where an image was fetched anew, it is not replaced.
        LOG.warning(
            '%s: %s: moved back to %s: %s', path, why, origin, end or 'done'
        )

    def _put_together(self, left: Leftover, origin: DatastorePath) -> None:
        """Move back each entry of a folder that was moved only in part."""
        path = left.image.path
        if left.colliding:
            LOG.warning(
                '%s is left, torn: %r is in %s too',
                path,
                left.colliding[0],
                origin,
            )
            return
        for names in _order_entries(left):
            moves = {one: (path.join(one), origin.join(one)) for one in names}
            ends = self._removing.move_folders(moves)
            failed = [end for end in ends.values() if end is not None]
            if failed:
                LOG.warning('%s is left, torn: %s', path, failed[0])
                return
        LOG.warning('%s was torn: put together in %s', path, origin)
        if not left.filled:
            self._removing.delete_folders([path])

    def _finish(self, left: Leftover, origin: DatastorePath) -> None:
        path = left.image.path
        end = self._delete(left.image)
        if end is None or is_gone(end):
            LOG.info('%s: removed what was left', path)
        elif not isinstance(end, VimFault) or end.name not in _REFUSALS:
            LOG.warning('%s is left: %s', path, end)
        elif left.own is None and self._is_whole_still(left.image):
            self._put_back(path, origin, str(end))
        else:
            LOG.warning('%s is left: %s', path, end)

    def _delete(self, found: ImageFolder) -> CacheError | None:
        """Delete an image, its folder last; a disk may be gone already."""
        end = self._removing.delete_disks({'': found}).get('')
        if end is not None and not is_gone(end):
            return end
        [end] = self._removing.delete_folders([found.path]).values()
        return end

    def _is_whole_still(self, found: ImageFolder) -> bool:
        """Look once more: without its disk it is of no use to Nova."""
        try:
            folders = self._looks.folder(self._store, found.path) or []
        except StoreUnavailable:
            return False
        return any(
            ImageFolder(image_id=found.image_id, folder=one).is_whole
            for one in folders
            if one.path == found.path
        )


def _order_entries(left: Leftover) -> Iterator[list[str]]:
    """Name what to move back: what Nova goes by, a disk or ISO, comes last.

    A label that is there as well stays behind; no file replaces another.
    """
    image, own = left.image, left.own
    there = own.folder.folders if own is not None else ()
    yield [one for one in image.folder.folders if one not in there]
    last = {f'{image.image_id}.vmdk', f'{image.image_id}.iso'}
    files = [one.name for one in image.folder.files]
    yield [one for one in files if one not in last]
    yield [one for one in files if one in last]
