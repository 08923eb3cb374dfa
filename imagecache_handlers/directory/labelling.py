"""Labelling: labels change in the sidecar of an image, or else beside it."""

from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import errno
import itertools
import os

from imagecache_handlers.directory import folder
from imagecache_handlers.directory import notes
from imagecache_handlers.directory import sidecar
from imagecache_handlers.directory.system import birth_time
from imagecache_handlers.directory.system import flock
from imagecache_handlers.exceptions import Uncertain

_CLAIM = 'claim.'
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def is_due(file: folder.File, labels: frozenset[str]) -> bool:
    """Tell if an image has other labels, or has to have them elsewhere."""
    return labels != file.labels or not _are_claims(file.noted.labels())


def relabel(
    fd: int, file: folder.File, labels: frozenset[str], *, is_local: bool
) -> None:
    """Let an image have these labels from now on; with its lock.

    ``is_local``: what is noted in the folder is listed everywhere at once.
    Elsewhere a host may list from memory, long after it was true.

    :raises Uncertain: when only some of that may be done, or last.
    """
    if is_local and _relabel_claims(fd, file, labels):
        return
    try:
        sidecar.write(fd, file.name, _make_sidecar(fd, file, labels))
    except OSError as error:
        if error.errno not in _FULL or not is_local:
            raise
        try:
            _note_change(fd, file, labels)
        except OSError as another:
            raise error from another
    else:
        folder.settle_change(fd, file.name, 'labelled')
        # It has all of them now, and what is over is not of this edition.
        if old := file.noted.entries():
            _drop_notes(fd, file.name, old)
            folder.settle_change(fd, file.name, 'labelled')


def _are_claims(labels: Iterable[str]) -> bool:
    return all(label.startswith(_CLAIM) for label in labels)


def _relabel_claims(
    fd: int, file: folder.File, labels: frozenset[str]
) -> bool:
    """Note a claim, or end one, if that is all; False: nothing was changed.

    It need not outlast a loss of power: whoever evicts dies of that, too.
    So it waits for no disk, and touches no sidecar with labels that must.
    """
    new, old = labels - file.labels, file.labels - labels
    if not _are_claims({*new, *old, *file.noted.labels()}):
        return False
    # One that is written as well would outlive its note.
    if not file.noted.has.keys() >= old or old & file.sidecar_labels:
        return False
    name = file.name
    subject = notes.Subject.of(fd, name, file.identity[1], file.written)
    try:
        with _made_notes(
            fd, name, [subject.has(name, label) for label in sorted(new)]
        ):
            if new:
                _leave_room(fd, name)
            ended = [file.noted.has[label] for label in old]
            notes.drop_entries(fd, itertools.chain(*ended))
    except OSError:
        # The name is too long, or the folder has no room for it.
        return False
    return True


def _make_sidecar(
    fd: int, file: folder.File, labels: frozenset[str]
) -> sidecar.Sidecar:
    if file.written is not None:
        return file.written._replace(labels=labels)
    found = os.stat(file.name, dir_fd=fd, follow_symlinks=False)
    born = birth_time.read(fd, file.name)
    return sidecar.Sidecar.of(file.name, file.cached_at, labels, found, born)


def _note_change(fd: int, file: folder.File, labels: frozenset[str]) -> None:
    """Write down beside the sidecar what is to change.

    :raises OSError: when that cannot be done; nothing was changed.
    """
    name, inode = file.name, file.identity[1]
    subject = notes.Subject.of(fd, name, inode, file.written)
    before = file.noted.applied(file.sidecar_labels)
    new = [subject.has(name, label) for label in sorted(labels - before)]
    with _made_notes(fd, name, new):
        if any(not note.label.startswith(_CLAIM) for note in new):
            _leave_room(fd, name)
        if new:
            # They are to last before anything goes in their favour.
            folder.settle_change(fd, name, 'labelled')
        if before - labels:
            _end_notes(fd, file, subject, before - labels)


def _leave_room(fd: int, name: str) -> None:
    """Refuse to take the last room for names: an eviction is to have it."""
    longest = notes.make_longest(name)
    notes.write_note(fd, longest)
    os.unlink(longest.entry, dir_fd=fd)


def _end_notes(
    fd: int, file: folder.File, subject: notes.Subject, gone: frozenset[str]
) -> None:
    """Note what is over in the sidecar, and remove what was only noted."""
    name, had = file.name, file.noted.has
    over = sorted(gone & file.sidecar_labels - file.noted.over.keys())
    if over and not subject.edition:
        raise OSError(errno.ENOTSUP, 'a sidecar without an edition')
    # Who lists the folder meanwhile might see neither what goes nor what
    # came before.
    with flock.folder_lock(fd, alone=True):
        ends = [subject.over(name, label) for label in over]
        with _made_notes(fd, name, ends):
            old = [had[label] for label in gone & had.keys()]
            _drop_notes(fd, name, itertools.chain(*old))
    folder.settle_change(fd, name, 'labelled')


@contextlib.contextmanager
def _made_notes(
    fd: int, name: str, wanted: Iterable[notes.Note]
) -> Iterator[None]:
    """Make notes that are gone again if what follows cannot be done."""
    made: list[str] = []
    try:
        for note in wanted:
            if notes.write_note(fd, note):
                made.append(note.entry)
        yield
    except OSError:
        if made:
            _drop_notes(fd, name, made)
            folder.settle_change(fd, name, 'not all labels were written')
        raise


def _drop_notes(fd: int, name: str, entries: Iterable[str]) -> None:
    try:
        notes.drop_entries(fd, entries)
    except OSError as error:
        raise Uncertain(
            name, f'not all labels were written: {error}'
        ) from error
