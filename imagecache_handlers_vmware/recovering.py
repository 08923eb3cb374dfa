"""Recovering: what a died eviction left aside is finished, or put back.

Machines name the folder that it was moved from, never the one it lies in.
"""

import datetime
import logging

from imagecache_handlers.clocks import Clocks
from imagecache_handlers.labels import Marks
from imagecache_handlers_vmware.folder_requests import Removing
from imagecache_handlers_vmware.image_folders import Folder
from imagecache_handlers_vmware.image_folders import ImageFolder
from imagecache_handlers_vmware.looks import Looks
from imagecache_handlers_vmware.looks import reading_store
from imagecache_handlers_vmware.paths import aside_of
from imagecache_handlers_vmware.paths import AsideName
from imagecache_handlers_vmware.paths import DatastorePath
from imagecache_handlers_vmware.users import Users

LOG = logging.getLogger(__name__)

# How far the clocks of hosts may be apart.
_SKEW = datetime.timedelta(seconds=60)


class Recovering:
    """Goes through what lies aside in one store."""

    def __init__(self, looks: Looks, clocks: Clocks) -> None:
        self._looks = looks
        self._clocks = clocks

    def recover(self, store: str) -> None:
        """Finish or put back what lies aside; see ``CacheHandler.recover``."""
        datastore = self._looks.datastore(store)
        base = self._looks.base(datastore)
        aside = aside_of(base)
        found = [
            one
            for one in self._looks.folder(store, aside) or ()
            if one.path == aside.join(one.path.name) and self._is_left(one)
        ]
        if not found:
            return
        with reading_store(store):
            left = [
                ImageFolder(image_id=name.image_id, folder=one)
                for one in found
                if (name := AsideName.read(one.path.name))
            ]
            users = self._looks.users_of(datastore, left)
        removing = Removing(
            self._looks.session, datastore, self._looks.options.waiting
        )
        for one in left:
            self._settle(store, one, users, base, removing)

    def _is_left(self, folder: Folder) -> bool:
        """Tell if nobody evicts it any more: its time is over."""
        name = AsideName.read(folder.path.name)
        if name is None:
            return False
        image = ImageFolder(image_id=name.image_id, folder=folder)
        claims = Marks.read(image.labels).claims.values()
        now = self._clocks.now()
        return all(end + _SKEW < now for end in (name.until, *claims))

    def _settle(
        self,
        store: str,
        left: ImageFolder,
        users: Users,
        base: DatastorePath,
        removing: Removing,
    ) -> None:
        origin = base.join(left.image_id)
        used = users.of_folder(origin) | users.of_folder(left.path)
        if users.why_unknown and not used:
            LOG.warning('%s is left: %s', left.path, users.why_unknown)
        elif not used:
            self._finish(left, removing)
        else:
            # Where an image was fetched anew, it is not replaced.
            ends = removing.move_folders({'': (left.path, origin)})
            LOG.warning(
                '%s is used by %s: moved back to %s: %s',
                left.path,
                ', '.join(sorted(used)),
                origin,
                ends[''] or 'done',
            )

    def _finish(self, left: ImageFolder, removing: Removing) -> None:
        ends = removing.delete_disks({'': left})
        if not any(ends.values()):
            ends = removing.delete_folders([left.path])
        for end in ends.values():
            LOG.info('%s: removed what was left: %s', left.path, end or 'done')
