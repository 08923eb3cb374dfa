"""Handler ``directory``: cached images are files in folders."""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
import datetime
import functools
import os
from typing import Any
from typing import BinaryIO
from typing import Self

from imagecache_handlers.clocks import utc_now
from imagecache_handlers.directory.access import Access
from imagecache_handlers.directory import adding
from imagecache_handlers.directory.debris import clean_debris
from imagecache_handlers.directory.debris import list_debris
from imagecache_handlers.directory import folder
from imagecache_handlers.directory.given import check_paths
from imagecache_handlers.directory.given import check_patterns
from imagecache_handlers.directory import holders
from imagecache_handlers.directory.hosts import records
from imagecache_handlers.directory.hosts.sweepers import Sweeper
from imagecache_handlers.directory.images import describe_image
from imagecache_handlers.directory import labelling
from imagecache_handlers.directory.layout import Layout
from imagecache_handlers.directory.layout import Plain
from imagecache_handlers.directory import notes
from imagecache_handlers.directory.nova_layout import Nova
from imagecache_handlers.directory.nova_process import Locks
from imagecache_handlers.directory.nova_process import NoNova
from imagecache_handlers.directory.store_folder import changing
from imagecache_handlers.directory.store_folder import opened
from imagecache_handlers.directory.stores import describe_store
from imagecache_handlers.directory import unmanaged
from imagecache_handlers.directory.users.overlays import Overlays
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.exceptions import ImageInUse
from imagecache_handlers.exceptions import ImageNotFound
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.handler import always
from imagecache_handlers.handler import CacheHandler
from imagecache_handlers.handler import check_claimed
from imagecache_handlers.labels import check_label
from imagecache_handlers.labels import Marks
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Debris
from imagecache_handlers.model import Host
from imagecache_handlers.model import ImageMeta
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
    # Each look is one at the disks of all instances.
    batch = 64

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
        self._layout = _layout(layout, instances, self._clock, locks)
        definitions = check_paths('libvirt_definitions', libvirt_definitions)
        self._overlays = Overlays(
            instances,
            dict.fromkeys(self.paths, self._layout.part),
            ignore=check_patterns(ignore),
            definitions=definitions,
        )
        self._sweeper = Sweeper(
            instances,
            self._clock,
            definitions=definitions,
            host=host,
            shared_as=instances_shared_as,
        )

    @classmethod
    def from_conf(cls, conf: Any, **resources: Any) -> Self:
        from imagecache_handlers.directory import opts as directory_opts

        directory_opts.register_opts(conf)
        return cls(
            directory_opts.value(conf, 'path'),
            layout=directory_opts.value(conf, 'layout'),
            instance_paths=directory_opts.value(conf, 'instance_paths'),
            ignore=directory_opts.value(conf, 'ignore'),
            libvirt_definitions=directory_opts.value(
                conf, 'libvirt_definitions'
            ),
            instances_shared_as=directory_opts.value(
                conf, 'instances_shared_as'
            ),
            file_mode=directory_opts.value(conf, 'file_mode'),
            file_group=directory_opts.value(conf, 'file_group'),
            locks=resources.get('locks'),
        )

    def key(self, image_id: str) -> str:
        return self._layout.key(image_id)

    def stores(self) -> Iterable[Store]:
        seen: dict[tuple[int, int], str] = {}
        return [describe_store(path, seen) for path in self.paths]

    def enumerate(
        self, store: str, image_ids: Collection[str] | None = None
    ) -> Collection[CachedImage]:
        with opened(self._check_store(store)) as fd:
            listing = folder.Listing.of(fd)
            found = {
                name: self._layout.find(fd, name, listing)
                for name in self._candidate_names(listing, image_ids)
            }
            files = [file for file in found.values() if file is not None]
            files = holders.look(fd, files)
            if image_ids is None and len(files) < len(found):
                none = [name for name, file in found.items() if file is None]
                unmanaged.tell(self._layout, store, fd, none)
        # The disks last: each is made of an image that was there before.
        survey = self._overlays.survey() if files else None
        why = self._sweeper.judge(store, survey)
        self._sweeper.looked(
            store, survey, sound=image_ids is None and not why
        )
        # A sweep writes the same label on thousands of images.
        read = functools.cache(Marks.read)
        return [
            describe_image(store, file, survey, why, read) for file in files
        ]

    def _candidate_names(
        self, listing: folder.Listing, image_ids: Collection[str] | None
    ) -> Iterator[str]:
        """Give the files that may be images, or may be these images."""
        for name in self._layout.names(listing):
            if image_ids is not None:
                named = self._layout.named(name)
                if named is None or named[0] not in image_ids:
                    continue
            yield name

    def evict(
        self, image: CachedImage, alive: Callable[[], bool] = always
    ) -> int | None:
        store, name = self._check_store(image.store), image.location
        if not self._is_named(image):
            return 0
        with changing(store, name) as fd, self._layout.held(store, name):
            folder.drop_own_links(fd, name)
            file = self._find_file(fd, image)
            if file is None:
                return 0
            if not image.marks.labels <= file.labels:
                raise ImageBusy(name, 'it has lost a label')
            if image.cached_at != file.cached_at:
                raise ImageBusy(name, 'it was added again meanwhile')
            self._sweeper.note(fd, store)
            self._refuse_used(store, fd, file)
            check_claimed(image, self._bears_now(fd, file), alive)
            folder.remove(fd, file)
            return file.size

    def _find_file(
        self, fd: int, image: CachedImage, asked: Collection[str] = ()
    ) -> folder.File | None:
        """Find an image with the labels that were seen, or are asked for."""
        name, seen = image.location, image.marks.labels
        file = self._layout.find(fd, name, asked=seen.union(asked))
        if file is None or seen <= file.labels:
            return file
        # Gone, or noted in another form, as an age that a touch restarted.
        noted = notes.listed(os.listdir(fd)).get(name, ())
        labels = [note.label for note in noted]
        return self._layout.find(fd, name, asked=seen.union(asked, labels))

    def _bears_now(self, fd: int, file: folder.File) -> frozenset[str]:
        """Give the labels of an image as they are, noted ones too."""
        noted = notes.listed(os.listdir(fd)).get(file.name, ())
        labels = {*file.labels, *(note.label for note in noted)}
        again = self._layout.find(fd, file.name, asked=labels)
        return again.labels if again else frozenset()

    def _refuse_used(self, store: str, fd: int, file: folder.File) -> None:
        survey = self._overlays.survey()
        why = self._sweeper.judge(store, survey)
        # Last of all, for it is of this very moment.
        [file] = holders.look(fd, [file])
        image = describe_image(store, file, survey, why)
        if image.users:
            raise ImageInUse(image.image_id, image.users)
        if image.unknown:
            raise ImageBusy(image.image_id, image.unknown)

    def mark(
        self,
        image: CachedImage,
        add: Iterable[str] = (),
        remove: Iterable[str] = (),
    ) -> None:
        added, removed = set(map(check_label, add)), set(remove)
        store, name = self._check_store(image.store), image.location
        if not self._is_named(image):
            raise ImageNotFound(image.image_id, 'no file here has that name')
        if Marks.read(frozenset(added)).claims:
            # Rather before others have to wait for a claim than afterwards.
            self._layout.check_evicts(store)
        with changing(store, name) as fd:
            file = self._find_file(fd, image, added | removed)
            if file is None:
                raise ImageNotFound(name, 'that file is gone')
            if file.unknown:
                raise StoreUnavailable(store, file.unknown)
            if file.cached_at != image.cached_at:
                raise ImageNotFound(name, 'it was added again meanwhile')
            labels = (file.labels | added) - removed
            if labels != file.labels or file.noted.entries():
                self._sweeper.note(fd, store)
                labelling.relabel(fd, file, labels)

    def room(self, meta: ImageMeta, store: str) -> int:
        with opened(self._check_store(store)) as fd:
            space = os.fstatvfs(fd)
        # What could never be full here is no image for here, however few of
        # its bytes there are: reading its holes would take for ever.
        if meta.size > space.f_blocks * space.f_frsize:
            return meta.size
        # Zeros are not written: a sparse image stays sparse.
        return meta.size if meta.allocated is None else meta.allocated

    def add(
        self,
        meta: ImageMeta,
        content: BinaryIO,
        store: str,
        labels: Iterable[str] = (),
    ) -> CachedImage:
        checked = set(map(check_label, labels))
        with opened(self._check_store(store)) as fd:
            self._sweeper.note(fd, store)
        file = adding.add(
            self._layout,
            self._check_store(store),
            meta,
            content,
            checked,
            self._clock(),
            self._access,
        )
        survey = self._overlays.survey()
        why = self._sweeper.judge(store, survey)
        return describe_image(store, file, survey, why)

    def debris(self, store: str) -> Iterable[Debris]:
        return list_debris(self._layout, self._check_store(store))

    def clean(self, debris: Debris) -> int | None:
        self._check_store(debris.store)
        return clean_debris(self._layout, debris)

    def remarks(self, store: str) -> Iterable[str]:
        return self._sweeper.remarks(store)

    def record_host(self, store: str) -> None:
        with opened(self._check_store(store)) as fd:
            self._sweeper.note(fd, store)

    def hosts(self, store: str) -> Iterable[Host]:
        survey = self._overlays.survey()
        with opened(self._check_store(store)) as fd:
            return list(self._sweeper.hosts(fd, store, survey))

    def forget_host(self, store: str, name: str) -> bool:
        with opened(self._check_store(store)) as fd:
            return records.remove(fd, name)

    def accept_host(self, store: str) -> None:
        survey = self._overlays.survey()
        if survey.problem:
            raise StoreUnavailable(store, survey.problem)
        with opened(self._check_store(store)) as fd:
            self._sweeper.accept(fd, store, survey)

    def _check_store(self, store: str) -> str:
        if store not in self.paths:
            raise StoreUnavailable(store, 'no [imagecache_directory] path')
        return store

    def _is_named(self, image: CachedImage) -> bool:
        """Tell if an image lies where one of its name does, here."""
        named = self._layout.named(image.location)
        return named == (image.image_id, image.variant)


def _layout(
    name: str,
    instance_paths: Iterable[str],
    clock: Callable[[], datetime.datetime],
    locks: Locks | NoNova | None,
) -> Layout:
    if name == 'nova':
        return Nova(instance_paths, clock, locks)
    if name == 'plain':
        return Plain()
    raise ConfigurationError(
        f'[imagecache_directory] layout: {name!r} is not plain or nova'
    )
