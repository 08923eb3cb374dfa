"""Folder requests: those that make and move folders, or remove them."""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Hashable
from collections.abc import Iterable
from collections.abc import Mapping
from typing import TypeVar

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.transport.errors import CallError
from imagecache_handlers.transport.exchanges import at_any_time
from imagecache_handlers_vmware.datastores import Datastore
from imagecache_handlers_vmware.eviction_errors import rank_failure
from imagecache_handlers_vmware.groups import run_group
from imagecache_handlers_vmware.image_folders import ImageFolder
from imagecache_handlers_vmware.namespaces import delete_namespace
from imagecache_handlers_vmware.namespaces import make_namespace
from imagecache_handlers_vmware.paths import DatastorePath
from imagecache_handlers_vmware.port.errors import VimFault
from imagecache_handlers_vmware.port import file_requests
from imagecache_handlers_vmware.port.requests import Request
from imagecache_handlers_vmware.port.session import Session
from imagecache_handlers_vmware.port.tasks import Waiting
from imagecache_handlers_vmware.searching import search_below

K = TypeVar('K', bound=Hashable)

Ends = dict[str, CacheError | None]


class Removing:
    """Moves and removes folders of one datastore, many at once.

    Folders are told apart by whatever text stands for them.
    """

    def __init__(
        self, session: Session, datastore: Datastore, waiting: Waiting
    ) -> None:
        self._session = session
        self._datastore = datastore
        self._waiting = waiting

    def make_folder(self, path: DatastorePath) -> None:
        """Make a folder, unless it is there.

        :raises CallError: when that fails.
        """
        self._make_directory(path, parents=False)

    def make_folders(self, path: DatastorePath) -> None:
        """Make a folder and those above it, as far as they are not there.

        :raises CallError: when that fails.
        """
        if not self._datastore.has_namespaces:
            self._make_directory(path, parents=True)
            return
        try:
            if path.parent.path:
                self.make_folder(path)
                return
        except VimFault as error:
            if not is_gone(error):
                raise
        self._make_top(path)

    def _make_top(self, path: DatastorePath) -> None:
        """Make what is directly in a folder at the top, and that."""
        top = self._datastore.path(path.path.partition('/')[0])
        make_namespace(self._session, self._datastore, top)
        if path != top:
            self.make_folder(path)

    def _make_directory(self, path: DatastorePath, *, parents: bool) -> None:
        request = file_requests.make_directory(
            self._session.managers.file_manager,
            str(path),
            self._datastore.datacenter,
            parents=parents,
        )
        try:
            self._session.read(request)
        except VimFault as error:
            if error.name != 'FileAlreadyExists':
                raise

    def run_task(self, request: Request) -> None:
        """Do one task to its end.

        :raises CallError: when that fails, or is not certain.
        """
        [error] = run_group(
            self._session, {'': request}, self._waiting
        ).values()
        if error is not None:
            raise error

    def move_folders(
        self,
        moves: Mapping[str, tuple[DatastorePath, DatastorePath]],
        leave: Callable[[], object] = at_any_time,
        *,
        cancels: bool = False,
    ) -> Ends:
        """Rename folders; nothing that is there already is replaced.

        ``cancels``: what takes too long is not to happen later either.
        """
        manager = self._session.managers.file_manager
        requests = {
            key: file_requests.move_file(
                manager, str(source), str(target), self._datastore.datacenter
            )
            for key, (source, target) in moves.items()
        }
        return run_group(
            self._session, requests, self._waiting, leave, cancels=cancels
        )

    def delete_disks(
        self,
        folders: Mapping[str, ImageFolder],
        leave: Callable[[], object] = at_any_time,
    ) -> Ends:
        """Delete all disks of folders, that of the image itself last.

        One whose larger copies cannot be deleted keeps its own disk; of
        several failures the gravest is its end.
        """
        sized = {
            (key, disk): found.path.join(disk)
            for key, found in folders.items()
            for disk in found.disks[:-1]
        }
        ends: Ends = {}
        for (key, _), end in self._delete_each(sized, leave).items():
            if end is not None and not is_gone(end):
                ends[key] = max(ends.get(key) or end, end, key=rank_failure)
        last = {
            key: found.path.join(found.disks[-1])
            for key, found in folders.items()
            if found.disks and key not in ends
        }
        return ends | self._delete_each(last, leave)

    def _delete_each(
        self,
        disks: Mapping[K, DatastorePath],
        leave: Callable[[], object],
    ) -> dict[K, CacheError | None]:
        manager = self._session.managers.disk_manager
        requests = {
            key: file_requests.delete_disk(
                manager, str(path), self._datastore.datacenter
            )
            for key, path in disks.items()
        }
        return run_group(
            self._session, requests, self._waiting, leave, cancels=True
        )

    def delete_disk(self, path: DatastorePath) -> CacheError | None:
        """Delete one disk, its descriptor and its extent; give its end."""
        [end] = self._delete_each({'': path}, at_any_time).values()
        return end

    def delete_folders(
        self,
        paths: Collection[DatastorePath],
        leave: Callable[[], object] = at_any_time,
    ) -> Ends:
        """Delete folders with all that is left in them, by their paths.

        Of one that is said to be not empty each entry, then itself once more.
        """
        tops = [one for one in paths if self._is_namespace(one)]
        ends = {str(one): self._delete_namespace(one, leave) for one in tops}
        paths = [one for one in paths if one not in tops]
        ends |= self._delete_files(paths, leave)
        filled = [path for path in paths if _is_filled(ends[str(path)])]
        for path in filled:
            entries = self._list_entries(path)
            self._delete_files(entries, leave)
        return ends | self._delete_files(filled, leave)

    def _is_namespace(self, path: DatastorePath) -> bool:
        return self._datastore.has_namespaces and not path.parent.path

    def _delete_namespace(
        self, path: DatastorePath, leave: Callable[[], object]
    ) -> CacheError | None:
        try:
            delete_namespace(self._session, self._datastore, path, leave)
        except CacheError as error:
            return error
        return None

    def _list_entries(self, path: DatastorePath) -> list[DatastorePath]:
        """List what lies in a folder, files first; nothing where it fails."""
        try:
            found = search_below(
                self._session, self._datastore, path, self._waiting
            )
        except CallError:
            return []
        return [
            one.path.join(name)
            for one in found or ()
            if one.path == path
            for name in (*(file.name for file in one.files), *one.folders)
        ]

    def _delete_files(
        self,
        paths: Iterable[DatastorePath],
        leave: Callable[[], object],
    ) -> Ends:
        manager = self._session.managers.file_manager
        requests = {
            str(path): file_requests.delete_file(
                manager, str(path), self._datastore.datacenter
            )
            for path in paths
        }
        return run_group(self._session, requests, self._waiting, leave)


def is_gone(error: CacheError) -> bool:
    return isinstance(error, VimFault) and error.name == 'FileNotFound'


def is_taken(error: CacheError) -> bool:
    """Tell if there is something of that name already."""
    return isinstance(error, VimFault) and error.name == 'FileAlreadyExists'


def _is_filled(error: CacheError | None) -> bool:
    return isinstance(error, VimFault) and error.name == 'DirectoryNotEmpty'
