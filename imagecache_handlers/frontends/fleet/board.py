"""Board: where the hosts of a fleet leave notes for each other.

A note has a name of two or three parts, as in ``hosts/compute-1``, and some
bytes.  What a board is kept in (etcd, redis) knows no more than that.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import itertools
import re
from typing import Protocol
from typing import TypeVar

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.frontends.fleet.digest import LONGEST

# What is longer was not written here, and is never read whole.
LONGEST_NOTE = LONGEST

# A part of a name: it becomes part of keys, and is shown to people.
_NAME = re.compile(r'[A-Za-z0-9_][A-Za-z0-9._-]{0,252}')

T = TypeVar('T')


class BoardLost(CacheError):
    """The board does not answer, or refuses; a note may be there or not.

    ``place`` is where it was looked for, without whatever is secret.
    """

    def __init__(self, place: str, why: str) -> None:
        super().__init__(place, why)
        self.place = place
        self.why = why

    def __str__(self) -> str:
        # A server may say whatever it likes, in lines of its own.
        why = self.why if self.why.isprintable() else ascii(self.why)
        return f'the board of the fleet at {self.place}: {why}'


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """What a board had at a moment.

    ``notes`` are those that are there of the names that were ``asked`` for,
    and ``names`` are what one room has, by the rest.
    """

    asked: frozenset[str] = frozenset()
    notes: Mapping[str, bytes] = dataclasses.field(default_factory=dict)
    names: frozenset[str] = frozenset()


class Stay(Protocol):
    """The notes that end when the process that wrote them does.

    Each is on the board once, whoever wants to write it.  If nobody renews
    them they are gone after the seconds of the stay, and all at once.
    """

    def claim(self, name: str) -> bool:
        """Write a note in one's own name, unless another's is there.

        :raises BoardLost: when nobody can say.
        """

    def is_own(self, note: bytes | None) -> bool:
        """Tell if a note was claimed by this stay, whatever its name."""

    def leave(self, name: str) -> None:
        """Remove a note of one's own; another's stays.

        :raises BoardLost: when it may be there still.
        """

    def renew(self) -> bool:
        """Keep all for as long again; False: they are, or will be, gone.

        :raises BoardLost: when nobody can say.
        """

    def end(self) -> None:
        """Remove all of one's own.

        :raises BoardLost: when they may be there still.
        """


class Board(Protocol):
    """Where notes are kept.  Any thread may call.

    Each request of a call has some seconds, with the whole of its answer.
    """

    def read(self, name: str) -> bytes | None:
        """Give a note, cut after ``LONGEST_NOTE`` and one; None: none.

        :raises BoardLost: when nobody can say.
        """

    def glance(self, names: Iterable[str], room: str) -> Glance:
        """Give some notes, cut as ``read`` does, and the names in a room.

        It is one request, whatever they are, while the room has some hundred
        names at most.

        :raises BoardLost: when nobody can say.
        """

    def read_all(self, room: str) -> dict[str, bytes]:
        """Give all notes whose names begin with these parts, by the rest.

        Each is cut as ``read`` does.  One that is strange spoils no other.

        :raises BoardLost: when they cannot be told as a whole.
        """

    def write_all(
        self, notes: Mapping[str, bytes], seconds: int | None
    ) -> None:
        """Write notes, over what is there; they end after so many seconds.

        :raises BoardLost: when some may not be there.
        """

    def remove(self, name: str) -> None:
        """Remove a note, and all whose names begin with it.

        :raises BoardLost: when some may be there still.
        """

    def stay(self, seconds: int) -> Stay:
        """Begin a stay of so many seconds, to be renewed well before.

        :raises BoardLost: when that cannot be.
        """


def check_part(what: str, text: str) -> str:
    """Refuse what cannot be a part of the name of a note.

    :raises ValueError: when it is not 1 to 253 of ``A-Z a-z 0-9 . _ -`` that
        start with a letter, a digit or ``_``, without two dots in a row.
    """
    if not is_part(text):
        raise ValueError(
            f'{what} {text[:300]!r} is not 1 to 253 of A-Z a-z 0-9 . _ -, '
            f'first a letter, a digit or _, and no two dots in a row'
        )
    return text


def is_part(text: str) -> bool:
    """Tell if it can be a part of the name of a note."""
    return bool(_NAME.fullmatch(text)) and '..' not in text


def split_batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Give the items in lists of at most so many."""
    left = iter(items)
    while some := list(itertools.islice(left, size)):
        yield some
