"""Handler ``xenapi``: cached images are VDIs in the SRs of a pool."""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Sequence
import datetime
from typing import Any
from typing import BinaryIO
from typing import Self

from imagecache_handlers.clocks import Clocks
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ImageExists
from imagecache_handlers.exceptions import Uncertain
from imagecache_handlers.handler import Alive
from imagecache_handlers.handler import always
from imagecache_handlers.handler import CacheHandler
from imagecache_handlers.labels import check_label
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Debris
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.model import Reservation
from imagecache_handlers.model import Store
from imagecache_handlers.transport.errors import CallError
from imagecache_handlers_xenapi import adding
from imagecache_handlers_xenapi.adding import Adding
from imagecache_handlers_xenapi.destroying import Removals
from imagecache_handlers_xenapi.disks import Disk
from imagecache_handlers_xenapi.evicting import Evicting
from imagecache_handlers_xenapi.labelling import Labelling
from imagecache_handlers_xenapi.looks import Looks
from imagecache_handlers_xenapi.opening import open_port
from imagecache_handlers_xenapi.pending_space import Releasing
from imagecache_handlers_xenapi.port import errors
from imagecache_handlers_xenapi.port.port import Port
from imagecache_handlers_xenapi.reservations import Reservations
from imagecache_handlers_xenapi.storage_repositories import DEFAULT
from imagecache_handlers_xenapi.survey import Survey

GRACE = datetime.timedelta(seconds=600)


class XenAPIHandler(CacheHandler):
    """Cached images are VDIs in the SRs of a XenServer or XCP-ng pool.

    An image is what Nova makes it: a managed VDI that is named for its
    image and has ``image-id`` in ``other_config``.  Labels stand there too,
    under keys that name the VDI itself, so that a clone, which copies them
    all, is known for one.
    """

    # The edition of the contract that the kit tests it by.
    contract = 2
    # xapi works on one disk of an SR at a time, and on many SRs.
    parallel = 8
    batch = 50
    # Of a VHD only what was written is sent.
    formats = ('vhd', 'raw')
    # The grace of a newborn is counted from its first sight.
    wants_seen = True

    def __init__(
        self,
        port: Port,
        *,
        srs: Iterable[str] = (DEFAULT,),
        grace: datetime.timedelta = GRACE,
        host: str | None = None,
        measure: bool = False,
        clocks: Clocks | None = None,
    ) -> None:
        clocks = clocks or Clocks()
        self._port = port
        releasing = Releasing(clocks)
        self._looks = Looks(
            port, srs, grace, clocks, releasing, host=host, measure=measure
        )
        self._removals = Removals(port, clocks)
        self._labelling = Labelling(port, self._looks)
        self._evicting = Evicting(
            self._looks, self._removals, releasing, clocks
        )
        self._adding = Adding(port, clocks, self._removals)
        self._reservations = Reservations(port, clocks, self._removals)

    @classmethod
    def from_conf(cls, conf: Any, **resources: Any) -> Self:
        from imagecache_handlers_xenapi import opts

        opts.register_opts(conf)
        given = {opt.dest: opts.value(conf, opt.dest) for opt in opts.OPTS}
        port = open_port(
            opts.words(given['url']), given, resources.get('session')
        )
        grace = datetime.timedelta(seconds=given['newborn_grace_seconds'])
        return cls(
            port,
            srs=opts.words(given['srs']),
            host=given['host'],
            grace=grace,
            measure=given['measure_srs'],
        )

    def close(self) -> None:
        self._port.close()

    def stores(self) -> Iterable[Store]:
        return self._looks.stores()

    def enumerate(
        self, store: str, image_ids: Collection[str] | None = None
    ) -> Collection[CachedImage]:
        survey, disks = self._look_at(store, image_ids)
        if image_ids is None:
            survey.warn_of_copies()
        with errors.reading(store):
            removals = self._removals.busy(disks)
        if None in removals.values():
            # What is no longer under way may have ended with the disk, after
            # we looked.
            survey, disks = self._look_at(store, image_ids)
        return [
            survey.image(
                one,
                removals.get(one.uuid),
                self._removals.set_aside.explain(one.uuid),
            )
            for one in disks
        ]

    def _look_at(
        self, store: str, image_ids: Collection[str] | None
    ) -> tuple[Survey, list[Disk]]:
        """Look at all disks of a store, or at some if that tells as much."""
        found = image_ids and self._looks.find_copies(store, image_ids)
        if found:
            return found
        survey = self._looks.survey(store)
        return survey, survey.disks(image_ids)

    def mark(
        self,
        image: CachedImage,
        add: Iterable[str] = (),
        remove: Iterable[str] = (),
    ) -> None:
        self._labelling.mark(image, list(map(check_label, add)), list(remove))

    def mark_many(
        self,
        images: Sequence[CachedImage],
        add: Iterable[str] = (),
        remove: Iterable[str] = (),
    ) -> Iterable[CacheError | None]:
        checked = list(map(check_label, add))
        return self._labelling.mark_many(images, checked, list(remove))

    def record_host(self, store: str) -> None:
        """Have others see which images this host saw written to, or copied.

        They are labelled so for all time: what a sweep was the last to see
        keeps the image from all that follow.
        """
        self._labelling.label_doubts(store)

    def evict(self, image: CachedImage, alive: Alive = always) -> int | None:
        return self._evicting.evict(image, alive)

    def evict_many(
        self, images: Sequence[CachedImage], in_time: Alive
    ) -> Iterable[int | None | CacheError]:
        return self._evicting.evict_many(images, in_time)

    def room(self, meta: ImageMeta, store: str) -> int:
        self._looks.repository(store)
        return adding.room(meta)

    def reserve(self, reservation: Reservation) -> None:
        self._reservations.write_reservation(
            self._looks.repository(reservation.store), reservation
        )

    def reservations(self, store: str) -> Iterable[Reservation]:
        return self._reservations.list_reservations(
            self._looks.repository(store)
        )

    def unreserve(self, reservation: Reservation) -> None:
        self._reservations.remove_reservation(
            self._looks.repository(reservation.store), reservation
        )

    def add(
        self,
        meta: ImageMeta,
        content: BinaryIO,
        store: str,
        labels: Iterable[str] = (),
    ) -> CachedImage:
        checked = set(map(check_label, labels))
        if self._looks.survey(store).disks({meta.image_id}):
            raise ImageExists(meta.image_id, f'in {store}')
        repository = self._looks.repository(store)
        uuid = self._adding.add(repository, meta, content, checked)
        try:
            survey = self._looks.survey(store)
        except CacheError as error:
            # It is published all the same.
            raise Uncertain(meta.image_id, str(error)) from error
        disk = survey.disk(uuid)
        if disk is None or disk.image_id != meta.image_id:
            raise Uncertain(meta.image_id, 'somebody changed the new VDI')
        return survey.image(disk)

    def debris(self, store: str) -> Iterable[Debris]:
        return self._looks.survey(store).debris()

    def clean(self, debris: Debris) -> int | None:
        survey = self._looks.survey(debris.store)
        found = {one.location for one in survey.debris()}
        disk = survey.disk(debris.location)
        if disk is None or disk.uuid not in found:
            return 0
        try:
            self._removals.destroy(disk)
        except CallError as error:
            if errors.is_gone(error, disk.ref, disk.uuid):
                return 0
            raise errors.of_removal(disk.uuid, debris.store, error) from error
        return None if disk.parent else disk.size or None
