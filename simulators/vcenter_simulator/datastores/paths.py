"""Paths of datastores: '[name] folder/file' and the URLs for the same."""

from collections.abc import Iterable
import dataclasses
import urllib.parse

from vcenter_simulator.faults import VimFault

NAME_BYTES = 255
_VOLUMES = '/vmfs/volumes/'


@dataclasses.dataclass(frozen=True, slots=True)
class StorePath:
    """What a client wrote: a datastore, and the names from its root on.

    ``store`` is its name, or its uuid where ``by_uuid``.
    """

    store: str
    parts: tuple[str, ...]
    by_uuid: bool = False


def refuse_path(text: str) -> VimFault:
    """Make the fault for what is no path of a datastore."""
    return VimFault('InvalidDatastorePath', datastorePath=text)


def parse_path(text: str) -> StorePath:
    """Read a path or a URL as file methods take them.

    :raises VimFault: InvalidDatastorePath
    """
    if text.startswith('['):
        return _parse_bracketed(text)
    if text.startswith(('http://', 'https://')):
        return _parse_folder_url(text)
    return parse_volume_url(text)


def parse_volume_url(text: str) -> StorePath:
    """Read ``[ds://]/vmfs/volumes/<uuid>/<folder>/...``.

    :raises VimFault: InvalidDatastorePath
    """
    bare = text.removeprefix('ds://')
    if not bare.startswith(_VOLUMES):
        raise refuse_path(text)
    store, _, rest = bare.removeprefix(_VOLUMES).partition('/')
    if not store:
        raise refuse_path(text)
    return StorePath(store, split_names(rest, text), True)


def split_names(rest: str, text: str) -> tuple[str, ...]:
    """Split what follows the datastore; ``text`` is what a fault names.

    :raises VimFault: InvalidDatastorePath for ``.``, ``..`` and for a NUL
    """
    parts = tuple(part for part in rest.split('/') if part)
    if '\0' in rest or '.' in parts or '..' in parts:
        raise refuse_path(text)
    return parts


def check_names(store: str, parts: Iterable[str]) -> None:
    """Refuse names that no file system keeps.

    :raises VimFault: FileNameTooLong above 255 bytes
    """
    for part in parts:
        if len(part.encode('utf-8', 'surrogatepass')) > NAME_BYTES:
            raise VimFault(
                'FileNameTooLong', file=show_path(store, tuple(parts))
            )


def show_path(store: str, parts: Iterable[str]) -> str:
    """Write a path as vCenter does."""
    return f'[{store}] {"/".join(parts)}'.rstrip(' ')


def _parse_bracketed(text: str) -> StorePath:
    store, closing, rest = text[1:].partition(']')
    if not closing or not store:
        raise refuse_path(text)
    return StorePath(store, split_names(rest.removeprefix(' '), text))


def _parse_folder_url(text: str) -> StorePath:
    url = urllib.parse.urlsplit(text)
    query = dict(urllib.parse.parse_qsl(url.query))
    folder = urllib.parse.unquote(url.path)
    if not folder.startswith('/folder') or not query.get('dsName'):
        raise refuse_path(text)
    names = split_names(folder.removeprefix('/folder'), text)
    return StorePath(query['dsName'], names)
