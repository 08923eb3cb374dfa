"""Datastores: the stores of this handler, and which of them are chosen."""

import dataclasses
import datetime
import re

from imagecache_handlers.model import Store
from imagecache_handlers_vmware.paths import DatastorePath
from imagecache_handlers_vmware.port.requests import Reference

_KINDS = frozenset({'VMFS', 'NFS', 'NFS41', 'vsan'})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A volume as one datacenter has mounted it: what it is called there."""

    reference: Reference
    name: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Datastore:
    """A datastore as one read tells of it.

    ``store`` is the name by which this library knows it: that of its
    datacenter stands before it where another datacenter has one of its name.
    ``mounts`` are all datastores that are its volume, itself among them;
    ``known`` are the names of all datastores of the vCenter.
    ``url`` is that of the volume.  Where ``has_namespaces``, as on vSAN,
    folders at the top are objects with a name and a uuid, and a disk is its
    descriptor alone.  ``measured_at`` is when its figures were right.
    """

    reference: Reference
    datacenter: Reference
    browser: Reference
    name: str
    store: Store
    mounts: tuple[Mount, ...]
    known: frozenset[str] = frozenset()
    url: str = ''
    has_namespaces: bool = False
    measured_at: datetime.datetime | None = None

    def path(self, folder: str) -> DatastorePath:
        return DatastorePath(self.name, folder)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DatastoreFilter:
    """Which datastores hold cached images, as Nova chooses them."""

    regex: re.Pattern[str] | None = None

    def accepts(self, name: str, kind: str) -> bool:
        is_known = kind in _KINDS or is_vvol(kind)
        return is_known and (
            self.regex is None or bool(self.regex.match(name))
        )


def is_vvol(kind: str) -> bool:
    """Tell if it is one that is listed, and read no further."""
    return kind.upper() == 'VVOL'
