"""The handler ``directory``: cached images are files in folders."""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
import datetime
import functools
import math
import os
from typing import Any
from typing import BinaryIO
from typing import Self

from imagecache_handlers.directory import adding
from imagecache_handlers.directory import disowned
from imagecache_handlers.directory import folder
from imagecache_handlers.directory import labelling
from imagecache_handlers.directory.layout import Layout
from imagecache_handlers.directory.layout import Plain
from imagecache_handlers.directory import leftovers
from imagecache_handlers.directory import mounts
from imagecache_handlers.directory import notes
from imagecache_handlers.directory.nova_layout import Nova
from imagecache_handlers.directory.opening import changing
from imagecache_handlers.directory.opening import opened
from imagecache_handlers.directory import records
from imagecache_handlers.directory.sweepers import Sweeper
from imagecache_handlers.directory.users.overlays import Overlays
from imagecache_handlers.directory.users.overlays import Survey
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.exceptions import ImageInUse
from imagecache_handlers.exceptions import ImageNotFound
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.handler import CacheHandler
from imagecache_handlers.marks import check_label
from imagecache_handlers.marks import Marks
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import check_name
from imagecache_handlers.model import Debris
from imagecache_handlers.model import Host
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.model import Store

# An extra hard link proves a user, but nobody can tell whose it is.
_LINKED = frozenset({'hard link'})
# By so much the kernel's times of files may lie behind its clock.
_COARSE = datetime.timedelta(seconds=1)


class DirectoryHandler(CacheHandler):
    """Cached images are files in folders, each folder a store.

    Which files are images, the layout says: in a ``plain`` one those that
    have a sidecar which belongs to that very file, in ``nova`` those that
    bear such a name as Nova gives; whatever else lies there is foreign.
    Users are seen if it is told under which paths all instances lie.
    """

    parallel = 4
    # Each look is one at the disks of all instances.
    batch = 64

    def __init__(
        self,
        paths: Iterable[str],
        *,
        layout: str = 'plain',
        instance_paths: Iterable[str] = (),
        instances_shared_as: str = '',
        host: str | None = None,
        clock: Callable[[], datetime.datetime] | None = None,
    ) -> None:
        self.paths = _whole('path', paths)
        if not self.paths:
            raise ConfigurationError(
                'the handler needs a folder: set [imagecache_directory] path'
            )
        self._clock = clock or _utc_now
        instances = _whole('instance_paths', instance_paths)
        self._overlays = Overlays(instances, self.paths) if instances else None
        self._layout = _layout(layout, instances, self._clock)
        self._sweeper = Sweeper(
            instances, self._clock, host=host, shared_as=instances_shared_as
        )

    @classmethod
    def from_conf(cls, conf: Any, **resources: Any) -> Self:
        from imagecache_handlers.directory import opts as directory_opts

        directory_opts.register_opts(conf)
        return cls(
            directory_opts.value(conf, 'path'),
            layout=directory_opts.value(conf, 'layout'),
            instance_paths=directory_opts.value(conf, 'instance_paths'),
            instances_shared_as=directory_opts.value(
                conf, 'instances_shared_as'
            ),
        )

    def key(self, image_id: str) -> str:
        return self._layout.key(image_id)

    def stores(self) -> Iterable[Store]:
        seen: dict[tuple[int, int], str] = {}
        return [_store(path, seen) for path in self.paths]

    def enumerate(
        self, store: str, image_ids: Collection[str] | None = None
    ) -> Collection[CachedImage]:
        with opened(self._known(store)) as fd:
            listing = folder.Listing.of(fd)
            found = {
                name: self._layout.find(fd, name, listing)
                for name in self._names(listing, image_ids)
            }
            files = [file for file in found.values() if file is not None]
            if image_ids is None and len(files) < len(found):
                none = [name for name, file in found.items() if file is None]
                disowned.tell(self._layout, store, fd, none)
        # The disks last: each is made of an image that was there before.
        survey = self._overlays.survey() if self._overlays and files else None
        why = self._sweeper.judge(store, survey)
        self._sweeper.looked(
            store, survey, sound=image_ids is None and not why
        )
        # A sweep writes the same label on thousands of images.
        read = functools.cache(Marks.read)
        return [_image(store, file, survey, why, read) for file in files]

    def _names(
        self, listing: folder.Listing, image_ids: Collection[str] | None
    ) -> Iterator[str]:
        """Give the files that may be images, or may be these images."""
        for name in self._layout.names(listing):
            if image_ids is not None:
                named = self._layout.named(name)
                if named is None or named[0] not in image_ids:
                    continue
            yield name

    def evict(self, image: CachedImage) -> int | None:
        store, name = self._known(image.store), image.location
        if not self._is_named(image):
            return 0
        with changing(store, name) as fd, self._layout.held(store, name):
            folder.drop_own_links(fd, name)
            file = self._find(fd, image)
            if file is None:
                return 0
            if not image.marks.labels <= file.labels:
                raise ImageBusy(name, 'it has lost a label')
            if image.cached_at != file.cached_at:
                raise ImageBusy(name, 'it was added again meanwhile')
            self._sweeper.note(fd, store)
            self._refuse_used(store, file)
            folder.remove(fd, file)
            return file.size

    def _find(
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

    def _refuse_used(self, store: str, file: folder.File) -> None:
        survey = None
        if self._overlays:
            survey = self._overlays.survey_again(self._quiet(file))
        why = self._sweeper.judge(store, survey)
        image = _image(store, file, survey, why)
        if image.users:
            raise ImageInUse(image.image_id, image.users)
        if image.unknown:
            raise ImageBusy(image.image_id, image.unknown)

    def _quiet(self, file: folder.File) -> float:
        """Tell for how many seconds nobody began to use a file."""
        if file.touched is None:
            # Who begins to, begins with a label.
            return math.inf
        return (self._clock() - file.touched - _COARSE).total_seconds()

    def mark(
        self,
        image: CachedImage,
        add: Iterable[str] = (),
        remove: Iterable[str] = (),
    ) -> None:
        added, removed = set(map(check_label, add)), set(remove)
        store, name = self._known(image.store), image.location
        if not self._is_named(image):
            raise ImageNotFound(image.image_id, 'no file here has that name')
        with changing(store, name) as fd:
            file = self._find(fd, image, added | removed)
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
        return meta.size

    def add(
        self,
        meta: ImageMeta,
        content: BinaryIO,
        store: str,
        labels: Iterable[str] = (),
    ) -> CachedImage:
        checked = set(map(check_label, labels))
        with opened(self._known(store)) as fd:
            self._sweeper.note(fd, store)
        file = adding.add(
            self._layout,
            self._known(store),
            meta,
            content,
            checked,
            self._clock(),
        )
        survey = self._overlays.survey() if self._overlays else None
        why = self._sweeper.judge(store, survey)
        return _image(store, file, survey, why)

    def debris(self, store: str) -> Iterable[Debris]:
        return leftovers.listed(self._layout, self._known(store))

    def clean(self, debris: Debris) -> int | None:
        self._known(debris.store)
        return leftovers.clean(self._layout, debris)

    def remarks(self, store: str) -> Iterable[str]:
        return self._sweeper.remarks(store)

    def record_host(self, store: str) -> None:
        with opened(self._known(store)) as fd:
            self._sweeper.note(fd, store)

    def hosts(self, store: str) -> Iterable[Host]:
        survey = self._overlays.survey() if self._overlays else None
        with opened(self._known(store)) as fd:
            return list(self._sweeper.hosts(fd, store, survey))

    def forget_host(self, store: str, name: str) -> bool:
        with opened(self._known(store)) as fd:
            return records.remove(fd, name)

    def accept_host(self, store: str) -> None:
        survey = self._overlays.survey() if self._overlays else None
        if survey and survey.problem:
            raise StoreUnavailable(store, survey.problem)
        with opened(self._known(store)) as fd:
            self._sweeper.accept(fd, survey)

    def _known(self, store: str) -> str:
        if store not in self.paths:
            raise StoreUnavailable(store, 'no [imagecache_directory] path')
        return store

    def _is_named(self, image: CachedImage) -> bool:
        """Tell if an image lies where one of its name does, here."""
        named = self._layout.named(image.location)
        return named == (image.image_id, image.variant)


def _utc_now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _whole(option: str, paths: Iterable[str]) -> tuple[str, ...]:
    try:
        checked = [check_name('path', path) for path in paths]
    except ValueError as error:
        raise ConfigurationError(f'[imagecache_directory] {error}') from error
    for path in checked:
        if not os.path.isabs(path):
            raise ConfigurationError(
                f'[imagecache_directory] {option}: {path}: '
                f'write the whole path, from /'
            )
    return tuple(dict.fromkeys(map(os.path.abspath, checked)))


def _layout(
    name: str,
    instance_paths: Iterable[str],
    clock: Callable[[], datetime.datetime],
) -> Layout:
    if name == 'nova':
        return Nova(instance_paths, clock)
    if name == 'plain':
        return Plain()
    raise ConfigurationError(
        f'[imagecache_directory] layout: {name!r} is not plain or nova'
    )


def _store(path: str, seen: dict[tuple[int, int], str]) -> Store:
    try:
        with opened(path) as fd:
            found, space = os.fstat(fd), os.fstatvfs(fd)
            problem = mounts.absent(path) or mounts.problem(fd)
    except StoreUnavailable as error:
        return Store(name=path, problem=error.why)
    first = seen.setdefault((found.st_dev, found.st_ino), path)
    if first != path:
        return Store(name=path, problem=f'it is the folder {first} again')
    return Store(
        name=path,
        total=space.f_blocks * space.f_frsize,
        free=space.f_bavail * space.f_frsize,
        # Named for the first of those on one file system.
        pool=seen.setdefault((found.st_dev, -1), path),
        problem=problem,
    )


def _image(
    store: str,
    file: folder.File,
    survey: Survey | None,
    why: str | None,
    read: Callable[[frozenset[str]], Marks] = Marks.read,
) -> CachedImage:
    return CachedImage(
        image_id=file.image_id,
        store=store,
        location=file.name,
        variant=file.variant,
        size=file.size,
        frees=0 if file.linked else file.size,
        cached_at=file.cached_at,
        users=_users(file, survey),
        unknown=file.unknown or why,
        marks=read(file.labels),
    )


def _users(file: folder.File, survey: Survey | None) -> frozenset[str] | None:
    if survey is None:
        # Without a link somebody may yet read it or have it for backing.
        return _LINKED if file.linked else None
    users = survey.of(file.identity)
    return users | _LINKED if file.linked else users
