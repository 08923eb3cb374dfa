"""Folder: the files in it that are images of ours, and what goes with them."""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
import contextlib
import dataclasses
import datetime
import os
import stat
import time
from typing import NamedTuple
from typing import Self

from imagecache_handlers.directory import notes
from imagecache_handlers.directory import sidecar
from imagecache_handlers.directory.system import entries
from imagecache_handlers.directory.system import flock
from imagecache_handlers.exceptions import Uncertain

# A label is moved faster than this.
_PAUSE = 0.05
_MOST_LISTS = 100


# Of a file, and of the sidecar beside it.
State = tuple[tuple[int, ...], tuple[int, ...]]


class File(NamedTuple):
    """An image that is ours, and what is written of it.

    ``identity`` is its device and inode.  ``written`` is None while nothing
    is.  ``linked``: others have links to it.  ``unknown`` says why nobody
    can tell what is written.  ``noted`` is what differs from the sidecar, as
    far as that was listed or asked for.  ``held``: who has it open, once that
    was looked at.
    """

    name: str
    image_id: str
    variant: str
    identity: tuple[int, int]
    size: int
    cached_at: datetime.datetime
    written: sidecar.Sidecar | None
    labels: frozenset[str]
    linked: bool
    unknown: str | None = None
    noted: notes.Notes = notes.NONE
    held: frozenset[str] = frozenset()

    @property
    def sidecar_labels(self) -> frozenset[str]:
        return self.written.labels if self.written else frozenset()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The names in a folder, read once, and those beside each image."""

    names: Collection[str]
    stages: Mapping[str, list[str]]
    noted: Mapping[str, list[notes.Note]]

    @classmethod
    def of(cls, folder: int) -> Self:
        names = _list_names(folder)
        return cls(
            names=names,
            stages=_stages_by_name(names),
            noted=notes.list_notes(names),
        )


def read_state(folder: int, name: str) -> State:
    """Give what changes with the labels of an image; with its lock.

    Others may touch a file, which restarts its age; a sidecar is replaced.
    """
    file, beside = (
        entries.lstat(folder, entry) for entry in (name, sidecar.path(name))
    )
    return _stamp(file), _stamp(beside)


def _stamp(found: os.stat_result | None) -> tuple[int, ...]:
    if found is None:
        return ()
    times = found.st_mtime_ns, found.st_ctime_ns
    return found.st_dev, found.st_ino, found.st_size, *times


def _list_names(folder: int) -> dict[str, None]:
    try:
        with flock.folder_lock(folder):
            return dict.fromkeys(os.listdir(folder))
    except TimeoutError:
        # Whoever may read a folder may lock it, and for ever.
        return _list_steady_names(folder)


def _list_steady_names(folder: int) -> dict[str, None]:
    """Give the names once they stay the same, for nothing is moved then."""
    names = dict.fromkeys(os.listdir(folder))
    for _ in range(_MOST_LISTS):
        time.sleep(_PAUSE)
        before, names = names, dict.fromkeys(os.listdir(folder))
        if names == before:
            return names
    raise TimeoutError('it is locked, and changes all the time')


def _stages_by_name(names: Iterable[str]) -> dict[str, list[str]]:
    stages: dict[str, list[str]] = {}
    for name in names:
        if name.endswith(sidecar.STAGE) and (of := sidecar.image_of(name)):
            stages.setdefault(of, []).append(name)
    return stages


def notes_on(
    folder: int,
    name: str,
    found: os.stat_result,
    written: sidecar.Sidecar | None,
    listing: Listing | None,
    asked: Collection[str] | None,
) -> notes.Notes:
    """Give the notes that were listed, or else those on labels asked for."""
    if listing is not None:
        listed = listing.noted.get(name)
        if not listed:
            return notes.NONE
        subject = notes.Subject.of(folder, name, found.st_ino, written)
        said = (note for note in listed if not notes.is_foreign(folder, note))
        return notes.Notes.of(subject, said)
    if asked is None:
        return notes.NONE
    subject = notes.Subject.of(folder, name, found.st_ino, written)
    labels = written.labels if written else ()
    return notes.find_notes(folder, name, subject, asked, labels)


def drop_notes(folder: int, name: str) -> None:
    """Remove all notes on an image that is not there; with its lock."""
    stale = notes.list_notes(os.listdir(folder)).get(name, ())
    notes.drop_entries(folder, [note.entry for note in stale])


def count_allocated(found: os.stat_result) -> int:
    """Give the bytes that a file holds, not those that it seems to have."""
    return found.st_blocks * 512


def look_at_regular(folder: int, name: str) -> os.stat_result | None:
    """Look at a regular file; None for anything else, links above all."""
    found = entries.lstat(folder, name)
    if found is None or not stat.S_ISREG(found.st_mode):
        return None
    return found


def is_linked(
    folder: int, name: str, found: os.stat_result, listing: Listing | None
) -> bool:
    """Tell if others link a file; the stages in a listing are our own."""
    links = found.st_nlink - 1
    if links and listing is not None:
        links -= len(_own_links(folder, found, listing.stages.get(name, ())))
    return links > 0


def _own_links(
    folder: int, found: os.stat_result, stages: Iterable[str]
) -> list[str]:
    """Give the stages that are that very file: an add was cut off late."""
    return [
        entry
        for entry in stages
        if (stage := entries.lstat(folder, entry)) is not None
        if os.path.samestat(stage, found)
    ]


def drop_own_links(folder: int, name: str) -> None:
    """Remove the stages that hold the bytes of an image; with its lock."""
    found = entries.lstat(folder, name)
    if found is None or found.st_nlink == 1:
        return
    stages = _stages_by_name(os.listdir(folder)).get(name, ())
    for entry in _own_links(folder, found, stages):
        os.unlink(entry, dir_fd=folder)


def unlink_image(folder: int, file: File) -> None:
    """Remove the file of an image; with its lock.

    What is written of it goes once that is settled: without its sidecar a
    file is foreign, and would lie here for ever if it came back.  A sidecar
    without its file lists nothing.
    """
    os.unlink(file.name, dir_fd=folder)


def drop_traces(folder: int, file: File) -> None:
    """Remove what is written of an image that is gone; with its lock."""
    with contextlib.suppress(OSError):
        sidecar.remove(folder, file.name)
        notes.drop_entries(folder, file.noted.entries())


def settle_change(folder: int, name: str, done: str) -> None:
    """Have what was done in a folder outlast a loss of power.

    :raises Uncertain: when it is done, and may be undone.
    """
    try:
        os.fsync(folder)
    except OSError as error:
        raise Uncertain(name, f'{done}, but not safely: {error}') from error


def give_away(fd: int, folder: os.stat_result) -> None:
    """Let a new file be that of whom its folder belongs to, if we may.

    The folder of another service is looked after by root: that service has
    to be able to touch, or lock, what lies there.
    """
    if (folder.st_uid, folder.st_gid) != (os.geteuid(), os.getegid()):
        with contextlib.suppress(PermissionError):
            os.fchown(fd, folder.st_uid, folder.st_gid)
