"""Datastore files: small ones, read and written over HTTP."""

from imagecache_handlers.transport.errors import CallError
from imagecache_handlers.transport.errors import Unreachable
from imagecache_handlers_vmware.datacenter_paths import read_path_of
from imagecache_handlers_vmware.datastores import Datastore
from imagecache_handlers_vmware.paths import DatastorePath
from imagecache_handlers_vmware.port.errors import Incomplete
from imagecache_handlers_vmware.port.errors import ReplyLost
from imagecache_handlers_vmware.port.errors import VimFault
from imagecache_handlers_vmware.port.session import Session
from imagecache_handlers_vmware.port.uploads import target_of

# How often a file is written until it is there.
_TRIES = 2


class DatastoreFiles:
    """The files of one datastore, of 64 KiB at most."""

    def __init__(self, session: Session, datastore: Datastore) -> None:
        self._session = session
        self._datastore = datastore
        self._center: str | None = None

    def read_file(self, path: DatastorePath) -> bytes:
        """Read a file.

        :raises CallError: when it cannot be read.
        """
        try:
            return self._session.access_file('GET', self._find_target(path))
        except ReplyLost as error:
            # Who reads changes nothing, whatever came of it.
            raise Incomplete(f'{path}: {error}') from error

    def write_file(self, path: DatastorePath, content: bytes) -> None:
        """Write a file in place of the one that is there, and read it back.

        What was lost on the way is written once more: it is the same.

        :raises VimFault: when vCenter says no: nothing was written.
        :raises ReplyLost: when a part of it may be there.
        """
        why: object = None
        for _ in range(_TRIES):
            try:
                self._session.access_file(
                    'PUT', self._find_target(path), content
                )
            except (VimFault, Unreachable) as error:
                if why is None:
                    raise
                why = error
                continue
            except CallError as error:
                why = error
            if self._has_content(path, content):
                return
            why = why or 'it is not what was written'
        raise ReplyLost(f'{path} may be written in part: {why}')

    def _has_content(self, path: DatastorePath, content: bytes) -> bool:
        try:
            return self.read_file(path) == content
        except CallError:
            return False

    def _find_target(self, path: DatastorePath) -> str:
        if self._center is None:
            self._center = read_path_of(
                self._session, self._datastore.datacenter
            )
        return target_of(path.path, self._datastore.name, self._center)
