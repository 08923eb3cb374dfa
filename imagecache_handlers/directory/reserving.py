"""Reservations: room that images on their way in will take, in names.

A name in the folder for these needs no block: a disk that is full can be
freed for who has put there ``+TOKEN.SIZE.UNTIL.IMAGE_ID``, an empty file.
"""

from collections.abc import Iterator
import contextlib
import datetime
import os
import re
import stat
from typing import NamedTuple
from typing import Self

from imagecache_handlers.directory.parts import INCOMING
from imagecache_handlers.directory.store_folder import opened
from imagecache_handlers.directory.system.descriptors import close
from imagecache_handlers.directory.system import entries
from imagecache_handlers.directory.system import own_folder
from imagecache_handlers.directory.system import rights
from imagecache_handlers.exceptions import Unsupported
from imagecache_handlers.labels import OWNER
from imagecache_handlers.model import IMAGE_ID
from imagecache_handlers.model import Reservation

# So long those that are over are listed; then they are debris.
LISTED = datetime.timedelta(days=1)

_LONGEST = 255
_TIME = '%Y%m%dt%H%M%S%fz'
_ENTRY = re.compile(
    rf'\+({OWNER.pattern})\.([0-9]+)\.([0-9]{{8}}t[0-9]{{12}}z)\.'
    rf'({IMAGE_ID.pattern})'
)


class Entry(NamedTuple):
    """What one name says."""

    token: str
    size: int
    until: datetime.datetime
    image_id: str

    @classmethod
    def of(cls, said: Reservation) -> Self:
        until = said.until.astimezone(datetime.UTC)
        return cls(said.token, said.size, until, said.image_id)

    @property
    def name(self) -> str:
        # Of a year before 1000 strftime would pad nothing.
        until = f'{self.until.year:04}{self.until.strftime(_TIME)[-18:]}'
        return f'+{self.token}.{self.size}.{until}.{self.image_id}'

    @classmethod
    def parse(cls, name: str) -> Self | None:
        """Read a name; None for that of anything else."""
        found = _ENTRY.fullmatch(name)
        if found is None:
            return None
        token, size, until, image_id = found.groups()
        try:
            at = datetime.datetime.strptime(until, _TIME)
        except ValueError:
            return None
        return cls(token, int(size), at.replace(tzinfo=datetime.UTC), image_id)

    def is_debris(self, now: datetime.datetime) -> bool:
        """Tell if it was over for so long that nobody asks for it."""
        return now - self.until >= LISTED


def reserve_room(reservation: Reservation) -> None:
    """Write one, as ``CacheHandler.reserve`` promises."""
    new = Entry.of(reservation).name
    if len(new) > _LONGEST:
        why = f'with its token it has over {_LONGEST} characters'
        raise Unsupported(reservation.image_id, why)
    with opened(reservation.store) as fd:
        own_folder.make_own(fd, INCOMING)
        with own_folder.opened_own(fd, INCOMING) as incoming:
            # The old one last: there is room on record all the time.
            with contextlib.suppress(FileExistsError):
                close(rights.make(incoming, new, os.O_WRONLY, 0o600))
            _drop_others(incoming, reservation.token, new)


def list_reservations(store: str, now: datetime.datetime) -> list[Reservation]:
    """List them, as ``CacheHandler.reservations`` promises."""
    latest: dict[str, Entry] = {}
    with opened(store) as fd, _opened_incoming(fd) as incoming:
        for entry in () if incoming is None else _read_entries(incoming):
            known = latest.setdefault(entry.token, entry)
            if entry.until > known.until:
                latest[entry.token] = entry
    return [
        Reservation(
            image_id=one.image_id,
            store=store,
            token=one.token,
            size=one.size,
            until=one.until,
        )
        for one in latest.values()
        if not one.is_debris(now)
    ]


def drop_reservation(reservation: Reservation) -> None:
    """Give the room back, as ``CacheHandler.unreserve`` promises."""
    with (
        opened(reservation.store) as fd,
        _opened_incoming(fd) as incoming,
    ):
        if incoming is not None:
            _drop_others(incoming, reservation.token)


@contextlib.contextmanager
def _opened_incoming(fd: int) -> Iterator[int | None]:
    """Open the folder where they lie; None: nothing ever came in."""
    with contextlib.ExitStack() as stack:
        incoming = None
        with contextlib.suppress(FileNotFoundError):
            folder = own_folder.opened_own(fd, INCOMING)
            incoming = stack.enter_context(folder)
        yield incoming


def _read_entries(incoming: int) -> Iterator[Entry]:
    # Twice: of one that is replaced meanwhile a list may have neither name.
    names = {*os.listdir(incoming), *os.listdir(incoming)}
    for name in names:
        entry = Entry.parse(name)
        if entry is not None and is_told(incoming, name):
            yield entry


def is_told(incoming: int, name: str) -> bool:
    """Tell if a name is a regular file's, of somebody who counts there."""
    found = entries.lstat(incoming, name)
    if found is None:
        # Given back, or replaced: then the other name was listed, too.
        return False
    return stat.S_ISREG(found.st_mode) and rights.is_owned(incoming, found)


def _drop_others(incoming: int, token: str, but: str = '') -> None:
    for name in os.listdir(incoming):
        entry = Entry.parse(name)
        if entry is not None and entry.token == token and name != but:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=incoming)
