"""Aside folder: made beside the base, or lent where none can be made.

On vSAN it is the base itself.
"""

from collections.abc import Iterator
from collections.abc import Mapping

from imagecache_handlers.exceptions import StoreFull
from imagecache_handlers_vmware.datastores import Datastore
from imagecache_handlers_vmware.folder_requests import is_gone
from imagecache_handlers_vmware.folder_requests import is_taken
from imagecache_handlers_vmware.folder_requests import Removing
from imagecache_handlers_vmware.image_folders import find_image_folders
from imagecache_handlers_vmware.joint_folders import is_mark
from imagecache_handlers_vmware.joint_folders import split_folder
from imagecache_handlers_vmware.label_folders import read_labels
from imagecache_handlers_vmware.looks import Looks
from imagecache_handlers_vmware.looks import reading_store
from imagecache_handlers_vmware.paths import DatastorePath
from imagecache_handlers_vmware.port.errors import FULL
from imagecache_handlers_vmware.port.errors import VimFault


class AsideFolder:
    """The folder of one datastore that evictions move images to."""

    def __init__(
        self, looks: Looks, datastore: Datastore, removing: Removing
    ) -> None:
        self._looks = looks
        self._store = datastore.store.name
        self._base = looks.base(datastore)
        self._path = looks.aside(datastore)
        self._removing = removing

    def make_folder(self, going: Mapping[str, frozenset[str]]) -> None:
        """Make it, unless it is there, for images that are to go.

        ``going`` has the labels by which each goes.  On a full datastore an
        image that stays gives its mark for it, and begins its age anew; of
        several that go, one of them.

        :raises StoreFull: when none has one to give.
        :raises StoreUnavailable: when it cannot be made.
        """
        if self._path == self._base:
            return
        with reading_store(self._store):
            try:
                self._removing.make_folder(self._path)
            except VimFault as error:
                if error.name not in FULL:
                    raise
                self._lend_mark(going, error)

    def _lend_mark(
        self, going: Mapping[str, frozenset[str]], error: VimFault
    ) -> None:
        for mark in self._find_marks(going):
            move = {'': (mark, self._path)}
            end = self._removing.move_folders(move)['']
            if end is None or is_taken(end):
                return
            if not is_gone(end):
                break
        why = f'{error}, nor is there a mark to be renamed: make some room'
        raise StoreFull(self._store, why) from error

    def _find_marks(
        self, going: Mapping[str, frozenset[str]]
    ) -> Iterator[DatastorePath]:
        """Give marks of images, those of images that stay first.

        One that tells a claim of somebody else's as well is not ours to
        give, nor is one that holds something.
        """
        folders = self._looks.folder(self._store, self._base) or ()
        images = find_image_folders(self._base, folders).values()
        for image in sorted(images, key=lambda one: one.image_id in going):
            known = going.get(image.image_id, frozenset())
            marks = [
                one
                for one in sorted(image.folder.folders)
                if is_mark(one)
                and one not in image.folder.filled
                and read_labels(split_folder(one)[1:]) <= known
            ]
            if image.image_id not in going or len(going) > 1:
                yield from map(image.path.join, marks)
