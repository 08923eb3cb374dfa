"""Layout ``nova``: the folder ``_base`` of Nova's libvirt driver.

An image is a file named by the SHA-1 of its id, and ``SHA1_SIZE`` is a copy
of it that older releases resized.  Such files are ours by their names; a
sidecar, which Nova ignores, appears with the first label.
"""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Container
from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import datetime
import functools
import hashlib
import os
import re

from imagecache_handlers.directory import folder
from imagecache_handlers.directory.layout import HoldFile
from imagecache_handlers.directory.layout import Layout
from imagecache_handlers.directory import nova_lock
from imagecache_handlers.directory import nova_process
from imagecache_handlers.directory.parts import Part
from imagecache_handlers.directory import sidecar
from imagecache_handlers.directory.system import birth_time
from imagecache_handlers.directory.system import entries
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.labels import FUTURE
from imagecache_handlers.labels import Marks
from imagecache_handlers.labels import unused_label
from imagecache_handlers.model import ImageMeta

_NAME = re.compile(r'([0-9a-f]{40})(?:_([0-9]{1,19}))?', flags=re.ASCII)
# What Nova lays beside its images: blank disks, images on their way in, and
# of long ago small ones.
_BESIDE = re.compile(
    r'(?:swap|ephemeral)_.+|[0-9a-f]{40}'
    r'(?:(?:_[0-9]{1,19})?\.(?:part|converted)|_sm)',
    flags=re.ASCII,
)
_KEY = re.compile(r'[0-9a-f]{40}', flags=re.ASCII)
_NO_LABELS: frozenset[str] = frozenset()
_NO_TIME = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def is_name_of_nova(name: str) -> bool:
    """Tell if Nova gives such names, to images or to what lies beside them."""
    return bool(_NAME.fullmatch(name) or _BESIDE.fullmatch(name))


class Nova(Layout):
    """As Nova reads and writes it, and touches a file that it uses."""

    formats = ('raw', 'iso')

    def __init__(
        self,
        instance_paths: Iterable[str],
        clock: Callable[[], datetime.datetime],
        locks: nova_process.Locks | nova_process.NoNova | None = None,
    ) -> None:
        self._instance_paths = tuple(instance_paths)
        self._clock = clock
        self._locks = locks

    def key(self, image_id: str) -> str:
        if _KEY.fullmatch(image_id):
            return image_id
        sha1 = hashlib.sha1(image_id.encode(), usedforsecurity=False)
        return sha1.hexdigest()

    def read_name(self, name: str) -> tuple[str, str] | None:
        found = _NAME.fullmatch(name)
        return (found[1], found[2] or '') if found else None

    def list_names(self, listing: folder.Listing) -> Iterator[str]:
        return filter(_NAME.fullmatch, listing.names)

    def _tell_part(self, name: str, names: Container[str]) -> Part:
        if _NAME.fullmatch(name):
            return Part.IMAGE
        return Part.NAMED if _BESIDE.fullmatch(name) else Part.FOREIGN

    def find_image(
        self,
        fd: int,
        name: str,
        listing: folder.Listing | None = None,
        asked: Collection[str] | None = None,
    ) -> folder.File | None:
        named, found = _NAME.fullmatch(name), folder.look_at_regular(fd, name)
        if named is None or found is None:
            return None
        born = birth_time.read(fd, name)
        written, unknown = _read_sidecar(fd, name, listing)
        if written is None or not written.survives(found, born):
            cached_at = _read_time(found.st_mtime_ns if born is None else born)
            written = None
        else:
            cached_at = written.cached_at
        on = folder.notes_on(fd, name, found, written, listing, asked)
        labels = on.applied(written.labels if written else _NO_LABELS)
        return folder.File(
            name=name,
            image_id=named[1],
            variant=named[2] or '',
            identity=(found.st_dev, found.st_ino),
            size=folder.count_allocated(found),
            cached_at=cached_at,
            written=written,
            labels=_restart_if_touched(labels, found, self._clock()),
            linked=folder.is_linked(fd, name, found, listing),
            unknown=unknown,
            noted=on,
        )

    def explain_unfit(self, meta: ImageMeta) -> str | None:
        # Rather before its bytes have come than afterwards.
        nova_process.borrows(self._locks)
        if meta.disk_format in self.formats:
            return None
        return f'Nova keeps raw images here, this is {meta.disk_format}'

    def check_evicts(self, store: str) -> None:
        try:
            nova_process.borrows(self._locks)
        except ConfigurationError as error:
            raise StoreUnavailable(store, str(error)) from error

    @contextlib.contextmanager
    def holding(self, store: str) -> Iterator[HoldFile]:
        self.check_evicts(store)
        lent = nova_process.borrows(self._locks)
        if lent is not None:
            yield _share_locks(functools.partial(nova_process.borrowed, lent))
            return
        paths = (os.path.dirname(store), *self._instance_paths)
        with nova_lock.opened_folders(paths) as folders:
            yield _share_locks(functools.partial(nova_lock.held, folders))


def _share_locks(
    take: Callable[[Collection[str]], contextlib.AbstractContextManager[None]],
) -> HoldFile:
    """Let copies of one image, held together, have its lock in common.

    Whoever took it first gives it back last.
    """
    taken: set[str] = set()

    @contextlib.contextmanager
    def hold(name: str) -> Iterator[None]:
        names = [one for one in _lock_names(name) if one not in taken]
        with take(names):
            taken.update(names)
            try:
                yield
            finally:
                taken.difference_update(names)

    return hold


def _lock_names(name: str) -> tuple[str, ...]:
    # Nova makes disks of a resized copy with the lock of its original.
    return tuple(dict.fromkeys((name[:40], name)))


def _read_sidecar(
    fd: int, name: str, listing: folder.Listing | None
) -> tuple[sidecar.Sidecar | None, str | None]:
    """Read the sidecar of a file, or say why it cannot be understood."""
    path = sidecar.path(name)
    if listing is not None and path not in listing.names:
        return None, None
    try:
        written = sidecar.read(fd, name)
    except BlockingIOError:
        return None, f'{path} is leased, and cannot be read'
    if written is None:
        there = entries.lstat(fd, path) is not None
        return None, f'{path} cannot be understood' if there else None
    if written.image_id != name:
        return None, f'{path} is that of {written.image_id}'
    return written, None


# A sweep writes the same label on thousands of images.
_read_marks = functools.lru_cache(maxsize=512)(Marks.read)


def _restart_if_touched(
    labels: frozenset[str], found: os.stat_result, now: datetime.datetime
) -> frozenset[str]:
    """Restart the age of an image that was touched while it ran.

    Nova touches a file before it makes a disk of it.  A touch from the
    future, by a clock that has been set back since, tells no time.
    """
    if not labels:
        return labels
    running = _read_marks(labels)
    since, at = running.unused_since, _read_time(found.st_mtime_ns)
    if since is None or not since < at <= now + FUTURE:
        return labels
    return labels - running.labels_of('unused') | {unused_label(at)}


def _read_time(nanoseconds: int) -> datetime.datetime:
    try:
        seconds = nanoseconds / 10**9
        return datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    except (OverflowError, ValueError, OSError):
        # No calendar has it: as old as can be, for it proves nothing.
        return _NO_TIME
