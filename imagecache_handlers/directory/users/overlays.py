"""Who has which file for backing: the qcow2 overlays under some folders.

Each of these holds one folder for every instance, as Nova lays them, or the
disks themselves.  What cannot be read or resolved is told as a problem, for
nobody knows of what it is a use.
"""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
import contextlib
import dataclasses
import math
import os
import time

from imagecache_handlers.directory.users import chains
from imagecache_handlers.directory.users.chains import Identity
from imagecache_handlers.directory.users.instances import Instances

# Seconds from which on a look is long.
_LONG = 0.05


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """Which files lie below others, and whose those are.

    ``problem`` says what was not seen; then a file that has no users here
    may have some.  ``problems`` has it disk by disk, ``met`` how many disks
    there were under each path.
    """

    users: Mapping[Identity, Collection[str]]
    problem: str | None = None
    problems: tuple[str, ...] = ()
    met: Mapping[str, int] = dataclasses.field(default_factory=dict)
    folders: int = 0

    @property
    def disks(self) -> int:
        return sum(self.met.values())

    def of(self, file: Identity) -> frozenset[str]:
        return frozenset(self.users.get(file, ()))


class Overlays:
    """The overlays under some folders, to be looked at again and again.

    ``apart``: folders that hold no instances, should they lie there, too.
    """

    def __init__(
        self,
        paths: Iterable[str],
        apart: Iterable[str] = (),
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.paths = tuple(paths)
        self._apart = tuple(apart)
        self._monotonic = monotonic
        self._long: tuple[float, float, Survey] | None = None

    def survey(self) -> Survey:
        """Look at every overlay, now."""
        found = chains.Chains()
        look = Instances(found, self._identities())
        met = {}
        for path in self.paths:
            before = look.disks
            look.under(path)
            met[path] = look.disks - before
        return Survey(
            users=found.users,
            problem=_told(found.problems),
            problems=tuple(found.problems),
            met=met,
            folders=look.folders,
        )

    def survey_again(self, quiet: float = math.inf) -> Survey:
        """Look at every overlay, unless the last time was long and just now.

        A look may miss an overlay that is made while it goes on.  So one
        that took long is as good for as long again, and evicting thousands
        of images does not take thousands of such looks.

        ``quiet``: for how many seconds surely nobody has begun to use what
        the answer is for; a look that began earlier than that is of no use.
        """
        began = self._monotonic()
        if self._long is not None:
            earlier, until, survey = self._long
            if began < until and began - earlier < quiet:
                return survey
        survey = self.survey()
        now = self._monotonic()
        took = now - began
        self._long = (began, now + took, survey) if took >= _LONG else None
        return survey

    def _identities(self) -> dict[Identity, str]:
        found = {}
        for path in self._apart:
            with contextlib.suppress(OSError):
                there = chains.identity(os.stat(path))
                found[there] = os.path.basename(path)
        return found


def _told(problems: list[str]) -> str | None:
    if not problems:
        return None
    more = len(problems) - 1
    return f'{problems[0]} (and {more} more)' if more else problems[0]
