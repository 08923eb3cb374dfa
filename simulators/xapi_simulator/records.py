"""The database: rows that are replaced, never changed, under one lock."""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import random
import threading
from typing import Any
from typing import NamedTuple

from xapi_simulator.errors import XapiError
from xapi_simulator.schema import CLASSES
from xapi_simulator.values import NULL

Row = Mapping[str, Any]

# Of each class xapi remembers the newest deletions: when there are twice as
# many as this it forgets all but these, and tells nobody.
DELETIONS = 256


class Stat(NamedTuple):
    """When an object was created and last changed, in generations."""

    created: int
    modified: int


class Deletion(NamedTuple):
    ref: str
    created: int
    deleted: int


class Change(NamedTuple):
    """What happened to one object after some generation."""

    generation: int
    operation: str
    cls: str
    ref: str
    row: Row | None


class Relation(NamedTuple):
    """A field that refers to an object, which lists those who do."""

    field: str
    target: str
    members: str


def _relations() -> dict[str, list[Relation]]:
    """Give the relations of each class by its name."""
    found: dict[str, list[Relation]] = {name: [] for name in CLASSES}
    for cls in CLASSES.values():
        for field in cls.fields.values():
            if field.other:
                relation = Relation(field.other, cls.name, field.name)
                found[field.type.split()[0]].append(relation)
    return found


class Records:
    """All objects of a pool; ``lock`` makes several steps one.

    Whoever holds a row or a snapshot holds what was true at one moment.
    """

    def __init__(self, source: random.Random) -> None:
        self.lock = threading.Condition(threading.RLock())
        self.generation = 0
        self._source = source
        self._relations = _relations()
        self._empty = {
            cls.name: {
                name: field.empty() for name, field in cls.fields.items()
            }
            for cls in CLASSES.values()
        }
        self._rows: dict[str, dict[str, Row]] = {}
        self._stats: dict[str, dict[str, Stat]] = {}
        self._deleted: dict[str, list[Deletion]] = {}
        self._uuids: dict[str, dict[str, str]] = {}
        self._later: dict[tuple[str, str, str], list[str]] | None = None
        for name in CLASSES:
            self._rows[name] = {}
            self._stats[name] = {}
            self._deleted[name] = []
            self._uuids[name] = {}

    def new_uuid(self) -> str:
        # As uuid.UUID makes one of version 4, a good deal faster.
        digits = f'{self._source.getrandbits(128):032x}'
        parts = digits[:8], digits[8:12], f'4{digits[13:16]}'
        return f'{"-".join(parts)}-a{digits[17:20]}-{digits[20:]}'

    def new_ref(self) -> str:
        return f'OpaqueRef:{self.new_uuid()}'

    @contextlib.contextmanager
    def bulk(self) -> Iterator[None]:
        """Add many objects: sets of references are only filled at the end.

        Nothing may be deleted meanwhile, nor be made to refer elsewhere.
        """
        with self.lock:
            later: dict[tuple[str, str, str], list[str]] = {}
            self._later = later
            try:
                yield
            finally:
                self._later = None
            for (cls, ref, field), members in later.items():
                have = self._rows[cls][ref][field]
                self.write(cls, ref, **{field: (*have, *members)})

    def create(self, cls: str, **fields: Any) -> str:
        """Add an object; what is not given has its type's empty value."""
        row = {**self._empty[cls], **fields}
        row['uuid'] = row['uuid'] or self.new_uuid()
        assert row.keys() == self._empty[cls].keys(), fields  # noqa: S101
        ref = self.new_ref()
        with self.lock:
            self._rows[cls][ref] = row
            self._uuids[cls][row['uuid']] = ref
            now = self._tick()
            self._stats[cls][ref] = Stat(now, now)
            self._relate(cls, ref, {}, row)
        return ref

    def get(self, cls: str, ref: str) -> Row:
        """Give a row.

        :raises XapiError: HANDLE_INVALID when there is none.
        """
        row = self._rows[cls].get(ref)
        if row is None:
            raise XapiError('HANDLE_INVALID', cls, ref)
        return row

    def find(self, cls: str, ref: str) -> Row | None:
        return self._rows[cls].get(ref)

    def by_uuid(self, cls: str, uuid: str) -> str:
        """Give the reference of a uuid.

        :raises XapiError: UUID_INVALID when there is none.
        """
        ref = self._uuids[cls].get(uuid)
        if ref is None:
            raise XapiError('UUID_INVALID', cls, uuid)
        return ref

    def has_uuid(self, cls: str, uuid: str) -> bool:
        return uuid in self._uuids[cls]

    def rows(self, cls: str) -> dict[str, Row]:
        """Give all rows of a class as they are at this moment."""
        with self.lock:
            return dict(self._rows[cls])

    def count(self, cls: str) -> int:
        return len(self._rows[cls])

    def write(self, cls: str, ref: str, **fields: Any) -> None:
        """Replace fields of an object; the same again is no change.

        :raises XapiError: HANDLE_INVALID when there is none.
        """
        with self.lock:
            old = self.get(cls, ref)
            if all(old[name] == fields[name] for name in fields):
                return
            new = {**old, **fields}
            self._rows[cls][ref] = new
            self._touch(cls, ref)
            self._relate(cls, ref, old, new)

    def delete(self, cls: str, ref: str) -> None:
        """Forget an object; gone already is well."""
        with self.lock:
            old = self._rows[cls].pop(ref, None)
            if old is None:
                return
            del self._uuids[cls][old['uuid']]
            stat = self._stats[cls].pop(ref)
            deleted = self._deleted[cls]
            deleted.append(Deletion(ref, stat.created, self._tick()))
            if len(deleted) >= 2 * DELETIONS:
                del deleted[:-DELETIONS]
            self._relate(cls, ref, old, {})

    def touch(self, cls: str, ref: str) -> int:
        """Mark an object as changed; gives the generation before that."""
        with self.lock:
            self.get(cls, ref)
            before = self.generation
            self._touch(cls, ref)
            return before

    def since(
        self, generation: int, classes: Iterable[str]
    ) -> tuple[int, list[Change]]:
        """Give what changed after a generation, and the newest one.

        Creations come first, deletions last.  An object that came and went
        meanwhile is not told about.
        """
        with self.lock:
            found = [
                change
                for cls in classes
                for change in self._changes(cls, generation)
            ]
            order = {'add': 0, 'mod': 1, 'del': 2}
            found.sort(key=lambda one: (order[one.operation], one.generation))
            return self.generation, found

    def _changes(self, cls: str, generation: int) -> Iterable[Change]:
        for ref in reversed(self._stats[cls]):
            stat = self._stats[cls][ref]
            if stat.modified <= generation:
                break
            new = stat.created > generation
            yield Change(
                stat.modified,
                'add' if new else 'mod',
                cls,
                ref,
                self._rows[cls][ref],
            )
        for gone in self._deleted[cls]:
            if gone.created <= generation < gone.deleted:
                yield Change(gone.deleted, 'del', cls, gone.ref, None)

    def _tick(self) -> int:
        self.generation += 1
        self.lock.notify_all()
        return self.generation

    def _touch(self, cls: str, ref: str) -> None:
        # To the end: statistics stay in the order of the last change.
        stat = self._stats[cls].pop(ref)
        self._stats[cls][ref] = Stat(stat.created, self._tick())

    def _relate(self, cls: str, ref: str, old: Row, new: Row) -> None:
        for name, target, members in self._relations[cls]:
            before, after = old.get(name, NULL), new.get(name, NULL)
            if before != after:
                self._member(target, before, members, ref, False)
                self._member(target, after, members, ref, True)

    def _member(
        self, cls: str, ref: str, field: str, member: str, add: bool
    ) -> None:
        row = self._rows[cls].get(ref)
        if row is None:
            return
        if self._later is not None and add:
            self._later.setdefault((cls, ref, field), []).append(member)
            return
        have = row[field]
        new = (
            (*have, member)
            if add
            else tuple(one for one in have if one != member)
        )
        self._rows[cls][ref] = {**row, field: new}
        self._touch(cls, ref)
