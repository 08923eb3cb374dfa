"""Importing: a disk comes in with a machine, which is forgotten then.

vSphere takes a streamOptimized disk in no other way.  Nova does the same,
under the same name, so that whoever cleans up after one does after both.
"""

from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import logging
import time
import uuid

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.transport.errors import CallError
from imagecache_handlers_vmware.datastores import Datastore
from imagecache_handlers_vmware.debris_rules import SHADOW
from imagecache_handlers_vmware.folder_requests import is_gone
from imagecache_handlers_vmware.folder_requests import Removing
from imagecache_handlers_vmware.import_places import FoundPlace
from imagecache_handlers_vmware.left_machines import unregister_machine
from imagecache_handlers_vmware.looks import Looks
from imagecache_handlers_vmware.machines import named_files
from imagecache_handlers_vmware.paths import DatastorePath
from imagecache_handlers_vmware.paths import read_path
from imagecache_handlers_vmware.port.errors import Incomplete
from imagecache_handlers_vmware.port.errors import ReplyLost
from imagecache_handlers_vmware.port.errors import WrongAnswer
from imagecache_handlers_vmware.port import import_requests
from imagecache_handlers_vmware.port import leases
from imagecache_handlers_vmware.port.managers import read_reference
from imagecache_handlers_vmware.port.properties import read_one
from imagecache_handlers_vmware.port.replies import type_of
from imagecache_handlers_vmware.port.requests import Reference

LOG = logging.getLogger(__name__)

# vCenter gives a lease up that it has not heard of for five minutes.
_SILENCE = 60.0
_KIB = 1024
_DEVICES = 'config.hardware.device'


class Importing:
    """Has disks come to one datastore, each with a machine of its own."""

    def __init__(
        self, looks: Looks, datastore: Datastore, removing: Removing
    ) -> None:
        self._session = looks.session
        self._waiting = looks.options.waiting
        self._datastore = datastore
        self._removing = removing

    @contextlib.contextmanager
    def imported_disk(
        self,
        place: FoundPlace,
        chunks: Iterable[bytes],
        *,
        size: int,
        capacity: int,
    ) -> Iterator[DatastorePath]:
        """Give a disk that is no machine's any more, to be moved elsewhere.

        ``size`` is that of the file which comes in ``chunks``, ``capacity``
        that of the disk in it, in bytes.  What is left of the machine goes.

        :raises CallError: when it has not come; nothing is left, or debris.
        """
        name = f'{SHADOW}{uuid.uuid4()}'
        machine = self._bring_in(name, place, chunks, size, capacity)
        try:
            disk = self._find_disk(machine, name)
            unregister_machine(self._session, machine)
        # Ctrl-C too: what is left must be told, whatever ended it.
        except BaseException:
            LOG.warning('Machine %s was left behind, as debris', name)
            raise
        try:
            yield disk
        # Ctrl-C too: nobody else knows where the disk lies.
        except BaseException:
            if self._discard_disk(disk):
                self._discard_folder(disk.parent)
            raise
        self._discard_folder(disk.parent)

    def _bring_in(
        self,
        name: str,
        place: FoundPlace,
        chunks: Iterable[bytes],
        size: int,
        capacity: int,
    ) -> Reference:
        lease = self._open_lease(name, place, capacity)
        try:
            upload = leases.await_upload(self._session, lease, self._waiting)
            self._session.put_disk(
                upload.address,
                upload.target,
                self._keep_lease(lease, chunks, size),
                size,
            )
            self._complete_lease(lease)
        # Ctrl-C too: nobody else knows of it.
        except BaseException:
            self._abort_lease(lease, name)
            raise
        return upload.machine

    def _open_lease(
        self, name: str, place: FoundPlace, capacity: int
    ) -> Reference:
        request = import_requests.import_machine(
            place.pool,
            place.folder,
            name=name,
            datastore=self._datastore.name,
            capacity=-(-capacity // _KIB),
        )
        for element in self._session.once(request):
            return read_reference(element)
        raise WrongAnswer(f'{request.method} named no lease')

    def _keep_lease(
        self, lease: Reference, chunks: Iterable[bytes], size: int
    ) -> Iterator[bytes]:
        """Give the bytes, and say now and then that they still come."""
        told, sent = time.monotonic(), 0
        for chunk in chunks:
            now = time.monotonic()
            if now - told > _SILENCE:
                told = now
                percent = min(99, 100 * sent // max(1, size))
                request = import_requests.tell_progress(lease, percent)
                # A lease that has ended shows by the upload.
                with contextlib.suppress(CallError):
                    self._session.once(request)
            yield chunk
            sent += len(chunk)

    def _complete_lease(self, lease: Reference) -> None:
        try:
            self._session.once(import_requests.complete_lease(lease))
        except ReplyLost:
            # Whether it was heard of shows by the lease.
            if leases.read_state(self._session, lease) != leases.DONE:
                raise

    def _abort_lease(self, lease: Reference, name: str) -> None:
        try:
            self._session.once(import_requests.abort_lease(lease))
        except CacheError as error:
            if self._has_failed(lease):
                return  # vCenter gave it up by itself
            LOG.warning(
                'The import of %s could not be given up: %s; vCenter does so '
                'in some minutes, or leaves debris',
                name,
                error,
            )

    def _has_failed(self, lease: Reference) -> bool:
        try:
            return leases.read_state(self._session, lease) == leases.FAILED
        except CacheError:
            return False

    def _find_disk(self, machine: Reference, name: str) -> DatastorePath:
        """Tell where the only disk of a machine lies, off its devices.

        vCenter tells of its files later, and of what they were before.

        :raises Incomplete: when that is not a folder of its own.
        """
        found = read_one(self._session, machine, ('name', _DEVICES))
        if found.text('name') != name:
            raise Incomplete(f'{machine.name} is not the one that came in')
        devices = found.properties.get(_DEVICES)
        disks = [
            text
            for one in (() if devices is None else devices)
            if type_of(one) == 'VirtualDisk'
            for text in named_files(one)
        ]
        path = read_path(disks[0], self._datastore.name) if disks else None
        if len(disks) != 1 or path is None or not self._is_own(path, name):
            raise Incomplete(f'the disk of an imported machine: {disks}')
        return self._datastore.path(path)

    def _is_own(self, path: str, name: str) -> bool:
        """Tell if a disk lies in the folder of its machine, at the top.

        On vSAN that is called by a uuid.
        """
        folder, _, file = path.partition('/')
        is_folder = self._datastore.has_namespaces or folder.startswith(name)
        return is_folder and bool(file) and '/' not in file

    def _discard_disk(self, disk: DatastorePath) -> bool:
        """Delete a disk; False: its folder must stay.

        On vSAN its object is nobody's for ever without its descriptor.
        """
        end = self._removing.delete_disk(disk)
        if end is None or is_gone(end):
            return True
        LOG.warning('%s was left behind, as debris: %s', disk, end)
        return False

    def _discard_folder(self, folder: DatastorePath) -> None:
        try:
            [end] = self._removing.delete_folders([folder]).values()
        except CacheError as error:
            end = error
        if end is not None and not is_gone(end):
            LOG.warning('%s was left behind, as debris: %s', folder, end)
