"""Handler ``vmware``: cached images are folders on datastores."""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import logging
import re
from typing import Any
from typing import Self

from imagecache_handlers.clocks import Clocks
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.handler import Alive
from imagecache_handlers.handler import always
from imagecache_handlers.handler import CacheHandler
from imagecache_handlers.labels import check_label
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Store
from imagecache_handlers_vmware.datastores import DatastoreFilter
from imagecache_handlers_vmware.evicting import Evicting
from imagecache_handlers_vmware.labelling import Labelling
from imagecache_handlers_vmware.labelling_many import label_images
from imagecache_handlers_vmware.lease_limit import check_leases
from imagecache_handlers_vmware.lease_limit import explain_interval
from imagecache_handlers_vmware.lease_limit import NovaAge
from imagecache_handlers_vmware.looks import CacheOptions
from imagecache_handlers_vmware.looks import Looks
from imagecache_handlers_vmware.port.address import Address
from imagecache_handlers_vmware.port.dialling import ConnectionOptions
from imagecache_handlers_vmware.port.logins import PasswordLogins
from imagecache_handlers_vmware.port.session import Session
from imagecache_handlers_vmware.recovering import Recovering
from imagecache_handlers_vmware.refusals import with_refusal

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

    def __init__(
        self,
        session: Session,
        options: CacheOptions,
        clocks: Clocks | None = None,
        nova_age: NovaAge | None = None,
    ) -> None:
        self._session = session
        self._looks = Looks(session, options)
        self._clocks = clocks = clocks or Clocks()
        self._nova_age = nova_age
        self._labelling = Labelling(self._looks, clocks)
        self._evicting = Evicting(self._looks, clocks)
        self._recovering = Recovering(self._looks, clocks)

    @classmethod
    def from_conf(cls, conf: Any, **resources: Any) -> Self:
        from imagecache_handlers_vmware import opts

        opts.register_opts(conf)
        given = {
            opt.dest: opts.read_option(conf, opt.dest) for opt in opts.OPTS
        }
        if not given['url']:
            raise ConfigurationError(
                'the handler needs a vCenter: set [imagecache_vmware] url'
            )
        dialling = ConnectionOptions(
            timeout=given['timeout_seconds'],
            ca_file=given['ca_file'],
            insecure=given['insecure'],
        )
        address = Address.parse(given['url'])
        logins = PasswordLogins(
            address, given['username'], given['password'], dialling
        )
        options = CacheOptions(
            base_folder=_check_folder(given['base_folder']),
            chosen=DatastoreFilter(regex=_compile(given['datastore_regex'])),
            ignored_machines=frozenset(given['ignore_vms']),
            exclusive_stores=_choose_exclusive(
                given['lift_deletable'], given['exclusive_datastores']
            ),
        )
        limit = _read_nova_age(conf)
        return cls(Session(address, logins, dialling), options, nova_age=limit)

    def close(self) -> None:
        self._session.close()

    def stores(self) -> Iterable[Store]:
        return self._looks.stores()

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
        check_leases(image, added, self._nova_age, self._clocks.now())
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


def _read_nova_age(conf: Any) -> NovaAge | None:
    """Read at which age Nova removes, and warn of sweeps that are rarer."""
    from imagecache_handlers_vmware import nova_age

    limit = nova_age.read_nova_age(conf)
    interval = nova_age.read_interval(conf)
    if why := explain_interval(interval, limit):
        LOG.warning('%s', why)
    return limit


def _choose_exclusive(lifts: bool, stores: list[str]) -> frozenset[str]:
    """Name the stores on which ``ddb.deletable`` is lifted."""
    if lifts and not stores:
        raise ConfigurationError(
            '[imagecache_vmware] lift_deletable is for the stores that are '
            'named in exclusive_datastores: name one'
        )
    return frozenset(stores) if lifts else frozenset()


def _check_folder(folder: str) -> str:
    """Refuse what is not one folder at the top of a datastore."""
    if not re.fullmatch(r'[A-Za-z0-9_][A-Za-z0-9._-]*', folder):
        raise ConfigurationError(
            f'[imagecache_vmware] base_folder {folder!r} must be the name of '
            f'a folder: letters, digits and . _ -'
        )
    return folder


def _compile(regex: str | None) -> re.Pattern[str] | None:
    try:
        return re.compile(regex) if regex else None
    except re.error as error:
        raise ConfigurationError(
            f'[imagecache_vmware] datastore_regex {regex!r} is not a regular '
            f'expression: {error}'
        ) from error
