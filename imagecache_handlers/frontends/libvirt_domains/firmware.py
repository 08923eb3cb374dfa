"""Firmware: the files that a domain starts with, beside its disks."""

from xml.etree import ElementTree

from imagecache_handlers.directory.users.formats import protocols
from imagecache_handlers.directory.users.formats.values import Backing
from imagecache_handlers.directory.users.formats.values import is_path
from imagecache_handlers.directory.users.formats.values import Named

_PARTS = ('kernel', 'initrd', 'dtb', 'loader', 'nvram')
_PLACES = ('file', 'dev')


def read_firmware(content: bytes) -> Named:
    """Give these files; below one that is not raw another may lie.

    ``content`` is a definition that was understood.
    """
    tree = ElementTree.fromstring(content)  # noqa: S314 -- it was read before
    found = [_read_part(one) for tag in _PARTS for one in tree.iter(tag)]
    return Named(
        tuple(one for part in found for one in part.below),
        tuple(why for part in found for why in part.problems),
    )


def _read_part(element: ElementTree.Element) -> Named:
    is_raw = element.get('format', 'raw') == 'raw'
    path = _find_path(element)
    if path.startswith('/') and is_path(path):
        return Named((Backing(path, is_raw),))
    source = element.find('source')
    if source is None and is_raw:
        # The hypervisor's own, by a name, or one that is yet to be made.
        return Named()
    if source is not None and source.get('protocol') in protocols.ELSEWHERE:
        return Named()
    return Named(problems=(f'its {element.tag} may be any file',))


def _find_path(element: ElementTree.Element) -> str:
    source = element.find('source')
    if source is None:
        return (element.text or '').strip()
    return next(filter(None, map(source.get, _PLACES)), '')
