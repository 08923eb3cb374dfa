"""Datacenter paths: where in the inventory a datacenter is, by names."""

from imagecache_handlers_vmware.port.errors import Incomplete
from imagecache_handlers_vmware.port.managers import read_reference
from imagecache_handlers_vmware.port.properties import read_one
from imagecache_handlers_vmware.port.requests import Reference
from imagecache_handlers_vmware.port.session import Session

_DEEPEST = 64


def read_path_of(session: Session, datacenter: Reference) -> str:
    """Read the inventory path of a datacenter, names with slashes between.

    The root folder is not in it; a slash within a name is ``%2f`` there.

    :raises Incomplete: when it ends at no root.
    :raises CallError: when a part of it cannot be read.
    """
    names: list[str] = []
    at = datacenter
    for _ in range(_DEEPEST):
        if at == session.managers.root_folder:
            return '/'.join(reversed(names))
        found = read_one(session, at, ('name', 'parent'))
        names.append(found.require_text('name'))
        parent = found.properties.get('parent')
        if parent is None:
            break
        at = read_reference(parent)
    raise Incomplete(f'{datacenter.name} is not below the root folder')
