"""The backend: disks and clones in a folder, which SQLite catalogues.

It stands for a storage system's own library, and knows nothing of handlers.
"""

from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import fcntl
import io
import os
import pathlib
import re
import shutil
import sqlite3
import time
from typing import BinaryIO
from typing import Self
import uuid

_CATALOGUE = 'catalogue.sqlite'
_SCHEMA = """
BEGIN IMMEDIATE;
CREATE TABLE disk (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    image_id TEXT,
    parent TEXT REFERENCES disk ON DELETE RESTRICT,
    size INTEGER NOT NULL,
    created REAL NOT NULL
);
CREATE INDEX clones ON disk (parent);
CREATE UNIQUE INDEX one_copy ON disk (image_id) WHERE parent IS NULL;
CREATE TABLE label (
    disk TEXT NOT NULL REFERENCES disk ON DELETE CASCADE,
    label TEXT NOT NULL,
    PRIMARY KEY (disk, label)
) WITHOUT ROWID;
COMMIT;
"""
DISK_ID = re.compile('[0-9a-f]{32}')
_SUFFIX = '.disk'
_CHUNK = 2**20


class PoolError(Exception):
    """The pool cannot be used now; nothing was changed."""


class Refused(Exception):
    """The catalogue's own rules forbid it; nothing was changed."""


class Torn(Exception):
    """The content had another size than was announced."""


class CommitLost(Exception):
    """It was to be changed, and nobody knows if it was."""


class Pool:
    """Disks that any number of processes may work on at once."""

    def __init__(
        self, folder: str | os.PathLike[str], *, patience: float = 30
    ) -> None:
        self.folder = pathlib.Path(folder).resolve()
        self._patience = patience

    @classmethod
    def create(cls, folder: str | os.PathLike[str]) -> Self:
        pool = cls(folder)
        with _trouble():
            pool.folder.mkdir(parents=True, exist_ok=True)
        with pool._connected('rwc') as db:
            db.executescript(_SCHEMA)
        return pool

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """See one state of the catalogue, whatever others write."""
        # Never created here: a pool that is away would look like an empty one.
        with self._connected('rw') as db:
            db.execute('BEGIN')
            yield db

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Change all or nothing, while nobody else writes.

        :raises CommitLost: when nobody knows which.
        """
        with self._connected('rw') as db:
            db.execute('BEGIN IMMEDIATE')
            yield db
            try:
                db.execute('COMMIT')
            except sqlite3.Error as error:
                raise CommitLost(str(error)) from error

    def add(
        self,
        content: BinaryIO,
        name: str,
        *,
        size: int | None = None,
        image_id: str | None = None,
        parent: str | None = None,
        labels: Iterable[str] = (),
    ) -> str:
        """Make a disk; what is catalogued is whole, and has its labels.

        :raises Refused: when there is a copy of the image, or no parent.
        :raises Torn: when the content is not of that size.
        """
        disk_id = uuid.uuid4().hex
        try:
            with self._staged(disk_id) as file:
                filled = _fill(file, content)
                if size not in (None, filled):
                    raise Torn(f'it has {filled} bytes, not {size}')
                self._sync()
                row = disk_id, name, image_id, parent, filled, time.time()
                with self.writing() as db:
                    db.execute('INSERT INTO disk VALUES (?,?,?,?,?,?)', row)
                    label(db, disk_id, labels)
        except BaseException:
            # If this fails too, it is debris.
            with contextlib.suppress(PoolError, CommitLost):
                self.discard(disk_id)
            raise
        return disk_id

    def clone(self, disk_id: str, name: str) -> str:
        """Make a disk that is as another one until it is written to."""
        return self.add(io.BytesIO(), name, parent=disk_id)

    def remove(self, disk_id: str) -> int | None:
        """Remove a disk; give the bytes that are free now."""
        with self.writing() as db:
            delete(db, disk_id)
        return self.release(disk_id)

    def release(self, disk_id: str) -> int | None:
        """Free the bytes of what was deleted; None: they are left."""
        path = self._file(disk_id)
        try:
            size = path.stat().st_size
            path.unlink()
        except OSError:
            return None
        return size

    def strays(self) -> list[tuple[str, os.stat_result]]:
        """Give the files that are no disks and that nobody fills."""
        with _trouble(), self.writing() as db:
            return [
                (path.stem, path.stat())
                for path in self.folder.glob(f'*{_SUFFIX}')
                if DISK_ID.fullmatch(path.stem)
                if self._is_stray(db, path.stem)
            ]

    def discard(self, disk_id: str) -> int:
        """Remove a file if it is a stray."""
        with _trouble(), self.writing() as db:
            if not self._is_stray(db, disk_id):
                return 0
            return self.release(disk_id) or 0

    def usage(self) -> tuple[int, int, int]:
        """Give the bytes in all, those that are free, and of which device."""
        with self.reading() as db, _trouble():
            db.execute('SELECT count(*) FROM disk')
            total, _, free = shutil.disk_usage(self.folder)
            return total, free, self.folder.stat().st_dev

    @contextlib.contextmanager
    def _connected(self, mode: str) -> Iterator[sqlite3.Connection]:
        uri = f'{(self.folder / _CATALOGUE).as_uri()}?mode={mode}'
        try:
            with contextlib.closing(
                sqlite3.connect(
                    uri,
                    timeout=self._patience,
                    isolation_level=None,
                    uri=True,
                )
            ) as db:
                db.execute('PRAGMA foreign_keys = ON')
                yield db
        except sqlite3.IntegrityError as error:
            raise Refused(str(error)) from error
        except sqlite3.Error as error:
            raise PoolError(str(error)) from error

    @contextlib.contextmanager
    def _staged(self, disk_id: str) -> Iterator[BinaryIO]:
        """Give a new file, locked for as long as it is filled."""
        with contextlib.ExitStack() as stack:
            # Who looks for strays waits for this; none is seen unlocked.
            with self.writing(), _trouble():
                file = stack.enter_context(self._file(disk_id).open('xb'))
                fcntl.flock(file, fcntl.LOCK_EX)
            yield file

    def _is_stray(self, db: sqlite3.Connection, disk_id: str) -> bool:
        path = self._file(disk_id)
        known = db.execute('SELECT 1 FROM disk WHERE id = ?', [disk_id])
        if known.fetchone() or path.is_symlink() or not path.is_file():
            return False
        with path.open('rb') as file:
            return _is_unlocked(file)

    def _sync(self) -> None:
        """Have the names of files outlast a loss of power."""
        with _trouble(), contextlib.ExitStack() as stack:
            fd = os.open(self.folder, os.O_RDONLY)
            stack.callback(os.close, fd)
            os.fsync(fd)

    def _file(self, disk_id: str) -> pathlib.Path:
        return self.folder / f'{disk_id}{_SUFFIX}'


def label(db: sqlite3.Connection, disk_id: str, labels: Iterable[str]) -> None:
    db.executemany(
        'INSERT OR IGNORE INTO label VALUES (?, ?)',
        [(disk_id, text) for text in labels],
    )


def unlabel(
    db: sqlite3.Connection, disk_id: str, labels: Iterable[str]
) -> None:
    db.executemany(
        'DELETE FROM label WHERE disk = ? AND label = ?',
        [(disk_id, text) for text in labels],
    )


def delete(db: sqlite3.Connection, disk_id: str) -> None:
    """Delete a disk from the catalogue, which refuses to if it has clones."""
    db.execute('DELETE FROM disk WHERE id = ?', [disk_id])


def _fill(file: BinaryIO, content: BinaryIO) -> int:
    """Bring all of the content to the disk; its errors are not the pool's."""
    size = 0
    while part := content.read(_CHUNK):
        with _trouble():
            size += file.write(part)
    with _trouble():
        file.flush()
        os.fsync(file.fileno())
    return size


def _is_unlocked(file: BinaryIO) -> bool:
    """Tell if nobody holds the lock of a file; a dead process does not."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def _trouble() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PoolError(str(error)) from error
