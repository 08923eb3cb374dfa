"""Datastore files: small ones, read and written over HTTP."""

import urllib.parse

from imagecache_handlers.transport.errors import CallError
from imagecache_handlers.transport.errors import Unreachable
from imagecache_handlers_vmware.datastores import Datastore
from imagecache_handlers_vmware.paths import DatastorePath
from imagecache_handlers_vmware.port.errors import Incomplete
from imagecache_handlers_vmware.port.errors import ReplyLost
from imagecache_handlers_vmware.port.errors import VimFault
from imagecache_handlers_vmware.port.managers import read_reference
from imagecache_handlers_vmware.port.properties import read_properties
from imagecache_handlers_vmware.port.requests import Reference
from imagecache_handlers_vmware.port.requests import Selection
from imagecache_handlers_vmware.port.session import Session

_NAMED = [
    Selection(kind=kind, properties=('name', 'parent'))
    for kind in ('Datacenter', 'Folder')
]
# Folders in folders; whoever has more has a loop.
_DEPTH = 64

# How often a file is written until it is there.
_TRIES = 2


class DatastoreFiles:
    """The files of one datastore, of 64 KiB at most."""

    def __init__(self, session: Session, datastore: Datastore) -> None:
        self._session = session
        self._datastore = datastore
        self._center: str | None = None

    def read(self, path: DatastorePath) -> bytes:
        """Read a file.

        :raises CallError: when it cannot be read.
        """
        return self._session.access_file('GET', self._target(path))

    def write(self, path: DatastorePath, content: bytes) -> None:
        """Write a file in place of the one that is there, and read it back.

        What was lost on the way is written once more: it is the same.

        :raises VimFault: when vCenter says no: nothing was written.
        :raises ReplyLost: when a part of it may be there.
        """
        why: object = None
        for _ in range(_TRIES):
            try:
                self._session.access_file('PUT', self._target(path), content)
            except (VimFault, Unreachable) as error:
                if why is None:
                    raise
                why = error
                continue
            except CallError as error:
                why = error
            if self._has(path, content):
                return
            why = why or 'it is not what was written'
        raise ReplyLost(f'{path} may be written in part: {why}')

    def _has(self, path: DatastorePath, content: bytes) -> bool:
        try:
            return self.read(path) == content
        except CallError:
            return False

    def _target(self, path: DatastorePath) -> str:
        if self._center is None:
            self._center = self._find_center()
        query = urllib.parse.urlencode(
            {'dcPath': self._center, 'dsName': self._datastore.name},
            quote_via=urllib.parse.quote,
        )
        return f'/folder/{urllib.parse.quote(path.path)}?{query}'

    def _find_center(self) -> str:
        """Give the path of the datacenter in the inventory.

        :raises CallError: when it cannot be told.
        """
        names: list[str] = []
        at: Reference = self._datastore.datacenter
        root = self._session.managers.root_folder
        while at != root and len(names) < _DEPTH:
            [found] = read_properties(self._session, [at], _NAMED)
            names.append(found.require_text('name'))
            above = found.properties.get('parent')
            if above is None:
                raise Incomplete(f'nothing was said of what {at.name} is in')
            at = read_reference(above)
        return '/'.join(reversed(names))
