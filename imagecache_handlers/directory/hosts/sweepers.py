"""Sweepers: the hosts that evict from a store, and what each has to see.

An image goes only if whoever removes it looks at all that any recorded host
looks at, and meets there about as many disks as the last time.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import datetime

from imagecache_handlers.directory.hosts.describing import describe_host
from imagecache_handlers.directory.hosts.judging import counts_by_place
from imagecache_handlers.directory.hosts.judging import judge_look
from imagecache_handlers.directory.hosts import places
from imagecache_handlers.directory.hosts.places import View
from imagecache_handlers.directory.hosts import records
from imagecache_handlers.directory.hosts.records import Record
from imagecache_handlers.directory.hosts.records import Unread
from imagecache_handlers.directory.store_folder import opened
from imagecache_handlers.directory.system import flock
from imagecache_handlers.directory.users.overlays import Survey
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.model import Host


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

    def view_folders(self) -> View:
        host = self._host or places.host_name()
        return places.view_folders(
            host, self._paths, self._shared_as, self._definitions
        )

    def judge_look(self, store: str, survey: Survey | None) -> str | None:
        """Say why that look, for the images of a store, is not enough."""
        try:
            with opened(store) as fd:
                return next(judge_look(fd, self.view_folders(), survey), None)
        except StoreUnavailable as error:
            return f'who else evicts here is not known: {error.why}'

    def keep_look(
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

    def record_host(self, fd: int, store: str) -> None:
        """Be on record in an open folder, before anything is done there."""
        if not self._looks_for_users:
            # Who looks at nothing stands in nobody's way.
            return
        view, survey = self.view_folders(), self._last.get(store)
        known = records.read(fd, view.host)
        new = self._record_due(known, view, survey)
        if new is None:
            return
        try:
            self._replace_record(fd, store, view, survey)
        except OSError as error:
            # A full disk is to be freed: how many disks there are can wait.
            counted = isinstance(known, Record) and (
                known.places.keys() == new.places.keys()
            )
            if error.errno not in records.FULL or not counted:
                raise

    def _replace_record(
        self, fd: int, store: str, view: View, survey: Survey | None
    ) -> None:
        with self._take_turn(fd, store, view.host):
            known = records.read(fd, view.host)
            if new := self._record_due(known, view, survey):
                records.write(fd, new)

    @property
    def _looks_for_users(self) -> bool:
        return bool(self._paths or self._definitions)

    @contextlib.contextmanager
    def _take_turn(self, fd: int, store: str, host: str) -> Iterator[None]:
        """Keep others of this host from writing; that is waited for once."""
        patience = 0.0 if store in self._in_vain else None
        lock = flock.held(fd, records.lock_of(host), patience=patience)
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(lock)
            except TimeoutError:
                # Not before: another thread's turn is soon over.
                self._in_vain.add(store)
                raise
            self._in_vain.discard(store)
            yield

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
        found |= counts_by_place(view, survey)
        before = old.folders if old else None
        folders = before if survey is None else survey.folders
        if old and (found, folders) == (old.places, before):
            return None
        return Record(view.host, found, folders, self._clock())

    def accept_look(self, fd: int, store: str, survey: Survey | None) -> None:
        """Take what this host sees now for the truth."""
        view = self.view_folders()
        found: dict[str, int | None] = dict.fromkeys(view.all())
        found |= counts_by_place(view, survey)
        folders = survey.folders if survey else None
        record = Record(view.host, found, folders, self._clock())
        with self._take_turn(fd, store, view.host):
            if self._looks_for_users:
                records.write(fd, record)
            else:
                records.remove(fd, view.host)

    def describe_hosts(
        self, fd: int, store: str, survey: Survey | None
    ) -> Iterator[Host]:
        """Describe every host on record, and this one in any case."""
        view = self.view_folders()
        found = {one.host: one for one in records.read_all(fd)}
        for name in sorted({view.host, *found}):
            yield describe_host(store, view, name, found.get(name), survey)


def _check_host_name(what: str, name: str) -> str:
    if not places.HOST.fullmatch(name):
        raise ConfigurationError(
            f'[imagecache_directory] {what} {name[:300]!r} is not a name: '
            f'use up to 200 of A-Z a-z 0-9 . _ -'
        )
    return name
