"""Wish board: wishes and states of them, as they stand on a board."""

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import datetime

from imagecache_handlers.frontends.fleet.board import Board
from imagecache_handlers.frontends.fleet.wishes import is_final
from imagecache_handlers.frontends.fleet.wishes import Stage
from imagecache_handlers.frontends.fleet.wishes import State
from imagecache_handlers.frontends.fleet.wishes import Wish

WISHES = 'wishes'
STATES = 'states'
TURNS = 'turns'
# Seconds: clocks may be further apart than that; their notes stay as long.
_GRACE = 300
# Seconds: 10 years, for etcd refuses what would end after 285.
_LONGEST = 10 * 366 * 24 * 3600


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One host's way with a wish: ``stage`` as it is, ``why`` and how often.

    ``is_over``: it will do no more for it.
    """

    host: str
    stage: Stage
    tries: int
    why: str
    is_alive: bool
    is_over: bool


def state_name(wish_id: str, host: str) -> str:
    return f'{STATES}/{wish_id}/{host}'


def seconds_left(wish: Wish, now: datetime.datetime) -> int | None:
    """Give how long notes on a wish are to stay; None: as it does.

    By its span where it has one: a clock may be wrong by days.
    """
    if wish.until is None:
        return None
    left = max(0, int((wish.until - now).total_seconds()))
    return min(wish.span or left, _LONGEST) + _GRACE


def is_over(wish: Wish, now: datetime.datetime) -> bool:
    """Tell if the end of a wish has come that is still on the board.

    That keeps none for longer than a grace: by a clock which says so it is
    the clock that is wrong.
    """
    if wish.until is None:
        return False
    return 0 <= (now - wish.until).total_seconds() < _GRACE


def post_wish(
    board: Board, wish: Wish, hosts: Iterable[str], now: datetime.datetime
) -> None:
    """Have hosts fetch what a wish says.

    :raises BoardLost: when it may not be there, or for some hosts only.
    :raises ValueError: when it is for too many images.
    """
    data = wish.encode()
    seconds = seconds_left(wish, now)
    waiting = State(stage=Stage.WAITING, at=now).encode()
    # First, for a host that finds itself not named is not meant.
    board.write_all(
        {state_name(wish.wish_id, host): waiting for host in hosts}, seconds
    )
    board.write_all({f'{WISHES}/{wish.wish_id}': data}, seconds)


def remove_wish(board: Board, wish_id: str) -> None:
    """Have nobody begin with a wish any more; what runs is ended soon.

    Turns that were taken are left by who took them.

    :raises BoardLost: when something of it may be there still.
    """
    for room in WISHES, STATES:
        board.remove(f'{room}/{wish_id}')


def judge_states(
    wish: Wish, states: Mapping[str, bytes], alive: Iterable[str]
) -> list[Progress]:
    """Make of the states of a wish what is to be shown, by their hosts."""
    here = frozenset(alive)
    return [
        _judge_state(wish, host, data, is_alive=host in here)
        for host, data in sorted(states.items())
    ]


def _judge_state(
    wish: Wish, host: str, data: bytes, *, is_alive: bool
) -> Progress:
    try:
        state = State.decode(data)
    except ValueError as error:
        return Progress(
            host=host,
            stage=Stage.FAILED,
            tries=0,
            why=f'its state cannot be read: {error}',
            is_alive=is_alive,
            is_over=True,
        )
    stage, why = state.stage, state.why
    if stage is Stage.RUNNING and not is_alive:
        stage, why = Stage.WAITING, 'it began, and its agent is gone'
    return Progress(
        host=host,
        stage=stage,
        tries=state.tries,
        why=why,
        is_alive=is_alive,
        is_over=is_final(wish, state),
    )
