"""Namespaces: folders at the top of vSAN, which have a name and a uuid.

Machines name what lies in them by the uuid, Nova by the name.
"""

import re

from imagecache_handlers.transport.exchanges import at_any_time
from imagecache_handlers.transport.exchanges import Leave
from imagecache_handlers_vmware.datastores import Datastore
from imagecache_handlers_vmware.paths import DatastorePath
from imagecache_handlers_vmware.port.errors import Incomplete
from imagecache_handlers_vmware.port.errors import VimFault
from imagecache_handlers_vmware.port import namespace_requests
from imagecache_handlers_vmware.port.requests import Reference
from imagecache_handlers_vmware.port.session import Session

# What vSAN calls such a folder by, beside its name.
_UUID = re.compile('[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}')


def find_stable_path(
    session: Session,
    datastore: Datastore,
    folder: DatastorePath,
    *,
    is_there: bool,
) -> DatastorePath:
    """Give the path by which machines name a folder at the top.

    It is the folder's own where there are no namespaces, or none is called
    so; ``is_there`` says that one is.

    :raises CallError: when that cannot be told.
    """
    if not datastore.has_namespaces:
        return folder
    url = f'{datastore.url.rstrip("/")}/{folder.path}'
    request = namespace_requests.convert_path(
        find_manager(session), datastore.datacenter, url
    )
    try:
        told = session.read(request)
    except VimFault as error:
        # Of one in which images were just found it is no answer.
        if error.name != 'InvalidDatastorePath' or is_there:
            raise
        return folder
    text = told[0].text or '' if len(told) == 1 else ''
    name = text.rstrip('/').rpartition('/')[2]
    if not name:
        raise Incomplete(f'no uuid was told of {folder}')
    return datastore.path(name)


def make_namespace(
    session: Session, datastore: Datastore, folder: DatastorePath
) -> None:
    """Make a folder at the top, unless it is there.

    :raises CallError: when that fails, or is not certain.
    """
    request = namespace_requests.make_namespace(
        find_manager(session), datastore.reference, folder.path
    )
    try:
        session.once(request)
    except VimFault as error:
        if error.name != 'FileAlreadyExists':
            raise


def delete_namespace(
    session: Session,
    datastore: Datastore,
    folder: DatastorePath,
    leave: Leave = at_any_time,
) -> None:
    """Delete a folder at the top, with all that is in it.

    What is called so later is another one, and stays.

    :raises CallError: when that fails, or is not certain.
    """
    stable = folder
    if not _UUID.fullmatch(folder.path):
        stable = find_stable_path(session, datastore, folder, is_there=False)
    # It takes no datastore path, but what hosts call it.
    volume = datastore.url.removeprefix('ds://').rstrip('/')
    request = namespace_requests.delete_namespace(
        find_manager(session), datastore.datacenter, f'{volume}/{stable.path}'
    )
    session.once(request, leave)


def find_manager(session: Session) -> Reference:
    """Give who makes and deletes such folders.

    :raises Incomplete: when this vCenter has none.
    """
    manager = session.managers.namespace_manager
    if manager is None:
        raise Incomplete(f'{session.address} has no DatastoreNamespaceManager')
    return manager
