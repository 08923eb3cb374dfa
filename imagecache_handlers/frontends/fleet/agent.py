"""Agent: keeps one host on the board of its fleet, whatever happens to it.

No work of the host waits for the board, or fails because of it.
"""

from collections.abc import Callable
import contextlib
import datetime
import random
import time

from imagecache_handlers.clocks import utc_now
from imagecache_handlers.frontends.fleet.board import Board
from imagecache_handlers.frontends.fleet.board import BoardLost
from imagecache_handlers.frontends.fleet.board import Glance
from imagecache_handlers.frontends.fleet.board import Stay
from imagecache_handlers.frontends.fleet.entry import Entry
from imagecache_handlers.frontends.fleet.members import ALIVE
from imagecache_handlers.frontends.fleet.telling import Teller
from imagecache_handlers.frontends.fleet.wish_board import WISHES

# Of the time of a stay: when it is renewed, and until when work may rest on
# it. What lies behind that is for the work to end.
_BEAT = 0.4
_TRUSTED = 0.7
# Seconds: the first try after a failure, and the longest time to the next, by
# the half more or less.  With the time of a request it is five seconds until a
# board that is there again is told what is new.
_AGAIN, LONGEST = 0.5, 1.5


class Agent:
    """One host on the board: that it is there, and what it has.

    ``say`` is given the news.  Of several agents that call themselves the
    same, one at a time is there; the others wait for its place.
    """

    def __init__(
        self,
        board: Board,
        host: str,
        member_ttl: int,
        say: Callable[[str], object],
        *,
        monotonic: Callable[[], float] = time.monotonic,
        clock: Callable[[], datetime.datetime] = utc_now,
        spread: Callable[[], float] = random.random,
    ) -> None:
        self.host = host
        self._board = board
        self._ttl = member_ttl
        self._say = say
        self._monotonic = monotonic
        self._clock = clock
        self._spread = spread
        self._stay: Stay | None = None
        self._renewed = 0.0
        self._teller = Teller(board, host, member_ttl, monotonic=monotonic)
        self._failures = 0
        self._fresh_at: datetime.datetime | None = None
        self._has_rival = False
        # Of those that there were at the last beat; None: nobody knows.
        self.wish_names: frozenset[str] | None = None
        # Notes that others want to be looked at, and what was seen of all.
        self.watched: Callable[[], list[str]] = list
        self.seen = Glance()

    @property
    def stay(self) -> Stay | None:
        """What work of this host may rest on; None: it is not there now."""
        return self._stay if self._is_trusted() else None

    def is_held(self, stay: Stay) -> bool:
        """Tell if what rests on a stay may go on; False: end it at once."""
        return self._stay is stay and self._is_trusted()

    def tell(self, entry: Entry) -> None:
        """Have this told from now on, at the next beat."""
        self._teller.entry = entry

    def beat(self) -> float:
        """Say that the host is there, and what is new.

        Gives the seconds until this is to be done again.
        """
        try:
            seen = self._renew_stay()
            if self._stay is not None:
                self._teller.publish(seen)
            self.wish_names, self.seen = seen.names, seen
        except BoardLost as error:
            return self._note_failure(error)
        self._note_success()
        return self._ttl * _BEAT

    def end(self) -> None:
        """Leave the board; what was told stays, as stale."""
        stay, self._stay = self._stay, None
        with contextlib.suppress(BoardLost):
            if stay is not None:
                stay.end()
            self._teller.end()

    def _is_trusted(self) -> bool:
        return self._monotonic() - self._renewed < self._ttl * _TRUSTED

    def _renew_stay(self) -> Glance:
        # As of before the call: the board may have counted since then.
        began = self._monotonic()
        is_kept = self._stay is not None and self._stay.renew()
        names = [self._sign(), *self._teller.names(), *self.watched()]
        seen = self._board.glance(names, WISHES)
        if self._stay is not None and not (
            is_kept and self._has_sign(self._stay, seen)
        ):
            self._drop_stay(self._stay)
            self._say(f'the fleet had missed {self.host}, which joins again')
        if self._stay is None:
            self._join(began)
        else:
            self._renewed = began
        return seen

    def _has_sign(self, stay: Stay, seen: Glance) -> bool:
        # Renewed, it may have lost that one note, which it then gives anew.
        sign = self._sign()
        return stay.is_own(seen.notes.get(sign)) or stay.claim(sign)

    def _drop_stay(self, stay: Stay) -> None:
        """Give up the place, so that it can be taken again, and that only.

        What work rests on may be there still, and that work may not have
        ended: nobody else gets it before its time is over.
        """
        self._stay = None
        stay.leave(self._sign())

    def _sign(self) -> str:
        return f'{ALIVE}/{self.host}'

    def _join(self, began: float) -> None:
        # The board may have lost more than that.
        self._teller.forget()
        stay = self._board.stay(self._ttl)
        if stay.claim(self._sign()):
            self._renewed, self._stay = began, stay
            self._has_rival = False
            return
        stay.end()
        if not self._has_rival:
            self._has_rival = True
            self._say(
                f'another agent calls itself {self.host}, or did so until '
                f'just now: this one takes its place once it is gone'
            )

    def _note_failure(self, error: BoardLost) -> float:
        self._failures += 1
        if self._failures == 1:
            since = self._fresh_at
            what = (
                'nothing is known of this host'
                if since is None
                else 'what is known of this host is stale since '
                f'{since.isoformat(timespec="seconds")}'
            )
            self._say(f'{error}; {what}, its own work goes on')
        # Shifted no further than to what is longer than the longest.
        wait = min(LONGEST, _AGAIN * (1 << min(self._failures - 1, 10)))
        return wait * (0.5 + self._spread())

    def _note_success(self) -> None:
        if self._failures:
            self._say('the board of the fleet is there again')
        self._failures = 0
        self._fresh_at = self._clock()
