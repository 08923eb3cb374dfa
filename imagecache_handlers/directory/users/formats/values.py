"""Values: headers and the files that they name, and the bytes of a disk.

Everything here may be written by a guest, so nothing in it is believed
further than it is checked: what cannot be read is ``Unresolved``, and says
why.
"""

from collections.abc import Iterable
import os
from typing import NamedTuple

# What QEMU writes into a header, with the name of a backing file behind it,
# mostly ends here; its table of features alone ends beyond 512 bytes.
HEAD = 1024

TAIL = 512

# A header cluster of a qcow2 has up to 2 MiB, and no other header has more.
_MOST_BYTES = 2 << 20
_MOST_READS = 2**14
_LONGEST_SHOWN = 200


class Unresolved(ValueError):
    """A header names what cannot be found out; the text says why."""


class Backing(NamedTuple):
    """A local file below another: absolute, or from the other's folder.

    ``is_raw``: surely none lies below that one.
    """

    path: str
    is_raw: bool = False


class Named(NamedTuple):
    """What names lead to: local files, and what cannot be followed.

    ``hints`` are the last components of paths that the latter may mean,
    wherever they are served from.
    """

    below: tuple[Backing, ...] = ()
    problems: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()

    def also(self, other: 'Named') -> 'Named':
        """Give what both lead to."""
        return Named(
            self.below + other.below,
            self.problems + other.problems,
            self.hints + other.hints,
        )


class Header(NamedTuple):
    """What the first bytes of a disk say: its form, and what it names.

    ``form`` is '' where they are none that we know.  Where there are
    ``problems``, it may name more than ``below``.
    """

    form: str = ''
    below: tuple[Backing, ...] = ()
    problems: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()


def header(form: str, found: Iterable[Named] = ()) -> Header:
    """Give the header of a disk of that form, by all that it names."""
    parts = tuple(found)
    if len(parts) == 1 and max(map(len, parts[0])) < 2:
        # As nearly all are, and nothing in it can stand there twice.
        return Header(form, *parts[0])
    return Header(
        form,
        tuple(dict.fromkeys(one for part in parts for one in part.below)),
        tuple(dict.fromkeys(one for part in parts for one in part.problems)),
        tuple(dict.fromkeys(one for part in parts for one in part.hints)),
    )


class Disk:
    """The bytes of an open disk: read where asked, and not without end."""

    def __init__(self, fd: int, size: int) -> None:
        self.size = size
        self._fd = fd
        self._bytes = 0
        self._reads = 0
        self.head = head = os.pread(fd, HEAD, 0)
        # Where some forms have what others have at the beginning.
        if size < TAIL:
            self.tail = b''
        elif size <= len(head):
            self.tail = head[size - TAIL : size]
        else:
            self.tail = os.pread(fd, TAIL, size - TAIL)

    def some(self, offset: int, size: int) -> bytes:
        """Give the bytes there; fewer where the disk ends.

        :raises Unresolved: when more is asked for than a header has.
        :raises OSError: when they cannot be read.
        """
        if offset < 0 or size <= 0 or offset >= self.size:
            return b''
        size = min(size, self.size - offset)
        if offset + size <= len(self.head):
            return self.head[offset : offset + size]
        self._bytes += size
        self._reads += 1
        if self._bytes > _MOST_BYTES or self._reads > _MOST_READS:
            raise Unresolved('its header is larger than any that is known')
        return os.pread(self._fd, size, offset)

    def all(self, offset: int, size: int) -> bytes:
        """Give the bytes there, not one less.

        :raises Unresolved: also when the disk ends before.
        """
        found = self.some(offset, size)
        if len(found) < size:
            raise Unresolved('its header is cut off')
        return found


def text(name: bytes) -> str:
    """Give a name that stands in a header as a path may be written.

    :raises Unresolved: when no file can have that name.
    """
    if b'\0' in name:
        raise Unresolved('a name in its header has a NUL in it')
    return os.fsdecode(name)


def is_path(name: str) -> bool:
    """Tell if the system could be asked for a file of that name."""
    try:
        return bool(name) and b'\0' not in os.fsencode(name)
    except UnicodeEncodeError:
        return False


def shown(name: str) -> str:
    """Write a name of whatever origin so that it only looks like one."""
    short = name
    if len(name) > _LONGEST_SHOWN:
        short = f'{name[:_LONGEST_SHOWN]}...'
    return short if short.isprintable() else ascii(short)
