"""The handler ``xenapi``: cached images are VDIs in the SRs of a pool."""

from collections.abc import Collection
from collections.abc import Iterable
import datetime
from typing import Any
from typing import BinaryIO
from typing import Self

from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.exceptions import ImageExists
from imagecache_handlers.exceptions import ImageInUse
from imagecache_handlers.exceptions import ImageNotFound
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.exceptions import Uncertain
from imagecache_handlers.handler import CacheHandler
from imagecache_handlers.marks import check_label
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Debris
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.model import Store
from imagecache_handlers_xenapi import adding
from imagecache_handlers_xenapi.adding import Adding
from imagecache_handlers_xenapi import chain
from imagecache_handlers_xenapi.disks import Disk
from imagecache_handlers_xenapi.disks import key
from imagecache_handlers_xenapi import failures
from imagecache_handlers_xenapi.failures import CallError
from imagecache_handlers_xenapi.failures import Failed
from imagecache_handlers_xenapi.failures import GONE
from imagecache_handlers_xenapi.failures import PASSING
from imagecache_handlers_xenapi import filters
from imagecache_handlers_xenapi import lent
from imagecache_handlers_xenapi.removal import Removals
from imagecache_handlers_xenapi.repositories import check_choices
from imagecache_handlers_xenapi.repositories import DEFAULT
from imagecache_handlers_xenapi.repositories import Pool
from imagecache_handlers_xenapi.repositories import Repository
from imagecache_handlers_xenapi.session import Own
from imagecache_handlers_xenapi.session import Port
from imagecache_handlers_xenapi.session import Session
from imagecache_handlers_xenapi.survey import newborn
from imagecache_handlers_xenapi.survey import Survey
from imagecache_handlers_xenapi.timing import Clocks
from imagecache_handlers_xenapi.wire import Dialling

GRACE = datetime.timedelta(seconds=600)

# Seconds between tries of what xapi refuses for the moment.
_PAUSES = (1.0, 2.0, 4.0)
# What took longer was no passing trouble; and all tries are to end within
# the three minutes that a removal may take.
_IN_TIME = 8.0


class XenAPIHandler(CacheHandler):
    """Cached images are VDIs in the SRs of a XenServer or XCP-ng pool.

    An image is what Nova makes it: a managed VDI that is named for its
    image and has ``image-id`` in ``other_config``.  Labels stand there too,
    under keys that name the VDI itself, so that a clone, which copies them
    all, is known for one.
    """

    # xapi works on one disk of an SR at a time, and on many SRs.
    parallel = 8
    batch = 50
    # The first sight is what the age of a newborn is counted from.
    wants_seen = True

    def __init__(
        self,
        port: Port,
        *,
        srs: Iterable[str] = (DEFAULT,),
        grace: datetime.timedelta = GRACE,
        clocks: Clocks | None = None,
    ) -> None:
        self._port = port
        self._srs = check_choices(srs)
        self._grace = grace
        self._clocks = clocks or Clocks()
        self._removals = Removals(port, self._clocks)
        self._adding = Adding(port, self._clocks, self._removals)
        # What a store's name stands for; read again with every pass.
        self._repositories: dict[str, Repository] = {}

    @classmethod
    def from_conf(cls, conf: Any, **resources: Any) -> Self:
        from imagecache_handlers_xenapi import opts

        opts.register_opts(conf)
        given = {opt.dest: opts.value(conf, opt.dest) for opt in opts.OPTS}
        dialling = Dialling(
            timeout=given['timeout_seconds'],
            ca_file=given['ca_file'],
            insecure=given['insecure'],
        )
        urls = given['url']
        session = resources.get('session')
        port: Port
        if session is not None:
            port = lent.port(session, dialling, urls[0] if urls else None)
        else:
            logins = Own(urls, given['username'], given['password'], dialling)
            port = Session(logins, dialling)
        grace = datetime.timedelta(seconds=given['newborn_grace_seconds'])
        return cls(port, srs=given['srs'], grace=grace)

    def close(self) -> None:
        self._port.close()

    def stores(self) -> Iterable[Store]:
        with failures.reading('xenapi'):
            pool = Pool.read(self._port, self._srs)
        found = pool.chosen(self._srs)
        self._repositories = {one.store.name: one for one in found}
        return [one.store for one in found]

    def enumerate(
        self, store: str, image_ids: Collection[str] | None = None
    ) -> Collection[CachedImage]:
        survey = self._survey(store)
        if image_ids is None:
            survey.warn_of_copies()
        disks = survey.disks(image_ids)
        with failures.reading(store):
            removals = self._removals.busy(disks)
        return [survey.image(one, removals.get(one.uuid)) for one in disks]

    def _survey(self, store: str) -> Survey:
        repository = self._repository(store)
        with failures.reading(store):
            records = self._port.read(
                'VDI.get_all_records_where', filters.equals(SR=repository.ref)
            )
            if not records:
                # So it looks, too, when the SR itself has gone.
                self._check(repository)
        now = self._clocks.now()
        return Survey(repository, records, self._grace, now)

    def _check(self, repository: Repository) -> None:
        try:
            self._port.call('SR.get_uuid', repository.ref)
        except Failed:
            self._repositories.pop(repository.store.name, None)
            raise

    def _repository(self, store: str) -> Repository:
        """Give the SR that a store is; its reference is as good as a name.

        :raises StoreUnavailable: when it is none, or cannot be read.
        """
        if store not in self._repositories:
            self.stores()
        found = self._repositories.get(store)
        if found is None:
            raise StoreUnavailable(store, 'no SR of [imagecache_xenapi] srs')
        if found.store.problem:
            raise StoreUnavailable(store, found.store.problem)
        return found

    def mark(
        self,
        image: CachedImage,
        add: Iterable[str] = (),
        remove: Iterable[str] = (),
    ) -> None:
        added, removed = set(map(check_label, add)), set(remove)
        disk = self._find(image)
        if disk is None:
            raise ImageNotFound(image.image_id, f'no VDI {image.location}')
        with failures.writing(image):
            for label in sorted(added - disk.labels):
                self._add_label(disk, label)
            for label in sorted((disk.labels | added) & removed):
                self._port.call(
                    'VDI.remove_from_other_config',
                    disk.ref,
                    key(disk.uuid, label),
                )

    def _add_label(self, disk: Disk, label: str) -> None:
        try:
            self._port.call(
                'VDI.add_to_other_config',
                disk.ref,
                key(disk.uuid, label),
                'set',
            )
        except Failed as error:
            # Whoever wrote it meanwhile, it is there.
            if error.code != 'MAP_DUPLICATE_KEY':
                raise

    def _find(self, image: CachedImage) -> Disk | None:
        """Read that very VDI afresh; None: it is gone, or another's."""
        repository = self._repository(image.store)
        disk = self._read(image.location, image.store)
        if disk is None or disk.sr != repository.ref:
            return None
        return disk if disk.image_id == image.image_id else None

    def _read(self, uuid: str, store: str) -> Disk | None:
        try:
            wanted = filters.equals(uuid=uuid)
        except ValueError:
            return None
        with failures.reading(store):
            found = self._port.read('VDI.get_all_records_where', wanted)
        for ref, record in found.items():
            return Disk(ref, record)
        return None

    def evict(self, image: CachedImage) -> int | None:
        began = self._clocks.monotonic()
        for pause in _PAUSES:
            try:
                return self._destroy(image)
            except Failed as error:
                late = self._clocks.monotonic() - began > _IN_TIME
                if late or error.code not in PASSING:
                    raise _told(image, error) from error
                self._clocks.sleep(pause)
            except CallError as error:
                raise _told(image, error) from error
        try:
            return self._destroy(image)
        except CallError as error:
            raise _told(image, error) from error

    def _destroy(self, image: CachedImage) -> int | None:
        disk = self._find(image)
        if disk is None:
            return 0
        self._refuse(disk, image)
        try:
            self._removals.destroy(disk)
        except Failed as error:
            if error.code in GONE:
                return 0
            raise
        # A base copy is the collector's, which comes later.
        return None if disk.parent else disk.size or None

    def _refuse(self, disk: Disk, image: CachedImage) -> None:
        """Make sure once more that an image may go.

        :raises ImageInUse: when somebody shares its bytes or holds it.
        :raises ImageBusy: when it lost a label, or cannot be judged now.
        """
        if not image.marks.labels <= disk.labels:
            raise ImageBusy(image.image_id, 'it has lost a label')
        if disk.vbds:
            raise ImageInUse(image.image_id, disk.vbds)
        why = (
            disk.busy
            or chain.blind(self._repository(image.store).kind)
            or disk.format_problem
            or newborn(disk, self._grace, self._clocks.now())
        )
        if why:
            raise ImageBusy(image.image_id, why)
        if disk.parent:
            self._refuse_shared(disk, image)

    def _refuse_shared(self, disk: Disk, image: CachedImage) -> None:
        # Only its SR as a whole tells who else hangs off the base copy.
        survey = self._survey(image.store)
        for one in survey.disks({image.image_id}):
            if one.uuid == disk.uuid:
                now = survey.image(one)
                if now.users:
                    raise ImageInUse(image.image_id, now.users)
                if why := now.unknown or now.busy:
                    raise ImageBusy(image.image_id, why)

    def room(self, meta: ImageMeta, store: str) -> int:
        self._repository(store)
        return adding.room(meta)

    def add(
        self,
        meta: ImageMeta,
        content: BinaryIO,
        store: str,
        labels: Iterable[str] = (),
    ) -> CachedImage:
        checked = set(map(check_label, labels))
        if self._survey(store).disks({meta.image_id}):
            raise ImageExists(meta.image_id, f'in {store}')
        repository = self._repository(store)
        uuid = self._adding.add(repository, meta, content, checked)
        try:
            survey = self._survey(store)
        except StoreUnavailable as error:
            raise Uncertain(meta.image_id, str(error)) from error
        disk = survey.disk(uuid)
        if disk is None or disk.image_id != meta.image_id:
            raise Uncertain(meta.image_id, 'somebody changed the new VDI')
        return survey.image(disk)

    def debris(self, store: str) -> Iterable[Debris]:
        return self._survey(store).debris()

    def clean(self, debris: Debris) -> int | None:
        survey = self._survey(debris.store)
        found = {one.location for one in survey.debris()}
        disk = survey.disk(debris.location)
        if disk is None or disk.uuid not in found:
            return 0
        try:
            self._removals.destroy(disk)
        except Failed as error:
            if error.code in GONE:
                return 0
            raise failures.of_store(debris.store, error) from error
        except CallError as error:
            raise failures.of_write(disk.uuid, debris.store, error) from error
        return None if disk.parent else disk.size or None


def _told(image: CachedImage, error: CallError) -> Exception:
    return failures.of_removal(image.image_id, image.store, error)
