"""Names of disks as QEMU has them, and which local files they lead to.

A plain path begins at the folder of the disk that names it; one behind
``file:`` or in a ``json:`` text begins wherever QEMU was started, which
nobody can tell.
"""

import functools

from imagecache_handlers.directory.users.formats import layers
from imagecache_handlers.directory.users.formats import protocols
from imagecache_handlers.directory.users.formats.values import Backing
from imagecache_handlers.directory.users.formats.values import is_path
from imagecache_handlers.directory.users.formats.values import Named
from imagecache_handlers.directory.users.formats.values import text
from imagecache_handlers.directory.users.formats.values import Unresolved

# QEMU has room for no longer one.
_LONGEST = 4096
# Of a name in a name, as in `blkdebug:rules:file`.
_DEEPEST = 8
_JSON = 'json:'


# Many a disk is made of the same image.
@functools.lru_cache(maxsize=1024)
def read(name: bytes, form: str = '') -> Named:
    """Tell what a backing name leads to, by the format noted beside it.

    :raises Unresolved: when no file can have that name.
    """
    if len(name) > _LONGEST:
        raise Unresolved('a name in its header is longer than any path')
    return _read_text(text(name), form)


def read_data(name: bytes) -> Named:
    """Tell what the name of a data file leads to.

    QEMU takes one that is relative from where it was started, and libvirt
    from the folder of the disk: both may be meant.
    """
    found = read(name, 'raw')
    if any(not below.path.startswith('/') for below in found.below):
        return found._replace(hints=protocols.hints(found.below[0].path))
    return found


def _read_text(name: str, form: str) -> Named:
    is_raw = form in protocols.AS_RAW
    if name.startswith('/'):
        return protocols.direct(name, is_raw)
    if protocols.scheme(name) is None:
        if not is_path(name):
            raise Unresolved('a file below it has no name')
        return Named((Backing(name, is_raw),))
    if name.startswith(_JSON):
        return layers.read(name[len(_JSON) :], form)
    found = Named()
    pending = [(name, 0)]
    for inner, depth in pending:
        if depth > _DEEPEST or (depth and inner.startswith(_JSON)):
            return found.also(protocols.unknown(name))
        one, nested = protocols.read(inner, is_raw)
        found = found.also(one)
        pending += [(below, depth + 1) for below in nested]
    return found
