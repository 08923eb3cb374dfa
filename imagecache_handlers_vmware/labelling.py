"""Labelling: the folders of labels, made and removed."""

from collections.abc import Iterable
from collections.abc import Iterator
import contextlib

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ImageNotFound
from imagecache_handlers.exceptions import StoreFull
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.exceptions import Uncertain
from imagecache_handlers.model import CachedImage
from imagecache_handlers_vmware import label_folders
from imagecache_handlers_vmware.datastores import Datastore
from imagecache_handlers_vmware.looks import Looks
from imagecache_handlers_vmware.paths import DatastorePath
from imagecache_handlers_vmware.paths import read_path
from imagecache_handlers_vmware.port import envelopes
from imagecache_handlers_vmware.port import tasks
from imagecache_handlers_vmware.port.envelopes import Reference
from imagecache_handlers_vmware.port.errors import CallError
from imagecache_handlers_vmware.port.errors import ReplyLost
from imagecache_handlers_vmware.port.errors import VimFault

# What says that a folder cannot be made for want of room.
_FULL = frozenset({'NoDiskSpace', 'FileTooLarge'})


class Labelling:
    """Writes labels as folders within the image's own folder."""

    def __init__(self, looks: Looks) -> None:
        self._looks = looks
        self._session = looks.session

    def mark(
        self, image: CachedImage, add: Iterable[str], remove: Iterable[str]
    ) -> None:
        """Add each label, then remove each; see ``CacheHandler.mark``."""
        datastore = self._looks.datastore(image.store)
        change = label_folders.plan_change(image.marks.labels, add, remove)
        folder = folder_of(image, datastore)
        for name in change.make:
            with _writing(image, begun=name != change.make[0]):
                self._make_folder(datastore, folder.join(name))
        if change.remove:
            paths = [folder.join(name) for name in change.remove]
            with _writing(image, begun=bool(change.make)):
                is_certain = self._remove_folders(datastore, paths)
            if not is_certain and not change.make:
                self._check_image(image, folder)

    def _make_folder(
        self, datastore: Datastore, path: DatastorePath
    ) -> None:
        # Without parents: one is never made for an image that is gone.
        request = envelopes.make_directory(
            self._session.managers.file_manager,
            str(path),
            datastore.datacenter,
            parents=False,
        )
        try:
            self._session.read(request)
        except VimFault as error:
            if error.name != 'FileAlreadyExists':
                raise

    def _remove_folders(
        self, datastore: Datastore, paths: Iterable[DatastorePath]
    ) -> bool:
        """Remove folders; False: of some it was said that they are gone."""
        running = {}
        for path in paths:
            request = envelopes.delete_file(
                self._session.managers.file_manager,
                str(path),
                datastore.datacenter,
            )
            answer = self._session.once(request)
            running[tasks.read_task(answer, request.method)] = request.method
        return self._follow_removals(running)

    def _follow_removals(self, running: dict[Reference, str]) -> bool:
        is_certain = True
        for _, error in tasks.follow_tasks(
            self._session, running, self._looks.options.waiting
        ):
            if isinstance(error, VimFault) and error.name == 'FileNotFound':
                is_certain = False
            elif error is not None:
                raise error
        return is_certain

    def _check_image(self, image: CachedImage, folder: DatastorePath) -> None:
        """Make sure that a label was gone, and not the image with it."""
        if self._looks.folder(image.store, folder) is None:
            raise ImageNotFound(image.image_id, f'{folder} is gone')


def folder_of(image: CachedImage, datastore: Datastore) -> DatastorePath:
    """Give the folder of an image that was listed.

    :raises StoreUnavailable: when the datastore is called otherwise now.
    """
    path = read_path(image.location, datastore.name)
    if path is None:
        why = f'{image.location!r} is no path of {datastore.name!r}'
        raise StoreUnavailable(image.store, why)
    return DatastorePath(datastore.name, path)


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
