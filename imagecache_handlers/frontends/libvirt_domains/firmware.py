"""Firmware: what a domain starts with, where that is a disk of some format."""

from xml.etree import ElementTree

from imagecache_handlers.directory.users.formats.values import Backing
from imagecache_handlers.directory.users.formats.values import is_path
from imagecache_handlers.directory.users.formats.values import Named

_PARTS = ('loader', 'nvram')
_PLACES = ('file', 'dev')


def read_firmware(content: bytes) -> Named:
    """Give the files of a firmware that are not raw: others may lie below.

    ``content`` is a definition that was understood.
    """
    tree = ElementTree.fromstring(content)  # noqa: S314 -- it was read before
    told = [one for tag in _PARTS for one in tree.iter(tag)]
    paths = [
        _find_path(one) for one in told if one.get('format', 'raw') != 'raw'
    ]
    files = [path for path in paths if path.startswith('/') and is_path(path)]
    if len(files) < len(paths):
        return Named(
            tuple(map(Backing, files)),
            ('what its firmware is read from may be any file',),
        )
    return Named(tuple(map(Backing, files)))


def _find_path(element: ElementTree.Element) -> str:
    source = element.find('source')
    if source is None:
        return (element.text or '').strip()
    return next(filter(None, map(source.get, _PLACES)), '')
