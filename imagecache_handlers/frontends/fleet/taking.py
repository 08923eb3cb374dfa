"""Taking: a host does what wishes ask of it, one after another."""

from collections.abc import Callable
from collections.abc import Set
import contextlib
import dataclasses
import datetime
import logging
import random

from imagecache_handlers.clocks import utc_now
from imagecache_handlers.frontends.fleet.agent import Agent
from imagecache_handlers.frontends.fleet.board import Board
from imagecache_handlers.frontends.fleet.board import BoardLost
from imagecache_handlers.frontends.fleet.board import Stay
from imagecache_handlers.frontends.fleet.ends import Ends
from imagecache_handlers.frontends.fleet.ends import Outcome
from imagecache_handlers.frontends.fleet.wish_board import is_over
from imagecache_handlers.frontends.fleet.wish_board import seconds_left
from imagecache_handlers.frontends.fleet.wish_board import state_name
from imagecache_handlers.frontends.fleet.wish_board import TURNS
from imagecache_handlers.frontends.fleet.wish_board import WISHES
from imagecache_handlers.frontends.fleet.wishes import died_too_often
from imagecache_handlers.frontends.fleet.wishes import is_due
from imagecache_handlers.frontends.fleet.wishes import is_final
from imagecache_handlers.frontends.fleet.wishes import Stage
from imagecache_handlers.frontends.fleet.wishes import State
from imagecache_handlers.frontends.fleet.wishes import Wish

LOG = logging.getLogger(__name__)

# Fetches what a wish is for, until it is told to stop; gives what came of it
# and why, and raises nothing.
Fetch = Callable[[Wish, Callable[[], bool]], tuple[Stage, str]]


class Taker:
    """Takes the wishes that a host is meant by.

    A try is begun only with a turn of the wish in hand, of which there are
    as many as hosts may be at it, and goes on only for as long as the agent
    says that nobody else can have it.
    """

    def __init__(
        self,
        board: Board,
        agent: Agent,
        fetch: Fetch,
        *,
        clock: Callable[[], datetime.datetime] = utc_now,
        shuffle: Callable[[list[int]], object] = random.shuffle,
    ) -> None:
        self._board = board
        self._agent = agent
        self._fetch = fetch
        self._clock = clock
        self._shuffle = shuffle
        self._wishes: dict[str, bytes] = {}
        # Of which this host knows that there is nothing left to do.
        self._settled: set[str] = set()
        # What could not be written at its time, by the names of its notes.
        self._unwritten: dict[str, Outcome] = {}
        # Of which there is a note of this process.
        self._begun: set[str] = set()
        self._ends = Ends(agent.host)
        agent.watched = self._ends.names
        self._is_ended = False

    def look(self) -> None:
        """See which wishes there are, and tell what could not be told."""
        try:
            self._wishes = self._board.read_all(WISHES)
            self._remove_rest()
            self._write_rest()
        except BoardLost as error:
            LOG.info('Wishes cannot be read: %s', error)

    def is_idle(self) -> bool:
        """Tell if all is done that the agent has seen wishes for."""
        wishes = self._wishes.keys()
        has_rest = self._unwritten or self._begun - wishes or self._find_lost()
        is_known = self._agent.wish_names == wishes
        return is_known and wishes <= self._settled and not has_rest

    def take_all(self) -> None:
        """Do all that can be done now for what the last look saw."""
        wishes = dict(self._wishes)
        self._ends.keep_only(wishes.keys())
        self._settled &= wishes.keys() - self._find_lost()
        for wish_id in sorted(wishes.keys() - self._settled):
            stay = self._agent.stay
            if stay is None or self._is_ended:
                return
            try:
                self._take_one(wish_id, wishes[wish_id], stay)
            except BoardLost as error:
                # It may be for this one only that the board refuses.
                LOG.info('Wish %s is left for now: %s', ascii(wish_id), error)

    def end(self) -> None:
        """Stop what is being fetched, and begin nothing more."""
        self._is_ended = True

    def _take_one(self, wish_id: str, data: bytes, stay: Stay) -> None:
        name = state_name(wish_id, self._agent.host)
        if name in self._unwritten:
            return
        try:
            wish = Wish.decode(wish_id, data)
            if is_over(wish, self._clock()):
                return
            state = self._keep_state(wish) if self._is_meant(wish) else None
        except ValueError as error:
            LOG.warning('Wish %s is passed over: %s', ascii(wish_id), error)
            self._settled.add(wish_id)
            return
        if self._has_nothing_to_do(wish, state):
            self._settled.add(wish_id)
        elif state is not None and died_too_often(wish, state):
            self._give_up(wish, state, stay)
        elif is_due(state, self._clock()):
            self._take_turn(wish, state, stay)

    def _is_meant(self, wish: Wish) -> bool:
        return wish.is_for(self._agent.host)

    def _has_nothing_to_do(self, wish: Wish, state: State | None) -> bool:
        if state is None:
            return not (wish.is_standing and self._is_meant(wish))
        return is_final(wish, state)

    def _keep_state(self, wish: Wish) -> State | None:
        """Give its state, as it ended if the board has forgotten that."""
        data = self._board.read(self._name_of(wish.wish_id))
        there = None if data is None else State.decode(data)
        if end := self._ends.find_better(wish.wish_id, there):
            self._write_state(wish, end)
            return end
        if there is not None:
            self._ends.note(wish, there)
        return there

    def _find_lost(self) -> Set[str]:
        return self._ends.find_lost(self._agent.seen)

    def _take_turn(self, wish: Wish, state: State | None, stay: Stay) -> None:
        turn = self._claim_turn(wish, stay)
        if turn is None:
            return
        try:
            # It may have been removed before this host had its turn.
            if self._board.read(f'{WISHES}/{wish.wish_id}') is not None:
                self._try_once(wish, state, stay)
        finally:
            # Else it ends with the stay, or when that is.
            with contextlib.suppress(BoardLost):
                stay.leave(turn)

    def _claim_turn(self, wish: Wish, stay: Stay) -> str | None:
        room = f'{TURNS}/{wish.wish_id}'
        taken = self._board.read_all(room)
        free = [one for one in range(wish.parallel) if str(one) not in taken]
        # So that not all who wait want the same one.
        self._shuffle(free)
        for number in free:
            if stay.claim(f'{room}/{number}'):
                return f'{room}/{number}'
        return None

    def _try_once(self, wish: Wish, state: State | None, stay: Stay) -> None:
        before = state or State(stage=Stage.WAITING, at=self._clock())
        begun = dataclasses.replace(
            before,
            stage=Stage.RUNNING,
            at=self._clock(),
            tries=before.tries + 1,
            why='',
        )
        self._write_state(wish, begun)
        # That took its time.
        if not self._agent.is_held(stay):
            self._tell(wish, begun, before, stay)
            return

        stage, why = self._fetch(wish, lambda: self._is_called_off(wish, stay))
        ended = dataclasses.replace(
            begun, stage=stage, at=self._clock(), why=why
        )
        if stage is not Stage.DONE and self._is_called_off(wish, stay):
            # It was no fault of the try.
            ended = dataclasses.replace(before, why='interrupted')
        self._tell(wish, begun, ended, stay)

    def _is_called_off(self, wish: Wish, stay: Stay) -> bool:
        return (
            self._is_ended
            or not self._agent.is_held(stay)
            or wish.wish_id not in self._wishes
            or is_over(wish, self._clock())
        )

    def _give_up(self, wish: Wish, state: State, stay: Stay) -> None:
        why = f'its agent ended in the middle, {state.tries} times'
        ended = dataclasses.replace(state, stage=Stage.FAILED, why=why)
        self._tell(wish, state, ended, stay)

    def _tell(
        self, wish: Wish, begun: State, ended: State, stay: Stay
    ) -> None:
        """Write what a state has become now, or as soon as that can be."""
        outcome = Outcome(wish=wish, begun=begun.encode(), ended=ended)
        try:
            self._write_outcome(outcome, is_own=self._agent.is_held(stay))
        except BoardLost as error:
            LOG.info('Wish %s: told later: %s', wish.wish_id, error)
            self._unwritten[self._name_of(wish.wish_id)] = outcome

    def _write_outcome(self, outcome: Outcome, *, is_own: bool) -> None:
        """Write it, if somebody wants to know and nobody knows better."""
        wish = outcome.wish
        name = self._name_of(wish.wish_id)
        if self._board.read(f'{WISHES}/{wish.wish_id}') is None:
            self._board.remove(name)
        # Who lost its place may have had a successor, who did it all.
        elif is_own or self._board.read(name) == outcome.begun:
            self._write_state(wish, outcome.ended)

    def _write_state(self, wish: Wish, state: State) -> None:
        self._begun.add(wish.wish_id)
        notes = {self._name_of(wish.wish_id): state.encode()}
        self._board.write_all(notes, seconds_left(wish, self._clock()))
        self._ends.note(wish, state)

    def _name_of(self, wish_id: str) -> str:
        return state_name(wish_id, self._agent.host)

    def _write_rest(self) -> None:
        for name, outcome in list(self._unwritten.items()):
            # The board may refuse one, and not the next.
            with contextlib.suppress(BoardLost):
                self._write_outcome(outcome, is_own=False)
                self._unwritten.pop(name, None)

    def _remove_rest(self) -> None:
        """Remove what was written while somebody removed the wish."""
        for wish_id in self._begun - self._wishes.keys():
            self._board.remove(self._name_of(wish_id))
            self._begun.discard(wish_id)
