"""Looks at the pool: its stores, all disks of one, a single disk."""

from collections.abc import Collection
from collections.abc import Iterable
import datetime

from imagecache_handlers.clocks import Clocks
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Store
from imagecache_handlers_xenapi.disk_reads import read_disks
from imagecache_handlers_xenapi.disks import Disk
from imagecache_handlers_xenapi.disks import name_of
from imagecache_handlers_xenapi.measuring import Measuring
from imagecache_handlers_xenapi.pending_space import Releasing
from imagecache_handlers_xenapi.port import errors
from imagecache_handlers_xenapi.port.errors import XapiFailure
from imagecache_handlers_xenapi.port import filters
from imagecache_handlers_xenapi.port.port import Port
from imagecache_handlers_xenapi.sleepers import read_sleepers
from imagecache_handlers_xenapi.sleepers import read_sleepers_of
from imagecache_handlers_xenapi.sleepers import Sleepers
from imagecache_handlers_xenapi import storage_repositories
from imagecache_handlers_xenapi.storage_repositories import check_choices
from imagecache_handlers_xenapi.storage_repositories import Pool
from imagecache_handlers_xenapi.storage_repositories import Repository
from imagecache_handlers_xenapi.survey import Survey
from imagecache_handlers_xenapi.writers import Writers

# Seconds for which a look at all disks of an SR tells who shares what.
_LASTS = 300.0


class Looks:
    """Reads, and remembers what a store's name stands for, and held last."""

    def __init__(
        self,
        port: Port,
        srs: Iterable[str],
        grace: datetime.timedelta,
        clocks: Clocks,
        releasing: Releasing,
        *,
        host: str | None = None,
        measure: bool = False,
    ) -> None:
        self._port = port
        self.writers = Writers(port)
        self._srs = check_choices(srs)
        self._grace = grace
        self._clocks = clocks
        self._releasing = releasing
        self._host = host
        self._measuring = Measuring(port) if measure else None
        # Read again with every pass.
        self._repositories: dict[str, Repository] = {}
        self._asleep: Sleepers = {}
        self._latest: dict[str, Survey] = {}
        self._looked_at: dict[str, float] = {}

    def stores(self) -> list[Store]:
        with errors.reading('xenapi'):
            found = self._chosen_stores()
            if self._measuring is not None:
                self._measuring.measure_srs(found)
                found = self._chosen_stores()
            self._asleep = self._all_asleep()
        self._latest = {}
        self._repositories = {one.store.name: one for one in found}
        return [self._releasing.told(one.store) for one in found]

    def _chosen_stores(self) -> list[Repository]:
        pool = Pool.read(self._port, self._srs, self._host)
        return pool.chosen(self._srs)

    def repository(self, store: str) -> Repository:
        """Give the SR that a store is; its reference is as good as a name.

        :raises StoreUnavailable: when it is not an SR, or cannot be read.
        """
        if store not in self._repositories:
            self.stores()
        found = self._repositories.get(store)
        if found is None:
            raise StoreUnavailable(store, 'no SR of [imagecache_xenapi] srs')
        if found.store.problem:
            raise StoreUnavailable(store, found.store.problem)
        return found

    def survey(self, store: str) -> Survey:
        """Look at all disks of a store."""
        repository = self.repository(store)
        began = self._clocks.monotonic()
        with errors.reading(store):
            records = self._port.read(
                'VDI.get_all_records_where', filters.equals(SR=repository.ref)
            )
            if not records:
                # So it looks, too, when the SR itself has gone.
                self._check_store(repository)
        now = self._clocks.now()
        before = self._latest.get(store)
        survey = Survey(
            repository, records, self._grace, now, before, self._asleep
        )
        self.note_attached(store, survey.disks())
        self._latest[store], self._looked_at[store] = survey, began
        return survey

    def note_attached(self, store: str, images: Iterable[Disk]) -> None:
        """Remember which images, as just read, a machine can write to."""
        with errors.reading(store):
            self.writers.note_attached(store, images)

    def recent(self, store: str) -> Survey:
        """Give the last look at all disks of a store, or look now."""
        return self._latest.get(store) or self.survey(store)

    def anew(self, store: str) -> Survey:
        """Look at all disks of a store, and at who sleeps on them by now."""
        with errors.reading(store):
            self._asleep = self._all_asleep()
        return self.survey(store)

    def sleepers(self, store: str, refs: Collection[str]) -> Sleepers:
        """Give the machines that sleep on disks just now."""
        with errors.reading(store):
            return read_sleepers_of(self._port, refs)

    def _all_asleep(self) -> Sleepers:
        return read_sleepers(
            self._port,
            filters.differs('suspend_VDI', storage_repositories.NULL),
        )

    def parent(self, image: CachedImage) -> str | None:
        """Give the parent that an image had in the last look, if any."""
        latest = self._latest.get(image.store)
        disk = None if latest is None else latest.disk(image.location)
        return None if disk is None else disk.parent

    def latest(self, store: str, uuids: Collection[str]) -> Survey | None:
        """Give the last look at an SR, if it still tells who shares disks.

        It does of those that had no user (who may have gone since), if it
        met no chain in the making and no disk came since: one comes to hang
        off a base copy when it is made.  Later the collector only moves it
        up its own chain, off which it hung before.
        """
        latest = self._usable(store)
        if latest is None:
            return None
        disks = filter(None, map(latest.disk, uuids))
        return None if self._has_newcomers(latest, store, disks) else latest

    def _has_newcomers(
        self, survey: Survey, store: str, disks: Iterable[Disk]
    ) -> bool:
        """Tell if a disk has come that may hang off a base copy of these.

        Who clones one without a base copy gives it one, as is seen of it.
        """
        has_base = any(disk.parent for disk in disks)
        return has_base and not survey.has_all(self._refs_of(store))

    def _refs_of(self, store: str) -> Iterable[str]:
        repository = self.repository(store)
        with errors.reading(store):
            found: Iterable[str] = self._port.read(
                'SR.get_VDIs', repository.ref
            )
        return found

    def _check_store(self, repository: Repository) -> None:
        try:
            self._port.call('SR.get_uuid', repository.ref)
        except XapiFailure:
            self._repositories.pop(repository.store.name, None)
            raise

    def find(self, image: CachedImage) -> Disk | None:
        """Read that very VDI afresh; None: it is gone, or no such image.

        :raises StoreUnavailable: when its SR is that store no longer.
        """
        return self.find_many(image.store, [image]).get(image.location)

    def find_many(
        self, store: str, images: Collection[CachedImage]
    ) -> dict[str, Disk]:
        """Read the VDIs of images afresh; those that are gone have none.

        Those that are not such an image any more have none, either.

        :raises StoreUnavailable: when an SR is that store no longer.
        """
        repository = self.repository(store)
        wanted = {image.location: image.image_id for image in images}
        found = {
            disk.uuid: disk
            for disk in self._read_disks(store, 'uuid', wanted)
            if disk.image_id == wanted.get(disk.uuid)
        }
        if any(disk.sr != repository.ref for disk in found.values()):
            self._repositories.pop(store, None)
            raise StoreUnavailable(store, 'its SR is another by now')
        return found

    def _read_disks(
        self, store: str, field: str, values: Iterable[str]
    ) -> list[Disk]:
        with errors.reading(store):
            return read_disks(self._port, field, values)

    def find_copies(
        self, store: str, image_ids: Collection[str]
    ) -> tuple[Survey, list[Disk]] | None:
        """Read all copies of images afresh, beside the last look at the SR.

        None: that look does not tell any more who shares their bytes.
        """
        repository = self.repository(store)
        survey = self._usable(store)
        if survey is None:
            return None
        known = survey.disks(image_ids)
        # Those may have lost their users since.
        if any(map(survey.is_shared, known)):
            return None
        if self._has_newcomers(survey, store, known):
            return None
        names = map(name_of, image_ids)
        disks = [
            disk
            for disk in self._read_disks(store, 'name__label', names)
            if disk.sr == repository.ref and disk.image_id in image_ids
        ]
        self.note_attached(store, disks)
        # So it looks, too, when the SR itself has gone.
        tells = disks and all(map(survey.tells_users_of, disks))
        return (survey, disks) if tells else None

    def _usable(self, store: str) -> Survey | None:
        """Give the last look at an SR, if not old nor of a changing chain."""
        survey = self._latest.get(store)
        age = self._clocks.monotonic() - self._looked_at.get(store, 0.0)
        if survey is None or not survey.settled or age > _LASTS:
            return None
        return survey
