"""``imagecache fleet wish ...``: what hosts were asked to fetch, and did."""

import argparse
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.frontends.cli.commands.fleet import FleetCommand
from imagecache_handlers.frontends.cli.exit_codes import FAILED
from imagecache_handlers.frontends.cli.exit_codes import NONE
from imagecache_handlers.frontends.cli.pages.answer import Answer
from imagecache_handlers.frontends.cli.pages.answer import iso
from imagecache_handlers.frontends.cli.pages.text import printable
from imagecache_handlers.frontends.fleet.board import Board
from imagecache_handlers.frontends.fleet.board import check_part
from imagecache_handlers.frontends.fleet.board import is_part
from imagecache_handlers.frontends.fleet.members import ALIVE
from imagecache_handlers.frontends.fleet import wish_board
from imagecache_handlers.frontends.fleet.wish_board import Progress
from imagecache_handlers.frontends.fleet.wishes import Stage
from imagecache_handlers.frontends.fleet.wishes import Wish

PROGRESS = ('wish', 'host', 'state', 'tries', 'alive', 'detail')


class WishList(FleetCommand):
    """List the wishes of the fleet: what was asked for, and of whom."""

    columns = (
        *('wish', 'images', 'hosts', 'parallel', 'standing', 'until'),
        'problem',
    )

    def answer(self, parsed_args: argparse.Namespace) -> Answer:
        found = self.open_board().read_all(wish_board.WISHES)
        rows = [_wish_row(*one) for one in sorted(found.items())]
        return Answer(rows=rows, code=FAILED if any(_ends(rows)) else 0)


def _ends(rows: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
    return (row[-1] for row in rows)


def _wish_row(wish_id: str, data: bytes) -> tuple[Any, ...]:
    try:
        wish = Wish.decode(wish_id, data)
    except ValueError as error:
        return printable(wish_id), *[None] * 5, printable(str(error))
    return (
        *(wish_id, len(wish.images), printable(wish.hosts), wish.parallel),
        *(wish.is_standing, iso(wish.until), None),
    )


class WishCommand(FleetCommand):
    """A command on one wish."""

    columns = PROGRESS

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            'wish', metavar='WISH', help='as "fleet wish list" names it'
        )
        return parser


class WishShow(WishCommand):
    """List how far each host is with a wish.

    Ends with 0 if all are done, with 3 if none is, else with 1.
    """

    def answer(self, parsed_args: argparse.Namespace) -> Answer:
        board = self.open_board()
        wish = find_wish(board, parsed_args.wish)
        found = read_progress(board, wish)
        return Answer(rows=progress_rows(wish, found), code=code_of(found))


class WishRemove(WishCommand):
    """Remove a wish: what runs for it ends soon, what came stays.

    It lists how far each host had come.
    """

    def answer(self, parsed_args: argparse.Namespace) -> Answer:
        board, wish_id = self.open_board(), parsed_args.wish
        if remove_stranger(board, wish_id):
            return Answer(rows=())
        try:
            wish = find_wish(board, wish_id)
        except WishUnreadable:
            # Whoever wrote it, it shall be gone.
            wish_board.remove_wish(board, wish_id)
            return Answer(rows=())
        found = read_progress(board, wish)
        wish_board.remove_wish(board, wish_id)
        return Answer(rows=progress_rows(wish, found))


def remove_stranger(board: Board, shown: str) -> bool:
    """Remove what has the name of no wish, as "wish list" shows it.

    Gives False where there is none of that name.

    :raises BoardLost: when it may be there still.
    """
    if is_part(shown):
        return False
    names = [
        one
        for one in board.read_all(wish_board.WISHES)
        if shown in (one, printable(one))
    ]
    for one in names:
        board.remove(f'{wish_board.WISHES}/{one}')
    return bool(names)


class WishUnreadable(ConfigurationError):
    """What stands under the name of a wish is none."""


def find_wish(board: Board, wish_id: str) -> Wish:
    """Give a wish by its name.

    :raises ConfigurationError: when there is none.
    :raises WishUnreadable: when it is none.
    :raises BoardLost: when nobody can say.
    """
    try:
        name = check_part('wish', wish_id)
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
    data = board.read(f'{wish_board.WISHES}/{name}')
    if data is None:
        raise ConfigurationError(f'there is no wish {name}: it may be over')
    try:
        return Wish.decode(name, data)
    except ValueError as error:
        text = f'the wish {name} cannot be read: {error}'
        raise WishUnreadable(text) from error


def read_progress(board: Board, wish: Wish) -> list[Progress]:
    """Give how far each host is with a wish.

    :raises BoardLost: when nobody can say.
    """
    states = board.read_all(f'{wish_board.STATES}/{wish.wish_id}')
    return wish_board.judge_states(wish, states, board.read_all(ALIVE))


def progress_rows(
    wish: Wish, found: Iterable[Progress]
) -> list[tuple[Any, ...]]:
    """Give the row of each host."""
    return [
        (
            *(wish.wish_id, printable(one.host), one.stage.value, one.tries),
            *(one.is_alive, printable(one.why)),
        )
        for one in found
    ]


def code_of(found: Collection[Progress]) -> int:
    """Give the exit code: whether all, some or none are done."""
    done = [one.stage is Stage.DONE for one in found]
    if done and all(done):
        return 0
    return FAILED if any(done) else NONE
