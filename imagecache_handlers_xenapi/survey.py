"""Survey: all disks of one SR at one moment, and the images among them."""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
import datetime
import itertools
import logging

from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Debris
from imagecache_handlers_xenapi import chain
from imagecache_handlers_xenapi.disks import Disk
from imagecache_handlers_xenapi.disks import IMAGE
from imagecache_handlers_xenapi.disks import may_be_ours
from imagecache_handlers_xenapi.disks import node
from imagecache_handlers_xenapi.disks import Record
from imagecache_handlers_xenapi.disks import TWIN
from imagecache_handlers_xenapi.naming import name_user
from imagecache_handlers_xenapi import orphans
from imagecache_handlers_xenapi.orphans import Orphans
from imagecache_handlers_xenapi.sleepers import NOBODY
from imagecache_handlers_xenapi.sleepers import Sleepers
from imagecache_handlers_xenapi.storage_repositories import Repository
from imagecache_handlers_xenapi.twins import explain_twins
from imagecache_handlers_xenapi.twins import Twins

LOG = logging.getLogger(__name__)

# xapi gives up a task that is pending for so long: nobody is adding any more.
_HALF_MADE = datetime.timedelta(days=1)


class Survey:
    """What one query for the VDIs of an SR brought."""

    def __init__(
        self,
        repository: Repository,
        records: Mapping[str, Record],
        grace: datetime.timedelta,
        now: datetime.datetime,
        before: 'Survey | None' = None,
        sleepers: Sleepers = NOBODY,
    ) -> None:
        self._repository = repository
        self._grace = grace
        self._now = now
        self._blind = chain.blind(repository.kind)
        self._refs = frozenset(records)
        self._sleepers = sleepers
        self._names = {
            record['uuid']: record['name_label'] for record in records.values()
        }
        self._forest = chain.Forest(map(node, records.values()))
        self._orphans = Orphans(
            self._forest, itertools.starmap(Disk, records.items())
        )
        #: Whether no chain was being changed, since the look ``before``.
        self.settled = self._forest.is_settled_since(
            None if before is None else before._forest
        )
        self._candidates = {
            record['uuid']: Disk(ref, record)
            for ref, record in records.items()
            if may_be_ours(record)
        }
        self._twins = Twins(self._forest, self.disks())

    def disks(self, image_ids: Collection[str] | None = None) -> list[Disk]:
        """Give the disks that are images, or copies of those asked for."""
        return [
            disk
            for disk in self._candidates.values()
            if (image_id := disk.image_id) is not None
            and (image_ids is None or image_id in image_ids)
        ]

    def hangs(self, disk: Disk) -> bool:
        """Tell if a disk, read later, hangs where it did."""
        return (
            disk.ref in self._refs
            and self._forest.parent(disk.uuid) == disk.parent
        )

    def tells_users_of(self, disk: Disk) -> bool:
        """Tell if a disk, read later, has no users if nobody came since."""
        return self.hangs(disk) and not self.is_shared(disk)

    def is_shared(self, disk: Disk) -> bool:
        return bool(self._forest.kin(disk.uuid).users)

    def has_all(self, refs: Iterable[str]) -> bool:
        return self._refs.issuperset(refs)

    def warn_of_copies(self) -> None:
        """Tell of images that somebody moved or copied: nobody's any more.

        It may be the disk of an instance all the same, which Nova has yet to
        take the mark off: so nobody is told to remove it.
        """
        for disk in self._candidates.values():
            was_image = IMAGE in disk.other_config and disk.is_copy
            idle = not (disk.vbds or disk.busy or self.is_shared(disk))
            if was_image and idle:
                LOG.warning(
                    'VDI %s in %s is a copy of a cached image, and managed by '
                    'nobody: it keeps its space until you look into it',
                    disk.uuid,
                    self._repository.store.name,
                )

    def new_twins(self) -> list[Disk]:
        """Give images that may be full copies, and are not labelled so.

        A newborn may be a copy on its way to be an instance's disk: it has
        no twin for long.
        """
        return [
            disk
            for disk in self.disks()
            if self._is_twin(disk) and TWIN not in disk.labels
        ]

    def _is_twin(self, disk: Disk) -> bool:
        twins = [self._candidates[one] for one in self._twins.twins_of(disk)]
        return any(map(self._is_grown, twins)) and self._is_grown(disk)

    def _is_grown(self, disk: Disk) -> bool:
        return not (disk.busy or newborn(disk, self._grace, self._now))

    def debris(self) -> list[Debris]:
        """Give the disks that were to become images, long ago."""
        return [
            Debris(
                store=self._repository.store.name,
                location=disk.uuid,
                size=disk.size,
                since=since,
                why='an image that was never whole',
            )
            for disk in self._candidates.values()
            if (since := disk.staged_at) is not None
            and self._now - since > _HALF_MADE
            and not (disk.vbds or disk.busy)
            and not self.is_shared(disk)
        ]

    def disk(self, uuid: str) -> Disk | None:
        """Give one of the disks that bear a mark, or the name of half one."""
        return self._candidates.get(uuid)

    def image(
        self,
        disk: Disk,
        removal: str | None = None,
        undeletable: str | None = None,
    ) -> CachedImage:
        """Say all that is known of an image.

        ``removal`` says why it may be about to go, ``undeletable`` why it is
        not tried to remove it.
        """
        kin = self._forest.kin(disk.uuid)
        image_id = disk.image_id
        if image_id is None:
            raise ValueError(f'VDI {disk.uuid} caches no image')
        return CachedImage(
            image_id=image_id,
            store=self._repository.store.name,
            location=disk.uuid,
            size=kin.size,
            frees=kin.frees,
            cached_at=disk.cached_at,
            users=frozenset(
                [
                    *map(self._disk_name, kin.users),
                    *(f'VBD {ref}' for ref in disk.vbds),
                    *self._sleepers.get(disk.ref, ()),
                ]
            ),
            unknown=self._why_unknown(disk, kin),
            busy=disk.busy or removal,
            undeletable=undeletable,
            marks=disk.marks,
        )

    def _disk_name(self, uuid: str) -> str:
        """Give the name of a disk, by which people know whose it is."""
        return name_user(self._names.get(uuid, ''), f'VDI {uuid}')

    def _why_unknown(self, disk: Disk, kin: chain.Kin) -> str | None:
        return (
            self._blind
            or disk.format_problem
            or kin.unknown
            or self._twinned(disk)
            or disk.doubt
            or self._orphaned(disk, kin)
            or newborn(disk, self._grace, self._now)
        )

    def _twinned(self, disk: Disk) -> str | None:
        found = self._twins.twins_of(disk)
        return explain_twins(disk, list(map(self._disk_name, found)))

    def _orphaned(self, disk: Disk, kin: chain.Kin) -> str | None:
        """Say which disks may use it all the same, if nobody seems to."""
        found = [] if kin.users else self._orphans.of(disk)
        return (
            orphans.why(list(map(self._disk_name, found))) if found else None
        )


def newborn(
    disk: Disk, grace: datetime.timedelta, now: datetime.datetime
) -> str | None:
    """Say if a disk was seen too short a time to be sure what it is.

    A clone wears the marks of its image until Nova takes them off it.
    """
    if not grace:
        return None
    seen = disk.marks.seen
    if seen is None:
        return 'newborn: no sweep has seen it, and a clone looks like it'
    if now - seen >= grace:
        return None
    return 'newborn: a clone may look like it for a while'
