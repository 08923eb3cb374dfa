"""Adopting: a file becomes an image where it lies, and nothing is copied.

Its owner, its mode and its bytes stay.  Its age begins now, and what uses it
keeps it from then on as it does any other image.
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import dataclasses
import datetime
import logging
import os
import stat

from imagecache_handlers.directory import folder
from imagecache_handlers.directory.hosts.sweepers import Sweeper
from imagecache_handlers.directory.layout import Layout
from imagecache_handlers.directory import machine_traces
from imagecache_handlers.directory.nova_layout import is_name_of_nova
from imagecache_handlers.directory import own_disks
from imagecache_handlers.directory.parts import Part
from imagecache_handlers.directory import renaming
from imagecache_handlers.directory import self_contained
from imagecache_handlers.directory import sidecar
from imagecache_handlers.directory.store_folder import hold_image
from imagecache_handlers.directory.store_folder import opened
from imagecache_handlers.directory.stores import describe_store
from imagecache_handlers.directory import strangers
from imagecache_handlers.directory.system import birth_time
from imagecache_handlers.directory.system.descriptors import closing
from imagecache_handlers.directory.system import entries
from imagecache_handlers.directory.system import safe_open
from imagecache_handlers.directory.system import writers
from imagecache_handlers.directory.users.overlays import Overlays
from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.exceptions import ImageExists
from imagecache_handlers.exceptions import ImageNotFound
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.exceptions import Unsupported
from imagecache_handlers.labels import Marks
from imagecache_handlers.model import IMAGE_ID

LOG = logging.getLogger(__name__)

_CHANGED = 'somebody else changed it meanwhile'
_OF_NOVA = (
    'Nova names files so: if this is its folder, set [imagecache_directory] '
    'layout = nova, which needs no adopting'
)
_NOT_WRITABLE = 'we may not write in it: be its owner or root, not read-only'
_WAS_PINNED = (
    'Another file of the name %s was pinned for %s, this one is not: pin it '
    'anew if it is the same image'
)


@dataclasses.dataclass(frozen=True, slots=True)
class Adoptions:
    """Files of the stores of one handler that become images."""

    layout: Layout
    overlays: Overlays
    sweeper: Sweeper
    clock: Callable[[], datetime.datetime]
    machines: own_disks.Machines

    def check(self, store: str, name: str, image_id: str) -> None:
        """Refuse what ``adopt`` would refuse now; nothing is changed.

        :raises CacheError: saying why, and what to do.
        """
        with self._checked(store, name, image_id) as file:
            if name != image_id:
                renaming.refuse_used(self._look(store, name), file)

    def adopt(self, store: str, name: str, image_id: str) -> None:
        """Make an image of a file; with another id it is renamed.

        :raises CacheError: it is none then, and has its name.
        :raises Uncertain: it is one, or will be, and that may not last.
        """
        with (
            self._held(store, {name, image_id}) as fd,
            self._checked(store, name, image_id) as file,
        ):
            self.sweeper.record_host(fd, store)
            made = _make_sidecar(file, image_id, self.clock())
            if name == image_id:
                self._label_file(file, made)
            else:
                self._rename_file(store, file, made)
            folder.settle_change(fd, image_id, 'adopted')

    @contextlib.contextmanager
    def _held(self, store: str, names: set[str]) -> Iterator[int]:
        """Keep others from changing what has these names.

        In their order, so that nobody who takes both waits for us.
        """
        with opened(store) as fd, contextlib.ExitStack() as locks:
            for name in sorted(names):
                if sidecar.is_fit_name(name):
                    locks.enter_context(hold_image(fd, name))
            yield fd

    @contextlib.contextmanager
    def _checked(
        self, store: str, name: str, image_id: str
    ) -> Iterator[renaming.Opened]:
        """Open a file that may be an image of that id."""
        _refuse_id(name, image_id)
        if '/' in name or self.layout.tell_part(name, ()) is Part.OURS:
            raise Unsupported(name, 'that is no name of a file to adopt')
        if is_name_of_nova(name):
            # In the other layout we take its locks, and here we take none.
            raise Unsupported(name, _OF_NOVA)
        if problem := describe_store(store, {}).problem:
            raise StoreUnavailable(store, problem)
        with opened(store) as fd:
            if not os.access('.', os.W_OK, dir_fd=fd, effective_ids=True):
                raise StoreUnavailable(store, _NOT_WRITABLE)
            if strangers.is_image(self.layout, fd, name):
                raise ImageExists(name, 'there is nothing to adopt')
            if name != image_id and entries.lstat(fd, image_id) is not None:
                raise ImageExists(image_id, 'something has that name already')
            with closing(_open_regular(fd, name)) as file:
                it = renaming.Opened(fd, file, name, os.fstat(file))
                _refuse_file(it)
                self._refuse_disks(it, is_renamed=name != image_id)
                yield it

    def _refuse_disks(
        self, file: renaming.Opened, *, is_renamed: bool
    ) -> None:
        explain_own = self.machines.explain_own
        if why := explain_own(file.fd, file.name):
            raise Unsupported(file.name, why)
        if is_renamed and (
            why := explain_own(file.fd, file.name, is_renamed=True)
        ):
            raise Unsupported(file.name, why)

    def _look(self, store: str, name: str) -> renaming.Look:
        overlays = self.overlays.taking_for_image(store, name)
        survey = overlays.survey()
        return renaming.Look(
            store, survey, self.sweeper.judge_look(store, survey)
        )

    def _label_file(
        self, file: renaming.Opened, made: sidecar.Sidecar
    ) -> None:
        with renaming.undone(sidecar.remove, file.folder, file.name):
            sidecar.write(file.folder, file.name, made)
            self._prove_adopted(file, file.name)
        # What they said of it is in the sidecar now.
        with contextlib.suppress(OSError):
            folder.drop_notes(file.folder, file.name)

    def _rename_file(
        self, store: str, file: renaming.Opened, made: sidecar.Sidecar
    ) -> None:
        """Rename it too, if nobody has it, or comes to have it meanwhile."""
        renaming.refuse_used(self._look(store, file.name), file)
        with renaming.renamed(file, made) as new:
            self._prove_adopted(file, new)
            renaming.refuse_used(self._look(store, new), file, new)
            self._refuse_disks(file, is_renamed=True)
        if sidecar.is_fit_name(file.name):
            # Of a file that is not there any more: it would be debris.
            with contextlib.suppress(OSError):
                sidecar.remove(file.folder, file.name)

    def _prove_adopted(self, file: renaming.Opened, name: str) -> None:
        """See that it is that very file which is an image now, and whole."""
        found = self.layout.find_image(file.folder, name)
        there = file.found.st_dev, file.found.st_ino
        if found is None or found.identity != there:
            raise ImageBusy(name, _CHANGED)
        if why := writers.explain_writing(file.folder, file.fd):
            raise ImageBusy(name, why)


def _refuse_id(name: str, image_id: str) -> None:
    advice = 'give it one with --id' if name == image_id else 'choose another'
    if not IMAGE_ID.fullmatch(image_id):
        raise Unsupported(image_id, f'that cannot be an id: {advice}')
    most = sidecar.LONGEST_NAME
    if len(image_id) > most:
        why = f'an id may have {most} characters here: {advice}'
        raise Unsupported(image_id, why)


def _open_regular(fd: int, name: str) -> int:
    """Open a file, and nothing else, for reading alone."""
    there = entries.lstat(fd, name)
    if there is None:
        raise ImageNotFound(name, 'no file of that name lies there')
    if not stat.S_ISREG(there.st_mode):
        why = 'it is not a file but a link, a folder or a device'
        raise Unsupported(name, why)
    try:
        return safe_open.open_file(fd, name, os.O_RDONLY)
    except FileNotFoundError:
        raise ImageBusy(name, _CHANGED) from None


def _refuse_file(file: renaming.Opened) -> None:
    found, name = file.found, file.name
    if not stat.S_ISREG(found.st_mode):
        raise ImageBusy(name, _CHANGED)
    if not found.st_size:
        raise Unsupported(name, 'it is empty')
    if found.st_mode & stat.S_IWOTH:
        raise Unsupported(name, 'everybody may write to it: chmod o-w it')
    if why := self_contained.explain_unfit(file.fd, found.st_size):
        raise Unsupported(name, why)
    if why := machine_traces.explain_written(file.fd):
        raise Unsupported(name, why)
    if why := writers.explain_writing(file.folder, file.fd):
        raise ImageBusy(name, why)


def _make_sidecar(
    file: renaming.Opened, image_id: str, now: datetime.datetime
) -> sidecar.Sidecar:
    born = birth_time.read(file.fd)
    labels = _find_kept_labels(file, born)
    return sidecar.Sidecar.of(image_id, now, labels, file.found, born)


def _find_kept_labels(
    file: renaming.Opened, born: int | None
) -> frozenset[str]:
    """Give the pins and leases of that very file, if it had been an image."""
    if not sidecar.is_fit_name(file.name):
        return frozenset()
    fd, name, found = file.folder, file.name, file.found
    old = sidecar.read(fd, name)
    listing = folder.Listing.of(fd)
    on = folder.notes_on(fd, name, found, old, listing, None)
    is_same = old is not None and (old.inode, old.born_ns) == (
        found.st_ino,
        born,
    )
    written = old.labels if old else frozenset()
    if not is_same and (owners := sorted(Marks.read(written).pins)):
        LOG.warning(_WAS_PINNED, name, ', '.join(owners))
    marks = Marks.read(on.applied(written if is_same else frozenset()))
    return marks.labels_of('pin') | marks.labels_of('lease')
