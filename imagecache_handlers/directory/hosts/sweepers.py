"""Sweepers: the hosts that evict from a store, and what each has to see.

An image goes only if whoever removes it looks at all that any recorded host
looks at, and meets there about as many disks as the last time.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import dataclasses
import datetime

from imagecache_handlers.directory.hosts import places
from imagecache_handlers.directory.hosts.places import View
from imagecache_handlers.directory.hosts import records
from imagecache_handlers.directory.hosts.records import Record
from imagecache_handlers.directory.hosts.records import Unread
from imagecache_handlers.directory.hosts import refusals as words
from imagecache_handlers.directory.store_folder import opened
from imagecache_handlers.directory.system import flock
from imagecache_handlers.directory.users.overlays import Survey
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.model import Host

# So many disks fewer are worth a question, if less than half are left.
_FEWER = 5


class Sweeper:
    """This host, as one of those that evict from its stores.

    It is on record before it looks at what others have there: of two hosts
    that come at once, whoever looks last sees the other.
    """

    def __init__(
        self,
        paths: Iterable[str],
        clock: Callable[[], datetime.datetime],
        *,
        definitions: Iterable[str] = (),
        host: str | None = None,
        shared_as: str = '',
    ) -> None:
        self._host = host and _check_host_name('the host', host)
        self._paths = tuple(paths)
        self._definitions = tuple(definitions)
        self._clock = clock
        self._shared_as = shared_as
        if shared_as:
            _check_host_name('instances_shared_as', shared_as)
        # By the store that it was for: the last look, and the last one at
        # all images that was sound.
        self._latest: dict[str, Survey | None] = {}
        self._last: dict[str, Survey] = {}
        # Where the turn to write was waited for in vain.
        self._in_vain: set[str] = set()

    def view(self) -> View:
        host = self._host or places.host_name()
        return places.view(
            host, self._paths, self._shared_as, self._definitions
        )

    def judge(self, store: str, survey: Survey | None) -> str | None:
        """Say why that look, for the images of a store, is not enough."""
        try:
            with opened(store) as fd:
                return next(judge(fd, self.view(), survey), None)
        except StoreUnavailable as error:
            return f'who else evicts here is not known: {error.why}'

    def looked(
        self, store: str, survey: Survey | None, *, sound: bool
    ) -> None:
        """Keep a look: for remarks, and if sound for what is written next."""
        self._latest[store] = survey
        if sound and survey is not None:
            self._last[store] = survey

    def remarks(self, store: str) -> Iterator[str]:
        """Say what the last look for the images of a store met."""
        survey = self._latest.get(store)
        if survey is not None and survey.sees:
            disks = sum(survey.met.get(path, 0) for path in self._paths)
            folders = survey.folders
            yield (
                f'looked at {disks} {"disk" if disks == 1 else "disks"} in '
                f'{folders} {"folder" if folders == 1 else "folders"}'
            )
        if survey is not None:
            yield from survey.problems

    def note(self, fd: int, store: str) -> None:
        """Be on record in an open folder, before anything is done there."""
        if not self._looks_for_users:
            # Who looks at nothing stands in nobody's way.
            return
        view, survey = self.view(), self._last.get(store)
        if self._record_due(records.read(fd, view.host), view, survey) is None:
            return
        with self._take_turn(fd, store, view.host):
            known = records.read(fd, view.host)
            if new := self._record_due(known, view, survey):
                self._write_record(fd, known, new)

    @property
    def _looks_for_users(self) -> bool:
        return bool(self._paths or self._definitions)

    @contextlib.contextmanager
    def _take_turn(self, fd: int, store: str, host: str) -> Iterator[None]:
        """Keep others of this host from writing; that is waited for once."""
        patience = 0.0 if store in self._in_vain else None
        self._in_vain.add(store)
        with flock.held(fd, records.lock_of(host), patience=patience):
            self._in_vain.discard(store)
            yield

    def _write_record(
        self, fd: int, known: Record | Unread | None, new: Record
    ) -> None:
        try:
            records.write(fd, new)
        except OSError as error:
            # A full disk is to be freed: how many disks there are can wait.
            counted = isinstance(known, Record) and (
                known.places.keys() == new.places.keys()
            )
            if error.errno not in records.FULL or not counted:
                raise

    def _record_due(
        self, known: Record | Unread | None, view: View, survey: Survey | None
    ) -> Record | None:
        """Give the record that is to replace a known one, if any.

        It never loses a place, nor many disks: that takes ``accept``.
        """
        if isinstance(known, Unread) and not known.is_empty:
            # It may have said more than this host knows; judged as it is.
            return None
        old = known if isinstance(known, Record) else None
        found = dict(old.places) if old else {}
        for place in view.all():
            found.setdefault(place, None)
        found |= _counts_by_place(view, survey)
        before = old.folders if old else None
        folders = before if survey is None else survey.folders
        if old and (found, folders) == (old.places, before):
            return None
        return Record(view.host, found, folders, self._clock())

    def accept(self, fd: int, store: str, survey: Survey | None) -> None:
        """Take what this host sees now for the truth."""
        view = self.view()
        found: dict[str, int | None] = dict.fromkeys(view.all())
        found |= _counts_by_place(view, survey)
        folders = survey.folders if survey else None
        record = Record(view.host, found, folders, self._clock())
        with self._take_turn(fd, store, view.host):
            if self._looks_for_users:
                records.write(fd, record)
            else:
                records.remove(fd, view.host)

    def hosts(
        self, fd: int, store: str, survey: Survey | None
    ) -> Iterator[Host]:
        """Describe every host on record, and this one in any case."""
        view = self.view()
        found = {one.host: one for one in records.read_all(fd)}
        for name in sorted({view.host, *found}):
            yield _host(store, view, name, found.get(name), survey)


def judge(fd: int, view: View, survey: Survey | None) -> Iterator[str]:
    """Say what a look lacks to prove that nobody uses an image there."""
    if survey is not None and survey.problem:
        yield survey.problem
    own = None
    for record in records.read_all(fd):
        own = record if record.host == view.host else own
        yield from _explain_unseen(record, view)
    if survey is not None:
        yield from _explain_fewer(own, view, survey)


def _counts_by_place(view: View, survey: Survey | None) -> dict[str, int]:
    """Give how many a look met in each place, as far as it counted."""
    if survey is None:
        return {}
    # In a folder that is both, disks were counted.
    met = survey.met
    by_path = {**view.definitions, **view.places}
    return {place: met[path] for path, place in by_path.items() if path in met}


def _explain_unseen(record: Record | Unread, view: View) -> Iterator[str]:
    """Say what a host looks at, or may look at, and this one does not."""
    own = record.host == view.host
    if isinstance(record, Unread):
        if not (own and record.is_empty):
            yield words.unread(record, own)
        return
    for place in record.places:
        if view.sees(place):
            continue
        if own:
            yield words.own_unseen(record, place, view)
        else:
            yield words.unseen(record.host, place)


def _explain_fewer(
    own: Record | Unread | None, view: View, survey: Survey
) -> Iterator[str]:
    """Say where this host met nothing, or far less than the last time."""
    known = own if isinstance(own, Record) else None
    counts = {place: 0 for place in view.places.values()}
    counts |= _counts_by_place(view, survey)
    for path, place in (*view.places.items(), *view.definitions.items()):
        now = counts.get(place)
        before = known.places.get(place) if known else None
        what = 'definition' if place in view.definitions.values() else 'disk'
        if now == 0 and before != 0:
            yield words.nothing(what, path, before)
        elif known and now is not None and before and _is_far(now, before):
            yield words.fewer(what, path, now, before, known)


def _is_far(now: int, before: int) -> bool:
    return 2 * now < before and now <= before - _FEWER


def _host(
    store: str,
    view: View,
    name: str,
    record: Record | Unread | None,
    survey: Survey | None,
) -> Host:
    own = name == view.host
    why = [*_explain_unseen(record, view)] if record else []
    if own and survey is not None:
        why += [*_explain_fewer(record, view, survey)]
    described = Host(
        name=words.host(name),
        store=store,
        looks_at=tuple(sorted(view.all())) if own else (),
        is_this=own,
        blocks=why[0] if why else None,
    )
    if not isinstance(record, Record):
        return described
    met = [
        count
        for place, count in record.places.items()
        if count is not None and not place.startswith(places.DEFINITIONS)
    ]
    return dataclasses.replace(
        described,
        looks_at=tuple(sorted(record.places)),
        disks=sum(met) if met else None,
        folders=record.folders,
        as_of=record.at,
    )


def _check_host_name(what: str, name: str) -> str:
    if not places.HOST.fullmatch(name):
        raise ConfigurationError(
            f'[imagecache_directory] {what} {name[:300]!r} is not a name: '
            f'use up to 200 of A-Z a-z 0-9 . _ -'
        )
    return name
