"""Memory: what was read of files that have not changed since."""

from collections.abc import Mapping
import os
import time
from typing import Generic
from typing import Self
from typing import TypeVar

# Device and inode: which file it is, by whatever name.
Identity = tuple[int, int]

# Size, and the times of the last change of content and of anything.
Stamp = tuple[int, int, int]

Read = TypeVar('Read')

# Clocks of file systems are coarse: within this what was read may be older
# than a change of the same time.
COARSE_NS = 2 * 10**9
# Less than what is left of that where files have times of whole seconds; no
# clock that runs is steered so far from the other one.
_STEP_NS = 10**9 // 4


def stamp(found: os.stat_result) -> Stamp:
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


class Memory(Generic[Read]):
    """What one look met, for the next one.

    ``earlier`` is what the last look kept; what this one does not meet is
    forgotten, and so is all of it once the clock was set: a file may bear
    the same time twice then.
    """

    def __init__(
        self,
        earlier: Mapping[Identity, tuple[Stamp, Read]],
        offset_ns: int | None = None,
    ) -> None:
        self._earlier = earlier
        self._offset_ns = read_offset_ns() if offset_ns is None else offset_ns
        self.kept: dict[Identity, tuple[Stamp, Read]] = {}

    def again(self) -> Self:
        """Give the memory of the next look."""
        if is_clock_set(self._offset_ns):
            return type(self)({})
        return type(self)(self.kept, self._offset_ns)

    def recall(self, file: Identity, found: os.stat_result) -> Read | None:
        """Give what was read of a file, if it is as it was then."""
        known = self._earlier.get(file)
        if known is None or known[0] != stamp(found):
            return None
        if is_clock_set(self._offset_ns):
            return None
        self.kept[file] = known
        return known[1]

    def keep(
        self, file: Identity, found: os.stat_result, read: Read, at_ns: int
    ) -> None:
        """Keep what was read, if each later change is sure to show.

        ``found`` is from before it was read, and ``at_ns`` from before that.
        """
        if found.st_ctime_ns + COARSE_NS < at_ns:
            self.kept[file] = stamp(found), read


def now_ns() -> int:
    return time.time_ns()


def read_offset_ns() -> int:
    """Tell by how much the clock of files is ahead of one that nobody sets."""
    return time.time_ns() - time.monotonic_ns()


def is_clock_set(offset_ns: int) -> bool:
    """Tell if the clock of files was set since it was so far ahead.

    One that was set back gives out the same times once more: then a change
    need not show, however old the time of a file seems to be.
    """
    return abs(read_offset_ns() - offset_ns) > _STEP_NS
