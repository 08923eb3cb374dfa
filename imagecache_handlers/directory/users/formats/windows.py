"""Windows' names of files, as its virtual disks have those of a parent."""

import posixpath
import re
import urllib.parse

from imagecache_handlers.directory.users.formats.values import Backing
from imagecache_handlers.directory.users.formats.values import is_path
from imagecache_handlers.directory.users.formats.values import Named
from imagecache_handlers.directory.users.formats.values import shown
from imagecache_handlers.directory.users.formats.values import Unresolved

_ELSEWHERE = re.compile(r'[A-Za-z]:|//')
_URL = 'file://'


def text(name: bytes, encoding: str) -> str:
    """Decode a name up to its end.

    :raises Unresolved: when it is not written so.
    """
    try:
        whole, _, _ = name.decode(encoding).partition('\0')
    except UnicodeDecodeError:
        raise Unresolved('the name of its parent cannot be read') from None
    return whole


def url(name: str) -> str:
    """Give the path in a URL of a file, if it is one."""
    if not name.lower().startswith(_URL):
        return name
    return urllib.parse.unquote(name[len(_URL) :])


def read(names: list[str]) -> Named:
    """Tell what the names of one parent lead to, of which any may be used.

    One with a drive or a server leads nowhere here, but its last component
    may be that of a file that was brought here.
    """
    paths = [name.replace('\\', '/') for name in names if name]
    here = [path for path in paths if not _ELSEWHERE.match(path)]
    below = tuple(Backing(path) for path in here if is_path(path))
    hints = tuple(filter(None, map(posixpath.basename, paths)))
    if below:
        return Named(below, (), hints)
    said = shown(names[0]) if names else 'nothing that can be read'
    return Named((), (f'its parent is named {said}',), hints)
