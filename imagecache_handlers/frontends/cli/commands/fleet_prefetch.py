"""``imagecache fleet prefetch``: have hosts fetch images, some at a time."""

import argparse
from collections.abc import Callable
from collections.abc import Iterable
import datetime
import time
import uuid

from imagecache_handlers.clocks import add_span
from imagecache_handlers.clocks import utc_now
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.frontends.cli import arguments
from imagecache_handlers.frontends.cli.commands.fleet import FleetCommand
from imagecache_handlers.frontends.cli.commands import fleet_wish
from imagecache_handlers.frontends.cli import image_options
from imagecache_handlers.frontends.cli.pages.answer import Answer
from imagecache_handlers.frontends.fleet.board import Board
from imagecache_handlers.frontends.fleet.board import BoardLost
from imagecache_handlers.frontends.fleet.board import is_part
from imagecache_handlers.frontends.fleet.members import ALIVE
from imagecache_handlers.frontends.fleet import wish_board
from imagecache_handlers.frontends.fleet.wish_board import Progress
from imagecache_handlers.frontends.fleet.wishes import Wish

_LOOK = 2.0  # seconds from one look at a wish to the next
# So many in a row end the waiting: some minutes, as a failover may take.
_FAILURES = 60
_DAY = datetime.timedelta(days=1)


class FleetPrefetch(FleetCommand):
    """Have hosts of the fleet fetch images, by their "imagecache run".

    It leaves a wish, which those hosts take that are alive now. Ends with 0
    once it is there; with --wait once all hosts have come to an end: with 0
    if all are done, with 3 if none is, else with 1. Ctrl-C ends the waiting,
    and not the wish.
    """

    columns = fleet_wish.PROGRESS

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        image_options.add_images_to(parser)
        parser.add_argument(
            '--hosts',
            metavar='PATTERN',
            required=True,
            help='the hosts: a name, or a pattern such as compute-[1-9]*',
        )
        _add_terms_to(parser)
        return parser

    def answer(self, parsed_args: argparse.Namespace) -> Answer:
        wish = _make_wish(parsed_args)
        board = self.open_board()
        hosts = _choose_hosts(wish, board.read_all(ALIVE))
        if not hosts and not wish.is_standing:
            raise ConfigurationError(
                f'no host that is alive matches {wish.hosts!r}; see '
                f'"imagecache fleet"'
            )
        wish_board.post_wish(board, wish, hosts, utc_now())
        if not hosts:
            said = f'imagecache: wish {wish.wish_id} waits for hosts to join\n'
            self.app.stderr.write(said)
        if not hosts or not parsed_args.wait:
            found = fleet_wish.read_progress(board, wish)
            return Answer(rows=fleet_wish.progress_rows(wish, found))
        said = f'imagecache: waiting for wish {wish.wish_id}\n'
        self.app.stderr.write(said)
        found = await_end(board, wish, time.sleep)
        return Answer(
            rows=fleet_wish.progress_rows(wish, found),
            code=fleet_wish.code_of(found),
        )


def _choose_hosts(wish: Wish, alive: Iterable[str]) -> list[str]:
    """Give who is meant; what cannot be a host would never do it."""
    return [one for one in alive if is_part(one) and wish.is_for(one)]


def _add_terms_to(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--parallel',
        type=int,
        default=5,
        metavar='N',
        help='so many hosts at once (default: 5)',
    )
    parser.add_argument(
        '--retries',
        type=int,
        default=2,
        metavar='N',
        help='so many more tries where one fails (default: 2)',
    )
    image_options.add_ttl_to(parser, 'prefetch_ttl_seconds of each host')
    _add_ends_to(parser)


def _add_ends_to(parser: argparse.ArgumentParser) -> None:
    """Add how long the wish stands, and whether that is waited for."""
    parser.add_argument(
        '--expires',
        type=arguments.span,
        metavar='SPAN',
        help='the wish ends after so long (default: 1d; a standing one does '
        'not end)',
    )
    parser.add_argument(
        '--standing',
        action='store_true',
        help='hosts that join later take it as well',
    )
    parser.add_argument(
        '--wait',
        action='store_true',
        help='wait until each of the hosts has come to an end',
    )


def _make_wish(options: argparse.Namespace) -> Wish:
    expires = options.expires or (None if options.standing else _DAY)
    try:
        wish = Wish(
            wish_id=uuid.uuid4().hex[:12],
            images=tuple(image_options.read_images(options)),
            hosts=options.hosts,
            parallel=options.parallel,
            retries=options.retries,
            ttl=options.ttl and int(options.ttl.total_seconds()),
            until=None if expires is None else add_span(utc_now(), expires),
            span=None if expires is None else int(expires.total_seconds()),
            is_standing=options.standing,
        )
        # What it takes is told before anybody is asked.
        wish.encode()
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
    return wish


def await_end(
    board: Board,
    wish: Wish,
    sleep: Callable[[float], object],
    monotonic: Callable[[], float] = time.monotonic,
) -> list[Progress]:
    """Wait until all hosts have come to an end, or the wish just made has.

    :raises BoardLost: when nobody can say, nor could for some minutes.
    """
    end = None if wish.span is None else monotonic() + wish.span
    found = fleet_wish.read_progress(board, wish)
    failures = 0
    while not all(one.is_over for one in found):
        # None begins any more, though its notes stay for a while.
        if end is not None and monotonic() >= end:
            return fleet_wish.read_progress(board, wish)
        sleep(_LOOK)
        try:
            seen = fleet_wish.read_progress(board, wish)
            if board.read(f'{wish_board.WISHES}/{wish.wish_id}') is None:
                return found
        except BoardLost:
            failures += 1
            if failures >= _FAILURES:
                raise
            continue
        found, failures = seen, 0
    return found
