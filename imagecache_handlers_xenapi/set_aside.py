"""Set aside: disks whose destroy did not end are not tried by every sweep.

Images go in the same order each time: two that take all the time there is
would keep all others of their SR from their turn, sweep after sweep.
"""

import dataclasses
import datetime
import threading

from imagecache_handlers.clocks import Clocks

# How long for the first time, and at most; it doubles with every failure.
_FIRST, _LONGEST = datetime.timedelta(hours=1), datetime.timedelta(days=1)


@dataclasses.dataclass(frozen=True, slots=True)
class _Aside:
    until: datetime.datetime
    wait: datetime.timedelta


class SetAside:
    """Remembers disks for a while; other processes are not known."""

    def __init__(self, clocks: Clocks) -> None:
        self._clocks = clocks
        self._guard = threading.Lock()
        self._aside: dict[str, _Aside] = {}

    def add(self, uuid: str) -> None:
        """Set a disk aside, for twice as long as the last time."""
        with self._guard:
            last = self._aside.get(uuid)
            wait = _FIRST if last is None else min(2 * last.wait, _LONGEST)
            self._aside[uuid] = _Aside(self._clocks.now() + wait, wait)

    def discard(self, uuid: str) -> None:
        """Forget a disk, which is gone."""
        with self._guard:
            self._aside.pop(uuid, None)

    def explain(self, uuid: str) -> str | None:
        """Say why a disk is not tried at present; None: it is."""
        with self._guard:
            aside = self._aside.get(uuid)
        if aside is None or aside.until <= self._clocks.now():
            return None
        at = aside.until.isoformat(sep=' ', timespec='minutes')
        return f'its removal did not end, and is tried again after {at}'
