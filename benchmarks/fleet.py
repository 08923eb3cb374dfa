"""Measure what a fleet costs its board, in bytes and in milliseconds.

``--url`` names an etcd or a redis as ``[imagecache_fleet] backend_url`` does;
the group ``benchmark`` there is emptied.  Each of so many hosts tells of 1,000
images; ``read`` is all of them at once, as ``imagecache fleet diff`` has it,
the others are what one host does.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
import datetime
import statistics
import sys
import time

from benchmarks.needs import end_without
from benchmarks import output
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.frontends.fleet.board import Board
from imagecache_handlers.frontends.fleet.digest import make_digest
from imagecache_handlers.frontends.fleet.entry import Entry
from imagecache_handlers.frontends.fleet.members import ALIVE
from imagecache_handlers.frontends.fleet.members import HOSTS
from imagecache_handlers.frontends.fleet.members import read_members
from imagecache_handlers.frontends.fleet.opening import FleetSettings
from imagecache_handlers.frontends.fleet.opening import open_board
from imagecache_handlers.model import CachedImage

IMAGES = 1000
NOW = datetime.datetime(2026, 11, 30, tzinfo=datetime.UTC)


def make_entry(host: str, first: int, count: int) -> Entry:
    """Have a host tell of so many images."""
    images = [
        CachedImage(
            image_id=f'image-{number}', store='s', location='l', size=1
        )
        for number in range(first, first + count)
    ]
    digest = make_digest(
        images, generation=1, as_of=NOW, free=2**40, total=2**41
    )
    return Entry(host=host, digest=digest)


def take_median(call: Callable[[], object], times: int) -> float:
    """Give the milliseconds that a call takes."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        taken.append(1000 * (time.perf_counter() - began))
    return statistics.median(taken)


def measure(board: Board, hosts: int, images: int, times: int) -> output.Row:
    """Have so many hosts on a board, and measure what each call takes."""
    notes = {
        f'{HOSTS}/h{number}': make_entry(f'h{number}', number, images).encode()
        for number in range(hosts)
    }
    for room in HOSTS, ALIVE:
        board.remove(room)
    board.write_all(notes, 600)
    stay = board.stay(60)
    stay.claim(f'{ALIVE}/h0')
    name, data = next(iter(notes.items()))
    row = {
        'hosts': hosts,
        'bytes_a_host': len(data),
        'bytes': sum(map(len, notes.values())),
        'read_ms': take_median(lambda: read_members(board), times),
        'tell_ms': take_median(
            lambda: board.write_all({name: data}, 600), 10 * times
        ),
        'renew_ms': take_median(stay.renew, 10 * times),
    }
    for room in HOSTS, ALIVE:
        board.remove(room)
    return row


def rows_of(url: str, sizes: Sequence[int]) -> Iterator[output.Row]:
    """Give a row for each number of hosts."""
    settings = FleetSettings(
        url=url,
        group='benchmark',
        host='none',
        member_ttl=50,
        shared_store=None,
    )
    board = open_board(settings)
    for hosts in sizes:
        yield measure(board, hosts, IMAGES, 9)


def main(argv: Sequence[str] | None = None) -> int:
    parser = output.parser(__doc__)
    parser.add_argument('--url', required=True, help='of etcd or redis')
    given = parser.parse_args(argv)
    try:
        rows = list(rows_of(given.url, [200, 1000]))
    except CacheError as error:
        end_without(f'--url {given.url} cannot be measured: {error}')
    output.write(rows, given.json)
    return 0


if __name__ == '__main__':
    sys.exit(main())
