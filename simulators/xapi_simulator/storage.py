"""What really lies on the disks of an SR, which the database only retells."""

from collections.abc import Iterator
import dataclasses
import threading

from xapi_simulator.errors import backend

# Types whose disks are chains of VHDs, told about in sm_config:vhd-parent.
VHD = frozenset(
    {
        *('ext', 'file', 'largeblock', 'nfs', 'smb', 'xfs', 'zfs'),
        *('cephfs', 'glusterfs', 'moosefs', 'linstor'),
        *('lvm', 'lvmofcoe', 'lvmohba', 'lvmoiscsi'),
    }
)

# Types that hold what others made, and neither create, clone nor delete it.
FIXED = frozenset({'iso', 'udev'})

CHAIN_LIMIT = 30
META = 2 * 2**20


@dataclasses.dataclass(slots=True)
class Volume:
    """One disk or base copy: its own bytes, without those of its parents.

    Bytes are counted, not kept; ``content`` is the SHA-256 of what was
    imported last.
    """

    uuid: str
    virtual: int
    used: int
    parent: str | None = None
    hidden: bool = False
    content: str = ''


class Repository:
    """The volumes of one SR; ``lock`` is sm's own, unseen by xapi."""

    def __init__(self, kind: str, size: int) -> None:
        self.kind = kind
        self.size = size
        self.lock = threading.RLock()
        self.volumes: dict[str, Volume] = {}
        # Disks whose changes are recorded, some of them without their data.
        self.logs: set[str] = set()
        self.used = 0
        self._children: dict[str, set[str]] = {}

    @property
    def is_vhd(self) -> bool:
        return self.kind in VHD

    def children(self, uuid: str) -> list[Volume]:
        found = sorted(self._children.get(uuid, ()))
        return [self.volumes[one] for one in found]

    def chain(self, uuid: str) -> Iterator[Volume]:
        """Give a volume and its parents, up to the root."""
        at: str | None = uuid
        while at is not None:
            yield self.volumes[at]
            at = self.volumes[at].parent

    def add(self, volume: Volume) -> None:
        """Add a volume.

        :raises XapiError: SR_BACKEND_FAILURE_44 when it is full.
        """
        self.require(volume.used)
        self.put(volume)

    def require(self, size: int) -> None:
        """Make sure that there is room.

        :raises XapiError: SR_BACKEND_FAILURE_44 when there is not.
        """
        if self.used + size > self.size:
            raise backend(44, 'There is insufficient space')

    def put(self, volume: Volume) -> None:
        self.volumes[volume.uuid] = volume
        self.used += volume.used
        if volume.parent is not None:
            self._children.setdefault(volume.parent, set()).add(volume.uuid)

    def remove(self, uuid: str) -> None:
        volume = self.volumes.pop(uuid)
        self.used -= volume.used
        self.move(volume, None)
        self._children.pop(uuid, None)

    def resize(self, volume: Volume, used: int) -> None:
        """Let a volume hold another number of bytes."""
        self.used += used - volume.used
        volume.used = used

    def move(self, volume: Volume, parent: str | None) -> None:
        """Give a volume another parent."""
        if volume.parent is not None:
            self._children.get(volume.parent, set()).discard(volume.uuid)
        volume.parent = parent
        if parent is not None and volume.uuid in self.volumes:
            self._children.setdefault(parent, set()).add(volume.uuid)

    def branch(self, uuid: str, new: str, base: str) -> bool:
        """Give a leaf a sibling; tells if that took a new base copy.

        What the leaf held becomes the base of both.  A leaf that nobody has
        written since the last time shares the base that it has.

        :raises XapiError: SR_BACKEND_FAILURE_109 when the chain is too long.
        """
        leaf = self.volumes[uuid]
        if sum(1 for _ in self.chain(uuid)) >= CHAIN_LIMIT:
            raise backend(109, 'The chain of VDIs is too long')
        fresh = self._freeze(leaf, base)
        self.put(
            Volume(new, leaf.virtual, META, leaf.parent, False, leaf.content)
        )
        return fresh

    def revert(self, uuid: str, snapshot: str, base: str) -> bool:
        """Let a leaf hold what its snapshot does; the rest of it is lost.

        Tells if that took a new base copy.
        """
        leaf, kept = self.volumes[uuid], self.volumes[snapshot]
        fresh = self._freeze(kept, base)
        self.move(leaf, kept.parent)
        self.resize(leaf, META)
        leaf.virtual, leaf.content = kept.virtual, kept.content
        return fresh

    def _freeze(self, leaf: Volume, base: str) -> bool:
        """Let a base copy hold what a leaf does, unless one does already."""
        self.require(2 * META)
        if leaf.used <= META and leaf.parent is not None:
            return False
        self.put(Volume(base, leaf.virtual, leaf.used, leaf.parent, True))
        self.move(leaf, base)
        self.resize(leaf, META)
        return True
