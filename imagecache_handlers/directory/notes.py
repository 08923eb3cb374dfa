"""Notes: labels in the names of empty files, for a disk that is full.

A sidecar needs a block, and a name in a folder mostly none.  So beside an
image ``NAME`` may lie, until its sidecar can be written again::

    .NAME.imagecache+INODE-BIRTH.LABEL    that very file has the label
    .NAME.imagecache+not-EDITION.LABEL    in that very edition of its sidecar
                                          the label does not count any more
"""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import os
import re
import stat
from typing import NamedTuple
from typing import Self

from imagecache_handlers.directory import sidecar
from imagecache_handlers.directory.system import birth_time
from imagecache_handlers.directory.system.descriptors import close
from imagecache_handlers.directory.system import entries
from imagecache_handlers.directory.system import rights
from imagecache_handlers.labels import LABEL
from imagecache_handlers.model import IMAGE_ID

NOTE = '.imagecache+'

_OVER = 'not-'
_LONGEST = 255
_ENTRY = re.compile(
    rf'\.({IMAGE_ID.pattern}){re.escape(NOTE)}'
    rf'(not-[0-9a-f]+|[0-9a-f]+-[0-9a-f]*)\.({LABEL.pattern})'
)


class Note(NamedTuple):
    """What one name says: of which file, or sidecar, and which label."""

    name: str
    subject: str
    label: str

    @property
    def entry(self) -> str:
        return f'.{self.name}{NOTE}{self.subject}.{self.label}'

    @property
    def is_over(self) -> bool:
        return self.subject.startswith(_OVER)

    @classmethod
    def parse(cls, entry: str) -> Self | None:
        """Read a name; None for that of anything else."""
        if NOTE not in entry:
            return None
        found = _ENTRY.fullmatch(entry)
        return cls(*found.groups()) if found else None


class Subject(NamedTuple):
    """Of what notes have to speak, to count."""

    inode: int
    born_ns: int | None
    edition: str

    @classmethod
    def of(
        cls,
        folder: int,
        name: str,
        inode: int,
        written: sidecar.Sidecar | None,
    ) -> Self:
        edition = written.edition if written else ''
        return cls(inode, birth_time.read(folder, name), edition)

    @property
    def file(self) -> str:
        born = '' if self.born_ns is None else f'{self.born_ns:x}'
        return f'{self.inode:x}-{born}'

    def has(self, name: str, label: str) -> Note:
        return Note(name, self.file, label)

    def over(self, name: str, label: str) -> Note:
        return Note(name, f'{_OVER}{self.edition}', label)

    def is_of(self, note: Note) -> bool:
        """Tell if a note speaks of this, or may do so.

        Where nobody knows when a file was born, one of the same number is
        taken for the same: its labels protect rather than not.
        """
        if note.is_over:
            return note.subject == f'{_OVER}{self.edition}'
        inode, _, born = note.subject.partition('-')
        if inode != f'{self.inode:x}':
            return False
        return not born or self.born_ns is None or note.subject == self.file


class Notes(NamedTuple):
    """The notes that count for one image, by their labels."""

    has: dict[str, list[str]]
    over: dict[str, list[str]]

    @classmethod
    def of(cls, subject: Subject, notes: Iterable[Note]) -> Self:
        made = cls({}, {})
        for note in notes:
            if subject.is_of(note):
                kind = made.over if note.is_over else made.has
                kind.setdefault(note.label, []).append(note.entry)
        return made

    def entries(self) -> list[str]:
        kinds = *self.has.values(), *self.over.values()
        return [entry for entries in kinds for entry in entries]

    def labels(self) -> list[str]:
        return [*self.has, *self.over]

    def applied(self, labels: frozenset[str]) -> frozenset[str]:
        """Give the labels of an image whose sidecar has these."""
        if self is NONE:
            return labels
        # A label that was added again has a note of both kinds.
        return labels.difference(self.over).union(self.has)


NONE = Notes({}, {})


def list_notes(entries: Iterable[str]) -> dict[str, list[Note]]:
    """Give the notes among the entries of a folder, by their images."""
    notes: dict[str, list[Note]] = {}
    for entry in entries:
        if NOTE in entry and (note := Note.parse(entry)):
            notes.setdefault(note.name, []).append(note)
    return notes


def find_notes(
    folder: int,
    name: str,
    subject: Subject,
    labels: Iterable[str],
    written: Collection[str],
) -> Notes:
    """Look for the notes on some labels, and on those of the sidecar."""
    if subject.born_ns is None:
        # Others may know what this host does not.
        possible: Iterable[Note] = list_notes(os.listdir(folder)).get(name, ())
    else:
        possible = _possible_notes(name, subject, labels, written)
    return Notes.of(
        subject, (note for note in possible if _is_there(folder, note))
    )


def _possible_notes(
    name: str,
    subject: Subject,
    labels: Iterable[str],
    written: Collection[str],
) -> Iterator[Note]:
    files = subject, subject._replace(born_ns=None)
    for label in {*labels, *written}:
        for file in files:
            yield file.has(name, label)
    if subject.edition:
        for label in written:
            yield subject.over(name, label)


def make_longest(name: str) -> Note:
    """Give a note on no file, whose name takes as much room as any can."""
    none = Note(name, '0-', 'none')
    filling = _LONGEST - len(none.entry)
    return none._replace(subject=f'0-{"0" * filling}')


def _is_there(folder: int, note: Note) -> bool:
    if len(note.entry) > _LONGEST:
        return False
    found = entries.lstat(folder, note.entry)
    return found is not None and _is_trusted(folder, found)


def is_foreign(folder: int, note: Note) -> bool:
    """Tell if a note that was listed says nothing, by whose it is.

    One that is gone by now may have been moved: it did say something.
    """
    found = entries.lstat(folder, note.entry)
    return found is not None and not _is_trusted(folder, found)


def _is_trusted(folder: int, found: os.stat_result) -> bool:
    return stat.S_ISREG(found.st_mode) and rights.counts(folder, found)


def write_note(folder: int, note: Note) -> bool:
    """Make a note; False: it was there."""
    try:
        fd = rights.make(folder, note.entry, os.O_WRONLY, 0o644)
    except FileExistsError:
        if _is_there(folder, note):
            return False
        raise
    close(fd)
    return True


def drop_entries(folder: int, entries: Iterable[str]) -> None:
    for entry in entries:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(entry, dir_fd=folder)
