"""Searching: what lies below a folder of a datastore, in one task."""

from collections.abc import Callable
import dataclasses
from typing import TypeVar

from imagecache_handlers_vmware.datastores import Datastore
from imagecache_handlers_vmware.folder_trees import DatedFolder
from imagecache_handlers_vmware.folder_trees import gather_tree
from imagecache_handlers_vmware.folder_trees import gather_trees
from imagecache_handlers_vmware.folder_trees import Tree
from imagecache_handlers_vmware.image_folders import File
from imagecache_handlers_vmware.image_folders import Folder
from imagecache_handlers_vmware.paths import DatastorePath
from imagecache_handlers_vmware.paths import read_path
from imagecache_handlers_vmware.port.errors import Incomplete
from imagecache_handlers_vmware.port.errors import VimFault
from imagecache_handlers_vmware.port.replies import children
from imagecache_handlers_vmware.port.replies import Element
from imagecache_handlers_vmware.port.replies import read_time
from imagecache_handlers_vmware.port.replies import text_of
from imagecache_handlers_vmware.port.replies import type_of
from imagecache_handlers_vmware.port.requests import Request
from imagecache_handlers_vmware.port import searches
from imagecache_handlers_vmware.port.session import Session
from imagecache_handlers_vmware.port import tasks
from imagecache_handlers_vmware.port.tasks import Waiting

T = TypeVar('T')

_RESULT = 'HostDatastoreBrowserSearchResults'


def search_below(
    session: Session,
    datastore: Datastore,
    path: DatastorePath,
    waiting: Waiting,
) -> list[Folder] | None:
    """List a folder and all that is below it; None: it is not there.

    :raises CallError: when any of it cannot be listed.
    """
    request = searches.search_below(
        datastore.browser, str(path), measures=datastore.has_namespaces
    )
    found = _run_search(
        session, datastore, path, request, waiting, _read_folder
    )
    return None if found is None else _note_filled(found)


def search_disks(
    session: Session,
    datastore: Datastore,
    path: DatastorePath,
    waiting: Waiting,
) -> dict[DatastorePath, int]:
    """Tell what each disk below a folder takes of the datastore, in bytes.

    Of a thin one that is less than its extent's size says.

    :raises CallError: when any of it cannot be listed.
    """
    request = searches.search_disks(datastore.browser, str(path))
    found = _run_search(
        session, datastore, path, request, waiting, _read_folder
    )
    return {
        one.path.join(file.name): file.size
        for one in found or ()
        for file in one.files
    }


def search_trees(
    session: Session,
    datastore: Datastore,
    path: DatastorePath,
    waiting: Waiting,
) -> list[Tree]:
    """Give each folder in a folder, with all that is below it, and its age.

    There is none where that folder is not there.

    :raises CallError: when any of it cannot be listed.
    """
    request = searches.search_below(datastore.browser, str(path))
    found = _run_search(
        session, datastore, path, request, waiting, _read_dated
    )
    return gather_trees(path, found or ())


def search_tree(
    session: Session,
    datastore: Datastore,
    path: DatastorePath,
    waiting: Waiting,
) -> Tree | None:
    """Give one folder with all that is below it; None: it is not there.

    :raises CallError: when any of it cannot be listed.
    """
    request = searches.search_below(datastore.browser, str(path))
    found = _run_search(
        session, datastore, path, request, waiting, _read_dated
    )
    return None if found is None else gather_tree(path, found)


def search_top(
    session: Session, datastore: Datastore, waiting: Waiting
) -> tuple[str, ...]:
    """Name the folders at the top of a datastore; none of them is read.

    :raises CallError: when they cannot be listed.
    """
    path = datastore.path('')
    request = searches.search_folder(datastore.browser, str(path))
    found = _run_search(
        session, datastore, path, request, waiting, _read_top, 'result'
    )
    return tuple(name for one in found or () for name in one.folders)


def _run_search(
    session: Session,
    datastore: Datastore,
    path: DatastorePath,
    request: Request,
    waiting: Waiting,
    read: Callable[[Element, Datastore, DatastorePath], T],
    name: str = _RESULT,
) -> list[T] | None:
    """Give what was found in each folder; None: the first is not there."""
    found: list[T] = []

    def take(element: Element) -> None:
        found.append(read(element, datastore, path))

    try:
        task = tasks.read_task(session.read(request), request.method)
        found.clear()
        tasks.read_result(session, task, request.method, take, name, waiting)
    except VimFault as error:
        if error.name == 'FileNotFound':
            return None
        raise
    return found


def _note_filled(found: list[Folder]) -> list[Folder]:
    """Note in each folder which of its folders are not empty."""
    filled = {one.path for one in found if one.files or one.folders}
    return [
        dataclasses.replace(
            folder,
            filled=frozenset(
                name
                for name in folder.folders
                if folder.path.join(name) in filled
            ),
        )
        for folder in found
    ]


def _read_folder(
    element: Element, datastore: Datastore, searched: DatastorePath
) -> Folder:
    text = text_of(element, 'folderPath') or ''
    path = read_path(text, datastore.name)
    if path is None:
        # It was renamed since: what VMs name is under its new name.
        raise Incomplete(f'{text!r} is not on datastore {datastore.name!r}')
    if datastore.has_namespaces:
        path = _name_top(path, searched)
    entries = list(children(element, 'file'))
    folders = [one for one in entries if type_of(one) == 'FolderFileInfo']
    files = [one for one in entries if type_of(one) != 'FolderFileInfo']
    return Folder(
        path=DatastorePath(datastore.name, path),
        files=tuple(map(_read_file, files)),
        folders=tuple(text_of(one, 'path') or '' for one in folders),
        has_extents=not datastore.has_namespaces,
    )


def _read_top(
    element: Element, datastore: Datastore, searched: DatastorePath
) -> Folder:
    """Read the top, where a folder with a uuid may have a name as well."""
    folders = [
        one
        for one in children(element, 'file')
        if type_of(one) == 'FolderFileInfo'
    ]
    names = (
        text_of(one, 'friendlyName') or text_of(one, 'path') or ''
        for one in folders
    )
    return Folder(path=searched, folders=tuple(names))


def _read_dated(
    element: Element, datastore: Datastore, searched: DatastorePath
) -> DatedFolder:
    return DatedFolder(
        folder=_read_folder(element, datastore, searched),
        times={
            text_of(one, 'path') or '': read_time(
                text_of(one, 'modification') or ''
            )
            for one in children(element, 'file')
        },
    )


def _name_top(path: str, searched: DatastorePath) -> str:
    """Call the folder at the top by the name that was searched by.

    It may be told by its uuid.
    """
    top = searched.path.partition('/')[0]
    return '/'.join([top, *path.split('/')[1:]])


def _read_file(element: Element) -> File:
    size = text_of(element, 'fileSize') or '0'
    return File(
        name=text_of(element, 'path') or '',
        size=int(size) if size.isdecimal() else 0,
        modified=read_time(text_of(element, 'modification') or ''),
    )
