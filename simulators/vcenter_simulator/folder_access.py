"""Folder access: files of datastores over HTTP, by cookie or by ticket."""

from collections.abc import Iterator
import dataclasses
from typing import Protocol
import urllib.parse

from vcenter_simulator.faults import VimFault
from vcenter_simulator.sessions import Session

PATH = '/folder'
BLOCK = 64 * 1024
_STATUS = {
    'FileAlreadyExists': 409,
    'FileLocked': 409,
    'FileNotFound': 404,
    'IncorrectFileType': 400,
    'InvalidArgument': 400,
    'InvalidDatastore': 404,
    'InvalidDatastorePath': 400,
    'ManagedObjectNotFound': 404,
    'NoDiskSpace': 507,
    'NoPermission': 403,
    'NotAuthenticated': 401,
    'NotFound': 404,
}


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """A file by its names: of a datacenter's path, a datastore, and its own.

    ``datacenter`` is the inventory path, ``path`` the one in the datastore,
    without slashes around it.
    """

    datacenter: str
    datastore: str
    path: str


class Files(Protocol):
    """What keeps the files.  It locks the world itself, where it must.

    Every method raises VimFault: FileNotFound, NotFound (a datacenter or
    datastore), NoPermission, FileLocked, NoDiskSpace.
    """

    def size_of(self, session: Session, place: Place) -> int:
        """Give the size of a file in bytes."""

    def read(
        self, session: Session, place: Place, start: int, size: int
    ) -> bytes:
        """Give so many bytes of a file, or what there is of them."""

    def write(
        self,
        session: Session,
        place: Place,
        blocks: Iterator[bytes],
        length: int,
    ) -> bool:
        """Write a file, with its parents; tell if it is new.

        ``blocks`` ends early when the connection does: what came stays.
        """


def read_place(path: str, query: str) -> Place:
    """Read which file a request is about.

    :raises VimFault: InvalidArgument.
    """
    fields = urllib.parse.parse_qs(query, keep_blank_values=True)
    place = Place(
        fields.get('dcPath', [''])[0],
        fields.get('dsName', [''])[0],
        urllib.parse.unquote(path[len(PATH) :]).strip('/'),
    )
    if not (place.datacenter and place.datastore and place.path):
        raise VimFault('InvalidArgument', 'dcPath, dsName and a file')
    return place


def status_of(fault: VimFault) -> int:
    """Give the HTTP status that tells of a fault."""
    return _STATUS.get(fault.type_name, 500)
