"""Lead: which of the hosts that share a store tells what is in it."""

import contextlib

from imagecache_handlers.frontends.fleet.board import Board
from imagecache_handlers.frontends.fleet.board import BoardLost
from imagecache_handlers.frontends.fleet.board import Stay

LEADS = 'leads'
# Of the time of a host's own stay: with the time from one beat to the next
# it is no longer than that until another has the lead of one that is gone.
_PART = 0.6
_LEAST = 2  # seconds, of which etcd gives no fewer


class Lead:
    """The lead of a store, for one of the hosts that have it.

    What rests on it is who writes a note, and nothing more: two that both
    take it for theirs write one after the other, under one name.
    """

    def __init__(self, board: Board, store: str, member_ttl: int) -> None:
        self.store = store
        self._board = board
        self.name = f'{LEADS}/{store}'
        self._seconds = max(_LEAST, round(member_ttl * _PART))
        self._stay: Stay | None = None

    def hold(self, note: bytes | None) -> bool:
        """Tell if it is this host's, which takes it if nobody has it.

        ``note`` is what stands on the board under its name.

        :raises BoardLost: when nobody can say.
        """
        if self._stay is not None:
            if self._stay.renew() and self._is_own(self._stay, note):
                return True
            self.leave()
            return False
        return note is None and self._claim()

    def seize(self) -> bool:
        """Take it from whoever has it: there is something new to tell.

        :raises BoardLost: when nobody can say.
        """
        if self.hold(self._board.read(self.name)):
            return True
        self._board.remove(self.name)
        return self._claim()

    def leave(self) -> None:
        """Have another take it, if it is this host's."""
        stay, self._stay = self._stay, None
        if stay is not None:
            # If that cannot be, it ends by itself.
            with contextlib.suppress(BoardLost):
                stay.end()

    def _is_own(self, stay: Stay, note: bytes | None) -> bool:
        return stay.is_own(note) or stay.claim(self.name)

    def _claim(self) -> bool:
        stay = self._board.stay(self._seconds)
        self._stay = stay
        if stay.claim(self.name):
            return True
        self.leave()
        return False
