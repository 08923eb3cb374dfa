"""Handler ``directory``: cached images are files in folders."""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Sequence
import contextlib
import datetime
import os
from typing import Any
from typing import BinaryIO
from typing import Self

from imagecache_handlers.clocks import utc_now
from imagecache_handlers.directory.access import Access
from imagecache_handlers.directory import adding
from imagecache_handlers.directory.adopting import Adoptions
from imagecache_handlers.directory.contents import opened_content
from imagecache_handlers.directory.debris import clean_debris
from imagecache_handlers.directory.debris import list_debris
from imagecache_handlers.directory.evicting import Evictions
from imagecache_handlers.directory.given import check_paths
from imagecache_handlers.directory.given import check_patterns
from imagecache_handlers.directory.hosts import records
from imagecache_handlers.directory.hosts.sweepers import Sweeper
from imagecache_handlers.directory.images import describe_image
from imagecache_handlers.directory import incoming
from imagecache_handlers.directory.layout import Plain
from imagecache_handlers.directory.layouts import choose_layout
from imagecache_handlers.directory import lent
from imagecache_handlers.directory.listing import Listings
from imagecache_handlers.directory.marking import Marking
from imagecache_handlers.directory.nova_process import Locks
from imagecache_handlers.directory.nova_process import NoNova
from imagecache_handlers.directory.own_disks import Machines
from imagecache_handlers.directory.quarantine import set_aside
from imagecache_handlers.directory import reserving
from imagecache_handlers.directory.room import count_room
from imagecache_handlers.directory.store_folder import opened
from imagecache_handlers.directory import store_identity
from imagecache_handlers.directory.stores import describe_store
from imagecache_handlers.directory import strangers
from imagecache_handlers.directory.unmanaged import list_unmanaged
from imagecache_handlers.directory.users.ignoring import Ignored
from imagecache_handlers.directory.users.overlays import Overlays
from imagecache_handlers.directory import users_beside
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.handler import always
from imagecache_handlers.handler import CacheHandler
from imagecache_handlers.labels import check_label
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Debris
from imagecache_handlers.model import Host
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.model import Reservation
from imagecache_handlers.model import Store


class DirectoryHandler(CacheHandler):
    """Cached images are files in folders, each folder a store.

    Which files are images, the layout says: in a ``plain`` one those that
    have a sidecar which belongs to that very file, in ``nova`` those that
    bear such a name as Nova gives; whatever else lies there is foreign.
    Users are seen if it is told under which paths all instances lie.

    ``locks``: in a process of Nova's own, how it takes its locks without
    waiting; ``NO_NOVA_HERE`` in another that has loaded oslo.concurrency.
    """

    # The edition of the contract that the kit tests it by.
    contract = 2
    parallel = 4
    # Each look is one at the disks of all instances, and what is claimed
    # for one stays so for seconds.
    batch = 256

    def __init__(
        self,
        paths: Iterable[str],
        *,
        layout: str = 'plain',
        instance_paths: Iterable[str] = (),
        file_mode: str = '0644',
        file_group: str | None = None,
        ignore: Iterable[str] = (),
        libvirt_definitions: Iterable[str] = (),
        instances_shared_as: str = '',
        host: str | None = None,
        clock: Callable[[], datetime.datetime] | None = None,
        locks: Locks | NoNova | None = None,
    ) -> None:
        self.paths = check_paths('path', paths)
        if not self.paths:
            raise ConfigurationError(
                'the handler needs a folder: set [imagecache_directory] path'
            )
        self._access = Access.of(file_mode, file_group)
        self._clock = clock or utc_now
        instances = check_paths('instance_paths', instance_paths)
        self._layout = choose_layout(layout, instances, self._clock, locks)
        self.formats = self._layout.formats
        patterns = check_patterns(ignore)
        definitions = check_paths('libvirt_definitions', libvirt_definitions)
        self._overlays = Overlays(
            instances,
            dict.fromkeys(self.paths, self._layout.tell_part),
            ignore=patterns,
            definitions=definitions,
        )
        self._sweeper = Sweeper(
            instances,
            self._clock,
            definitions=definitions,
            host=host,
            shared_as=instances_shared_as,
        )
        means = self._layout, self._overlays, self._sweeper
        self._listings = Listings(*means)
        self._evictions = Evictions(*means)
        machines = Machines(definitions, Ignored(patterns))
        self._adoptions = Adoptions(*means, self._clock, machines)

    @classmethod
    def from_conf(cls, conf: Any, **resources: Any) -> Self:
        from imagecache_handlers.directory import opts as directory_opts

        directory_opts.register_opts(conf)
        options = directory_opts.read_values(conf)
        given = lent.fill_options(options, resources)
        return cls(given.pop('path'), locks=resources.get('locks'), **given)

    def key(self, image_id: str) -> str:
        return self._layout.key(image_id)

    def stores(self) -> Iterable[Store]:
        seen: dict[tuple[int, int], str] = {}
        return [describe_store(path, seen) for path in self.paths]

    def enumerate(
        self, store: str, image_ids: Collection[str] | None = None
    ) -> Collection[CachedImage]:
        store = self._check_store(store)
        return self._listings.list_images(store, image_ids)

    def evict(
        self, image: CachedImage, alive: Callable[[], bool] = always
    ) -> int | None:
        store = self._check_store(image.store)
        return self._evictions.evict(store, image, alive)

    def evict_many(
        self, images: Sequence[CachedImage], in_time: Callable[[], bool]
    ) -> Iterable[int | None | CacheError]:
        if not images:
            return iter(())
        store = self._check_store(images[0].store)
        return self._evictions.evict_many(store, images, in_time)

    def mark(
        self,
        image: CachedImage,
        add: Iterable[str] = (),
        remove: Iterable[str] = (),
    ) -> None:
        self._marking(image.store, add, remove).mark_image(image)

    def mark_many(
        self,
        images: Sequence[CachedImage],
        add: Iterable[str] = (),
        remove: Iterable[str] = (),
    ) -> Iterable[CacheError | None]:
        if not images:
            return iter(())
        marking = self._marking(images[0].store, add, remove)
        return marking.mark_images(images)

    def _marking(
        self, store: str, add: Iterable[str], remove: Iterable[str]
    ) -> Marking:
        return Marking(
            layout=self._layout,
            sweeper=self._sweeper,
            store=self._check_store(store),
            add=frozenset(map(check_label, add)),
            remove=frozenset(remove),
        )

    def room(self, meta: ImageMeta, store: str) -> int:
        with opened(self._check_store(store)) as fd:
            space = os.fstatvfs(fd)
        return count_room(meta, self.formats, space.f_blocks * space.f_frsize)

    def add(
        self,
        meta: ImageMeta,
        content: BinaryIO,
        store: str,
        labels: Iterable[str] = (),
    ) -> CachedImage:
        checked = set(map(check_label, labels))
        with opened(self._check_store(store)) as fd:
            self._sweeper.record_host(fd, store)
        file = adding.add_image(
            self._layout,
            self._check_store(store),
            meta,
            content,
            checked,
            self._clock(),
            self._access,
        )
        survey = self._overlays.survey()
        why = self._sweeper.judge_look(store, survey)
        return describe_image(store, file, survey, why)

    def staging(self, store: str) -> str:
        return incoming.name_folder(self._check_store(store))

    def reserve(self, reservation: Reservation) -> None:
        self._check_store(reservation.store)
        reserving.reserve_room(reservation)

    def reservations(self, store: str) -> Iterable[Reservation]:
        store = self._check_store(store)
        return reserving.list_reservations(store, self._clock())

    def unreserve(self, reservation: Reservation) -> None:
        self._check_store(reservation.store)
        reserving.drop_reservation(reservation)

    def content(
        self, image: CachedImage
    ) -> contextlib.AbstractContextManager[BinaryIO]:
        store = self._check_store(image.store)
        return opened_content(self._layout, store, image)

    def altered(self, store: str) -> Iterable[CachedImage]:
        return list_unmanaged(self._layout, self._check_store(store))

    def quarantine(
        self, image: CachedImage, alive: Callable[[], bool] = always
    ) -> str:
        store = self._check_store(image.store)
        return set_aside(self._evictions, store, image, alive)

    def debris(self, store: str) -> Iterable[Debris]:
        store = self._check_store(store)
        return list_debris(self._layout, store, self._clock())

    def clean(self, debris: Debris) -> int | None:
        self._check_store(debris.store)
        return clean_debris(self._layout, debris, self._clock())

    def remarks(self, store: str) -> Iterable[str]:
        return self._sweeper.remarks(store)

    def record_host(self, store: str) -> None:
        with opened(self._check_store(store)) as fd:
            self._sweeper.record_host(fd, store)
            store_identity.give_identity(fd)

    def hosts(self, store: str) -> Iterable[Host]:
        survey = self._overlays.survey()
        with opened(self._check_store(store)) as fd:
            return list(self._sweeper.describe_hosts(fd, store, survey))

    def forget_host(self, store: str, name: str) -> bool:
        with opened(self._check_store(store)) as fd:
            return records.remove(fd, name)

    def accept_host(self, store: str) -> None:
        survey = self._overlays.survey()
        if survey.problem:
            raise StoreUnavailable(store, survey.problem)
        with opened(self._check_store(store)) as fd:
            self._sweeper.accept_look(fd, store, survey)

    def find_users_beside(self, store: str, name: str) -> frozenset[str]:
        """Name who uses a file of a store that is none of its images.

        Such as a blank disk that Nova laid there.  Empty: all that has to
        be looked at was, and nobody does.

        :raises StoreUnavailable: when nobody can tell.
        """
        store = self._check_store(store)
        survey = self._overlays.survey_again()
        if why := self._sweeper.judge_look(store, survey):
            raise StoreUnavailable(store, why)
        return users_beside.find_users(store, name, survey)

    @property
    def has_strangers(self) -> bool:
        """Whether a file may lie in a store that could be an image of it.

        Where Nova names images, each file of such a name is one.
        """
        return isinstance(self._layout, Plain)

    def strangers(self, store: str) -> list[strangers.Stranger]:
        """List the files of a store that are none of its images.

        :raises StoreUnavailable: when it cannot be read.
        """
        if not self.has_strangers:
            return []
        return strangers.list_strangers(self._layout, self._check_store(store))

    def looks_like_disk(self, store: str, name: str) -> bool:
        """Tell if a file of a store begins as a disk does, or a CD."""
        return strangers.looks_like_disk(self._check_store(store), name)

    def check_adoption(self, store: str, name: str, image_id: str) -> None:
        """Refuse what ``adopt`` would refuse now; nothing is changed."""
        self._adoptions.check(self._check_store(store), name, image_id)

    def adopt(self, store: str, name: str, image_id: str) -> None:
        """Make an image of a file where it lies, and with that id.

        Nothing is copied; another id than its name renames it, which is done
        only while nobody is seen to have it.

        :raises CacheError: it is no image then, and has its own name.
        :raises Uncertain: when that is not known, or may not last.
        """
        self._adoptions.adopt(self._check_store(store), name, image_id)

    def _check_store(self, store: str) -> str:
        if store not in self.paths:
            raise StoreUnavailable(store, 'no [imagecache_directory] path')
        return store
