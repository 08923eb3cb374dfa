"""The handler keeps every promise of the conformance kit."""

import contextlib
import fcntl
import functools
import io
import os
import sqlite3
import traceback
from unittest import mock

from imagecache_handlers.testing import conformance

from tests.pooled import Pooled


NO_DISK_IDS = '../..', 'a\nb', conformance.TWO


def around(step, call):
    def stepping(*arguments, **options):
        step()
        result = call(*arguments, **options)
        step()
        return result

    return stepping


def failing_as_sqlite(step):
    """What a step raises in a statement is an error of SQLite."""
    try:
        step()
    except OSError as error:
        raise sqlite3.OperationalError(str(error)) from error


class Doomed(sqlite3.Connection):
    """Each statement is a step: a commit is one as well."""

    def __init__(self, step, *arguments, **options):
        super().__init__(*arguments, **options)
        fail = functools.partial(failing_as_sqlite, step)
        self.execute = around(fail, self.execute)
        self.executemany = around(fail, self.executemany)


class Late(sqlite3.Connection):
    """Something happens before the transaction of an evict begins."""

    def __init__(self, act, *arguments, **options):
        super().__init__(*arguments, **options)
        self.act = act

    def execute(self, statement, *values):
        if statement == 'BEGIN IMMEDIATE':
            callers = traceback.extract_stack()
            if 'evict' in {caller.name for caller in callers[-4:]}:
                self.act()
        return super().execute(statement, *values)


class TestSqlite(Pooled, conformance.HandlerConformance):
    sees_users = True
    unreadable = None
    absent = {'unreadable': 'one query reads all rows, or none'}

    def lose(self, image):
        self.pool.remove(image.location)

    def occupy(self, image, user):
        self.pool.clone(image.location, user)

    def vacate(self, image, user):
        [clone] = [at for at, name in self.disks().items() if name == user]
        self.pool.remove(clone)

    def foreign(self):
        before = self.disks()
        self._put_foreign()
        self._foreign = self.disks().keys() - before.keys()
        return self._foreign

    def foreign_left(self):
        return self._foreign & self.disks().keys()

    def litter(self):
        stray = self.pool.folder / f'{"5" * 32}.disk'
        stray.write_bytes(b'half an im')
        return [stray.stem]

    def doom(self, step):
        sqlite3.connect = functools.partial(
            sqlite3.connect, factory=functools.partial(Doomed, step)
        )
        for owner, name in (os, 'fsync'), (os, 'unlink'), (fcntl, 'flock'):
            setattr(owner, name, around(step, getattr(owner, name)))

    @contextlib.contextmanager
    def last_step(self, act):
        late = functools.partial(Late, act)
        connect = functools.partial(sqlite3.connect, factory=late)
        with mock.patch.object(sqlite3, 'connect', connect):
            yield

    def whole(self, image):
        file = self.pool.folder / f'{image.location}.disk'
        return file.exists() and file.stat().st_size == image.size

    def outages(self):
        return [self._away(), self._damaged(), self._lost()]

    def _put_foreign(self):
        def put(name, **marks):
            return self.pool.add(io.BytesIO(b'disk'), name, **marks)

        without_mark = put(conformance.ONE)
        # A copy of an image has its mark, and is none.
        put('copy', image_id=conformance.ONE, parent=without_mark)
        for hostile in '', '-rf', '../../etc/passwd':
            put('image', image_id=hostile)
        with self.pool.writing() as db:
            for name in NO_DISK_IDS:
                row = name, 'image', name
                db.execute('INSERT INTO disk VALUES (?,?,?,NULL,1,1)', row)

    @contextlib.contextmanager
    def _away(self):
        away = self.pool.folder.rename(self.root / 'away')
        yield
        away.rename(self.pool.folder)

    @contextlib.contextmanager
    def _damaged(self):
        catalogue = self.pool.folder / 'catalogue.sqlite'
        whole = catalogue.read_bytes()
        catalogue.write_bytes(b'no such thing')
        yield
        catalogue.write_bytes(whole)

    @contextlib.contextmanager
    def _lost(self):
        catalogue = self.pool.folder / 'catalogue.sqlite'
        away = catalogue.rename(self.root / 'away')
        yield
        # What was made in its place would stand for an empty pool.
        self.assertFalse(catalogue.exists())
        away.rename(catalogue)
