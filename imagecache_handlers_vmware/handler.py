"""Handler ``vmware``: cached images are folders on datastores."""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import datetime
import logging
from typing import Any
from typing import BinaryIO
from typing import Self

from imagecache_handlers.clocks import Clocks
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ConfigurationError
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
from imagecache_handlers_vmware.adding import Adding
from imagecache_handlers_vmware.debris import DebrisFinding
from imagecache_handlers_vmware.disk_kinds import FORMATS
from imagecache_handlers_vmware.evicting import Evicting
from imagecache_handlers_vmware.labelling import Labelling
from imagecache_handlers_vmware.labelling_many import label_images
from imagecache_handlers_vmware.lease_limit import check_leases
from imagecache_handlers_vmware.lease_limit import explain_interval
from imagecache_handlers_vmware.lease_limit import NovaAge
from imagecache_handlers_vmware.looks import CacheOptions
from imagecache_handlers_vmware.looks import Looks
from imagecache_handlers_vmware.port.address import Address
from imagecache_handlers_vmware.port import lent_sessions
from imagecache_handlers_vmware.port.logins import PasswordLogins
from imagecache_handlers_vmware.port.session import Session
from imagecache_handlers_vmware.recovering import Recovering
from imagecache_handlers_vmware.recovering import SKEW
from imagecache_handlers_vmware.refusals import with_refusal
from imagecache_handlers_vmware.reservations import Reservations
from imagecache_handlers_vmware.settings import read_settings
from imagecache_handlers_vmware.settings import Settings

LOG = logging.getLogger(__name__)


class VMwareHandler(CacheHandler):
    """Cached images are folders on the datastores of a vCenter.

    An image is what Nova makes it: ``<base>/<id>/<id>.vmdk`` with its
    extent, or an ISO.  Labels are folders beside it.
    """

    parallel = 4
    batch = 50
    # How many labels of one store are written at once.
    labels_in_flight = 4
    # Nova's driver knows nothing of our labels, but keeps what has this.
    wants_shield = True
    contract = 2
    formats = FORMATS

    def __init__(
        self,
        session: Session,
        options: CacheOptions,
        clocks: Clocks | None = None,
        skew: datetime.timedelta = SKEW,
        nova_age: NovaAge | None = None,
    ) -> None:
        self._session = session
        self._looks = Looks(session, options)
        self._clocks = clocks = clocks or Clocks()
        self._nova_age = nova_age
        self._labelling = Labelling(self._looks, clocks)
        self._evicting = Evicting(self._looks, clocks)
        self._recovering = Recovering(self._looks, clocks, skew)
        self._debris = DebrisFinding(self._looks, clocks, skew)
        self._adding = Adding(self._looks)
        self._reservations = Reservations(self._looks)

    @classmethod
    def from_conf(cls, conf: Any, **resources: Any) -> Self:
        from imagecache_handlers_vmware import opts

        settings = read_settings(conf)
        skew = opts.read_clock_skew(conf, SKEW)
        limit = _read_nova_age(conf)
        lent = resources.get('session')
        if lent is not None:
            session = lent_sessions.open_session(lent, settings.dialling)
        else:
            session = _open_session(settings)
        return cls(session, settings.cache, skew=skew, nova_age=limit)

    def close(self) -> None:
        self._session.close()

    def stores(self) -> Iterable[Store]:
        return self._looks.stores(self._clocks.now())

    def enumerate(
        self, store: str, image_ids: Collection[str] | None = None
    ) -> Collection[CachedImage]:
        now = self._clocks.now()
        found = self._looks.images(store, image_ids)
        return [with_refusal(one, now) for one in found]

    def mark(
        self,
        image: CachedImage,
        add: Iterable[str] = (),
        remove: Iterable[str] = (),
    ) -> None:
        added = list(map(check_label, add))
        self.check_labels(image.image_id, added)
        self._labelling.mark(image, added, list(remove))

    def mark_many(
        self,
        images: Sequence[CachedImage],
        add: Iterable[str] = (),
        remove: Iterable[str] = (),
    ) -> Iterator[CacheError | None]:
        added, removed = list(map(check_label, add)), list(remove)
        return label_images(
            images,
            lambda image: self.mark(image, added, removed),
            self.labels_in_flight,
        )

    def evict(self, image: CachedImage, alive: Alive = always) -> int | None:
        [result] = self._evicting.evict_many([image], alive)
        if isinstance(result, CacheError):
            raise result
        return result

    def evict_many(
        self, images: Sequence[CachedImage], in_time: Alive
    ) -> Iterable[int | None | CacheError]:
        return self._evicting.evict_many(images, in_time)

    def recover(self, store: str) -> None:
        self._recovering.recover(store)

    def debris(self, store: str) -> Iterable[Debris]:
        return self._debris.list_debris(store)

    def clean(self, debris: Debris) -> int | None:
        return self._debris.clean_debris(debris)

    def remarks(self, store: str) -> Iterable[str]:
        return self._recovering.remarks(store)

    def reserve(self, reservation: Reservation) -> None:
        self._reservations.write_reservation(reservation)

    def reservations(self, store: str) -> Iterable[Reservation]:
        return self._reservations.list_reservations(store, self._clocks.now())

    def unreserve(self, reservation: Reservation) -> None:
        self._reservations.remove_reservation(reservation)

    def check_labels(self, image_id: str, labels: Iterable[str]) -> None:
        check_leases(image_id, labels, self._nova_age, self._clocks.now())

    def room(self, meta: ImageMeta, store: str) -> int:
        return self._adding.measure_room(store, meta)

    def add(
        self,
        meta: ImageMeta,
        content: BinaryIO,
        store: str,
        labels: Iterable[str] = (),
    ) -> CachedImage:
        checked = set(map(check_label, labels))
        self.check_labels(meta.image_id, checked)
        if self.enumerate(store, {meta.image_id}):
            raise ImageExists(meta.image_id, f'in {store}')
        self._adding.add(store, meta, content, checked)
        try:
            found = self.enumerate(store, {meta.image_id})
        except CacheError as error:
            # It is published all the same.
            raise Uncertain(meta.image_id, str(error)) from error
        for image in found:
            return image
        raise Uncertain(meta.image_id, 'somebody changed the new folder')


def _read_nova_age(conf: Any) -> NovaAge | None:
    """Read at which age Nova removes, and warn of sweeps that are rarer."""
    from imagecache_handlers_vmware import nova_age

    limit = nova_age.read_nova_age(conf)
    interval = nova_age.read_interval(conf)
    if why := explain_interval(interval, limit):
        LOG.warning('%s', why)
    return limit


def _open_session(settings: Settings) -> Session:
    """Prepare a login of our own; nobody is called yet."""
    if not settings.url:
        raise ConfigurationError(
            'the handler needs a vCenter: set [imagecache_vmware] url'
        )
    address = Address.parse(settings.url)
    logins = PasswordLogins(
        address, settings.username, settings.password, settings.dialling
    )
    return Session(address, logins, settings.dialling)
