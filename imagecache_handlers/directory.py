"""The handler ``directory``: cached images are files in folders."""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import dataclasses
import datetime
import os
import secrets
from typing import Any
from typing import BinaryIO
from typing import Self

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.exceptions import ImageExists
from imagecache_handlers.exceptions import ImageInUse
from imagecache_handlers.exceptions import ImageNotFound
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.exceptions import Uncertain
from imagecache_handlers.exceptions import Unsupported
from imagecache_handlers import flock
from imagecache_handlers import folder
from imagecache_handlers.handler import CacheHandler
from imagecache_handlers.marks import check_label
from imagecache_handlers.marks import Marks
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import check_name
from imagecache_handlers.model import Debris
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.model import Store
from imagecache_handlers import mounts
from imagecache_handlers import sidecar

# An extra hard link proves a user, but nobody can tell whose it is.
_LINKED = frozenset({'hard link'})

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_CHUNK = 2**20
_LONGEST_NAME = 255 - len(sidecar.stage('', '00000000'))


class DirectoryHandler(CacheHandler):
    """Cached images are files in folders, each folder a store.

    An image ``ID`` is a regular file of that name with a sidecar that
    belongs to that very file; whatever else lies there is foreign.
    """

    parallel = 4
    batch = 16

    def __init__(
        self,
        paths: Iterable[str],
        *,
        clock: Callable[[], datetime.datetime] | None = None,
    ) -> None:
        self.paths = tuple(dict.fromkeys(map(_absolute, paths)))
        if not self.paths:
            raise ConfigurationError(
                'the handler needs a folder: set [imagecache_directory] path'
            )
        self._clock = clock or _utc_now

    @classmethod
    def from_conf(cls, conf: Any, **resources: Any) -> Self:
        from imagecache_handlers import directory_opts

        directory_opts.register_opts(conf)
        return cls(conf.imagecache_directory.path)

    def stores(self) -> Iterable[Store]:
        seen: dict[tuple[int, int], str] = {}
        return [self._store(path, seen) for path in self.paths]

    def _store(self, path: str, seen: dict[tuple[int, int], str]) -> Store:
        try:
            with self._folder(path) as fd:
                found = os.fstat(fd)
                space = os.fstatvfs(fd)
                problem = mounts.problem(fd)
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

    def enumerate(
        self, store: str, image_ids: Collection[str] | None = None
    ) -> Collection[CachedImage]:
        with self._folder(store) as fd:
            entries = os.listdir(fd)
            return [
                _image(store, name, file)
                for name in sidecar.beside(entries)
                if image_ids is None or name in image_ids
                if (file := folder.find(fd, name, entries)) is not None
            ]

    def evict(self, image: CachedImage) -> int | None:
        name = image.image_id
        with self._changing(image.store, name) as fd:
            folder.drop_own_links(fd, name)
            file = folder.find(fd, name)
            if file is None or image.location != name:
                return 0
            if not image.marks.labels <= file.sidecar.labels:
                raise ImageBusy(name, 'it has lost a label')
            if image.cached_at != file.sidecar.cached_at:
                raise ImageBusy(name, 'it was added again meanwhile')
            if file.linked:
                raise ImageInUse(name, _LINKED)
            folder.remove(fd, name)
            return file.size

    def mark(
        self,
        image: CachedImage,
        add: Iterable[str] = (),
        remove: Iterable[str] = (),
    ) -> None:
        added, removed = set(map(check_label, add)), set(remove)
        name = image.image_id
        with self._changing(image.store, name) as fd:
            file = folder.find(fd, name)
            if file is None or image.location != name:
                raise ImageNotFound(name, 'that file is gone')
            if file.sidecar.cached_at != image.cached_at:
                raise ImageNotFound(name, 'it was added again meanwhile')
            labels = (file.sidecar.labels | added) - removed
            if labels != file.sidecar.labels:
                new = dataclasses.replace(file.sidecar, labels=labels)
                sidecar.write(fd, name, new)

    def room(self, meta: ImageMeta, store: str) -> int:
        return meta.size

    def add(
        self,
        meta: ImageMeta,
        content: BinaryIO,
        store: str,
        labels: Iterable[str] = (),
    ) -> CachedImage:
        name, checked = meta.image_id, set(map(check_label, labels))
        if len(name) > _LONGEST_NAME:
            raise Unsupported(name, f'over {_LONGEST_NAME} characters')
        with self._folder(store) as fd:
            _refuse_existing(fd, name)
        stage = sidecar.stage(name, secrets.token_hex(4))
        with self._staged(store, stage) as new:
            _fill(new, content, meta, store)
            with self._changing(store, name) as fd:
                self._publish(fd, name, stage, checked)
                file = folder.find(fd, name, [stage])
        if file is None:
            raise Uncertain(name, 'somebody else changed the new file')
        return _image(store, name, file)

    @contextlib.contextmanager
    def _staged(self, store: str, stage: str) -> Iterator[int]:
        """Give a new file that is gone afterwards, however it ends."""
        with contextlib.ExitStack() as stack:
            # Errors of the content, which is read inside, are not ours.
            with _translated(store):
                fd = os.open(store, _FOLDER)
                stack.callback(os.close, fd)
                # The stage is its own lock: who can take it knows that
                # nobody is writing it any more.
                new = stack.enter_context(flock.held(fd, stage, 0o644))
            yield new

    def _publish(
        self, fd: int, name: str, stage: str, labels: set[str]
    ) -> None:
        _refuse_existing(fd, name)
        found = os.stat(stage, dir_fd=fd, follow_symlinks=False)
        made = sidecar.Sidecar.of(name, self._clock(), labels, found)
        # The sidecar first: what has none would be foreign after a crash.
        sidecar.write(fd, name, made)
        # A link, unlike a rename, replaces nothing that others put there.
        try:
            os.link(stage, name, src_dir_fd=fd, dst_dir_fd=fd)
        except FileExistsError:
            sidecar.remove(fd, name)
            raise ImageExists(name, 'somebody else put it there') from None
        os.fsync(fd)

    def debris(self, store: str) -> Iterable[Debris]:
        with self._folder(store) as fd:
            return [
                _debris(store, entry, why, found)
                for entry in os.listdir(fd)
                if (why := folder.broken(fd, entry)) is not None
                if (found := sidecar.look(fd, entry)) is not None
            ]

    def clean(self, debris: Debris) -> int | None:
        entry = debris.location
        name = sidecar.owner(entry)
        if name is None:
            return 0
        with self._changing(debris.store, name) as fd:
            found = sidecar.look(fd, entry)
            if found is None or folder.broken(fd, entry, locked=True) is None:
                return 0
            # That removes it, and waits for whoever took it after all.
            with flock.held(fd, entry):
                return folder.allocated(found) if found.st_nlink == 1 else 0

    @contextlib.contextmanager
    def _folder(self, store: str) -> Iterator[int]:
        if store not in self.paths:
            raise StoreUnavailable(store, 'no [imagecache_directory] path')
        with _translated(store):
            fd = os.open(store, _FOLDER)
            try:
                yield fd
            finally:
                os.close(fd)

    @contextlib.contextmanager
    def _changing(self, store: str, name: str) -> Iterator[int]:
        """Keep others from changing that image or its sidecar."""
        lock = sidecar.path(name, sidecar.LOCK)
        with self._folder(store) as fd, flock.held(fd, lock):
            yield fd


def _utc_now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _absolute(path: str) -> str:
    try:
        return os.path.abspath(check_name('path', path))
    except ValueError as error:
        raise ConfigurationError(f'[imagecache_directory] {error}') from error


@contextlib.contextmanager
def _translated(store: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        raise StoreUnavailable(store, why) from error


def _image(store: str, name: str, file: folder.File) -> CachedImage:
    return CachedImage(
        image_id=name,
        store=store,
        location=name,
        size=file.size,
        frees=0 if file.linked else file.size,
        cached_at=file.sidecar.cached_at,
        # Without a link somebody may yet read it or have it for backing.
        users=_LINKED if file.linked else None,
        marks=Marks.read(file.sidecar.labels),
    )


def _refuse_existing(fd: int, name: str) -> None:
    if sidecar.look(fd, name) is not None:
        ours = folder.find(fd, name) is not None
        raise ImageExists(name, '' if ours else 'as a file that is not ours')


def _fill(fd: int, content: BinaryIO, meta: ImageMeta, store: str) -> None:
    """Write the content to the disk, or refuse it if it is not whole."""
    size = 0
    while chunk := content.read(_CHUNK):
        size += len(chunk)
        with _translated(store):
            _write(fd, chunk)
    if size != meta.size:
        why = f'it has {size} bytes, not the {meta.size} announced'
        raise Unsupported(meta.image_id, why)
    with _translated(store):
        os.fsync(fd)


def _write(fd: int, chunk: bytes) -> None:
    rest = memoryview(chunk)
    while rest:
        rest = rest[os.write(fd, rest) :]


def _debris(store: str, entry: str, why: str, found: os.stat_result) -> Debris:
    since = datetime.datetime.fromtimestamp(found.st_mtime, datetime.UTC)
    size = folder.allocated(found) if found.st_nlink == 1 else 0
    return Debris(store=store, location=entry, size=size, since=since, why=why)
