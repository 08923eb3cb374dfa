"""Labelling: the folders of labels, made and removed."""

from collections.abc import Iterable
from collections.abc import Iterator
import contextlib

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ImageNotFound
from imagecache_handlers.exceptions import StoreFull
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.exceptions import Uncertain
from imagecache_handlers.labels import SHIELD
from imagecache_handlers.model import CachedImage
from imagecache_handlers.transport.errors import CallError
from imagecache_handlers_vmware import label_folders
from imagecache_handlers_vmware.looks import Looks
from imagecache_handlers_vmware.paths import DatastorePath
from imagecache_handlers_vmware.port.errors import ReplyLost
from imagecache_handlers_vmware.port.errors import VimFault
from imagecache_handlers_vmware.removing import is_gone
from imagecache_handlers_vmware.removing import Removing

# What says that a folder cannot be made for want of room.
_FULL = frozenset({'NoDiskSpace', 'FileTooLarge'})


class Labelling:
    """Writes labels as folders within the image's own folder."""

    def __init__(self, looks: Looks) -> None:
        self._looks = looks

    def mark(
        self, image: CachedImage, add: Iterable[str], remove: Iterable[str]
    ) -> None:
        """Add each label, then remove each; see ``CacheHandler.mark``."""
        datastore = self._looks.datastore(image.store)
        folder = self._looks.folder_of(image)
        labels, ended = image.marks.labels, frozenset[str]()
        if SHIELD in (added := frozenset(add)):
            # Nova's marks must go with it, those that came just now as well,
            # and what meant nothing without it.
            there = self._list_folders(image, folder)
            labels = label_folders.read_labels(there)
            ended = label_folders.find_ended(there)
        change = label_folders.plan_change(labels, added, remove)
        removing = Removing(
            self._looks.session, datastore, self._looks.options.waiting
        )
        for name in change.make:
            # Without parents: one is never made for an image that is gone.
            with _writing(image, begun=name != change.make[0]):
                removing.make_folder(folder.join(name))
        gone = sorted({*change.remove, *ended} - {*change.make})
        paths = [folder.join(name) for name in gone]
        ends = removing.delete_folders(paths).values()
        with _writing(image, begun=bool(change.make)):
            _raise_first(ends)
        if any(ends) and not change.make:
            # A label was gone; the image may be gone with it.
            self._list_folders(image, folder)

    def _list_folders(
        self, image: CachedImage, folder: DatastorePath
    ) -> frozenset[str]:
        """Name the folders that lie in that of an image now.

        :raises ImageNotFound: when it is gone.
        """
        found = self._looks.folder(image.store, folder)
        if found is None:
            raise ImageNotFound(image.image_id, f'{folder} is gone')
        return frozenset(
            name for one in found if one.path == folder for name in one.folders
        )


def _raise_first(ends: Iterable[CacheError | None]) -> None:
    for error in ends:
        if error is not None and not is_gone(error):
            raise error


@contextlib.contextmanager
def _writing(image: CachedImage, *, begun: bool) -> Iterator[None]:
    """Say what an error of a write means: all or nothing was written.

    Once others were ``begun`` before it, it cannot be nothing any more.
    """
    try:
        yield
    except CallError as error:
        raise _error_of_write(image, error, begun) from error


def _error_of_write(
    image: CachedImage, error: CallError, begun: bool
) -> CacheError:
    if isinstance(error, VimFault):
        if error.name == 'FileNotFound':
            return ImageNotFound(image.image_id, str(error))
        if error.name in _FULL and not begun:
            return StoreFull(image.store, str(error))
    if begun or isinstance(error, ReplyLost):
        return Uncertain(image.image_id, str(error))
    return StoreUnavailable(image.store, str(error))
