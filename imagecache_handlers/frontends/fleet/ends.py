"""Ends: what came of wishes, for a board that may forget what it confirmed.

A redis that fails over, or an etcd that is restored, has the state of before.
"""

from collections.abc import Collection
from collections.abc import Set
import dataclasses

from imagecache_handlers.frontends.fleet.board import Glance
from imagecache_handlers.frontends.fleet.wish_board import state_name
from imagecache_handlers.frontends.fleet.wishes import is_final
from imagecache_handlers.frontends.fleet.wishes import Stage
from imagecache_handlers.frontends.fleet.wishes import State
from imagecache_handlers.frontends.fleet.wishes import Wish

# Those that ended last: etcd takes 128 in a request.
_WATCHED = 60


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a try: ``ended``, where ``begun`` stands on the board."""

    wish: Wish
    begun: bytes
    ended: State


class Ends:
    """How a host came to an end with its wishes, as the board once had it."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._known: dict[str, State] = {}

    def note(self, wish: Wish, state: State) -> None:
        """Remember what stands on the board now, if it is an end."""
        if is_final(wish, state):
            self._known[wish.wish_id] = state

    def keep_only(self, wish_ids: Collection[str]) -> None:
        """Forget the wishes that are no more."""
        for one in self._known.keys() - wish_ids:
            del self._known[one]

    def names(self) -> list[str]:
        """Give the notes that are to be looked at."""
        last = list(self._known)[-_WATCHED:]
        return [state_name(one, self._host) for one in last]

    def find_lost(self, seen: Glance) -> Set[str]:
        """Name the wishes of which a look saw a state of before."""
        return {
            wish_id
            for wish_id in list(self._known)
            if self._is_lost(wish_id, seen)
        }

    def _is_lost(self, wish_id: str, seen: Glance) -> bool:
        name = state_name(wish_id, self._host)
        if name not in seen.asked:
            return False
        data = seen.notes.get(name)
        try:
            there = None if data is None else State.decode(data)
        except ValueError:
            return False  # whoever wrote that
        return self.find_better(wish_id, there) is not None

    def find_better(self, wish_id: str, there: State | None) -> State | None:
        """Give the end that is to stand there; None: what is there may."""
        end = self._known.get(wish_id)
        if end is None or there is None:
            return end
        is_open = there.stage in (Stage.WAITING, Stage.RUNNING)
        is_same = is_open and there.tries == end.tries
        return end if is_same or there.tries < end.tries else None
