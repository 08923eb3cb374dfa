"""Kinds of datastores: what VMFS, NFS, vSAN and vVols do differently."""

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How a type of datastore behaves.

    ``name`` is what ``Datastore.summary.type`` says.  ``folder_bytes`` are
    what an empty folder takes.  Where ``has_namespaces``, folders at the top
    are objects with a uuid, made and deleted by the
    DatastoreNamespaceManager alone, and nothing else can lie there.  Where
    ``has_extents``, the data of a disk is a file beside its descriptor, else
    an object named by it.  Where ``has_lock_files``, a file that a host holds
    open has a ``.lck-`` file beside it.
    """

    name: str
    folder_bytes: int
    has_namespaces: bool = False
    has_extents: bool = True
    has_lock_files: bool = False
    object_scheme: str = ''


KINDS = {
    kind.name: kind
    for kind in (
        Kind(name='VMFS', folder_bytes=65536),
        Kind(name='NFS', folder_bytes=4096, has_lock_files=True),
        Kind(name='NFS41', folder_bytes=4096),
        Kind(
            name='vsan',
            folder_bytes=4 * 2**20,
            has_namespaces=True,
            has_extents=False,
            object_scheme='vsan',
        ),
        Kind(
            name='VVOL',
            folder_bytes=4 * 2**20,
            has_namespaces=True,
            has_extents=False,
            object_scheme='vvol',
        ),
    )
}
