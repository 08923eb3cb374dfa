# ruff: noqa: E402 -- without Nova nothing else of it can be imported
"""Place servers on fleets of any load, by Nova's weighers and by ours.

It runs in an environment that has Nova (34), on its own HostStates, and needs
no service.  ``hits`` are percent of the first servers, six for each host that
has the image; ``without`` is what Nova's weighers alone come to.  ``over`` is
by how many servers any of these hosts got more than six, or twice its share
of those placed, or what it gets without: the most of all fleets of a row.
"""

import collections
from collections.abc import Iterator
import dataclasses
import functools
import itertools
import random
import statistics
from typing import Any

from benchmarks.needs import need_nova

need_nova()

from nova.scheduler import weights

from benchmarks.nova_fleets import CONF
from benchmarks.nova_fleets import Fleet
from benchmarks.nova_fleets import GIB
from benchmarks.nova_fleets import has_room
from benchmarks.nova_fleets import HOUR
from benchmarks.nova_fleets import IMAGE
from benchmarks.nova_fleets import know_server
from benchmarks.nova_fleets import LOADS
from benchmarks.nova_fleets import make_request
from benchmarks.nova_fleets import set_up
from benchmarks.nova_fleets import tell_usage
from benchmarks import output
from imagecache_handlers.frontends.fleet import opts

MULTIPLIER = 'image_locality_weight_multiplier'
WEIGHERS = [
    'nova.scheduler.weights.all_weighers',
    'imagecache_handlers.frontends.fleet.weigher.ImageLocalityWeigher',
]
MANY = 6
COUNT = 60
# Hosts, of which so many have the image.
FLEETS = (5, 1), (20, 1), (20, 3), (20, 10), (50, 4)
# After how many others a server is built; None: all are asked for at once.
WAYS = {'at once': None, 'one by one': 0, 'five at a time': 5}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Whether each server hit, what each holder got, and the limit."""

    hits: list[bool]
    taken: dict[str, int]
    limit: float

    def share_first(self) -> float:
        """Give percent of hits among the first servers."""
        first = self.hits[: MANY * len(self.taken)]
        return 100 * sum(first) / len(first)

    def exceed(self, without: 'Placed') -> float:
        """Give by how many servers the worst holder has too many."""
        return max(
            0.0,
            *(
                count - max(self.limit, without.taken[name])
                for name, count in self.taken.items()
            ),
        )


def place_servers(
    fleet: Fleet, way: str, size: int, multiplier: float
) -> Placed:
    """Place servers one after the other, as one request or as many."""
    CONF.set_override(MULTIPLIER, multiplier, opts.GROUP)
    chance = random.Random(f'{fleet.seed} {fleet.hosts} {fleet.holders}')
    hosts, holders = fleet.make_hosts(chance)
    placed, spec = [], make_request(size)
    building: collections.deque[Any] = collections.deque()
    for _ in range(COUNT):
        chance.shuffle(hosts)
        found = choose_host(hosts, spec)
        placed.append(found.host)
        building.append(found)
        if WAYS[way] is not None:
            tell_usage(found)
            if len(building) > WAYS[way]:
                finish_build(building.popleft(), chance)
    taken = collections.Counter(placed)
    return Placed(
        hits=[name in holders for name in placed],
        taken={name: taken[name] for name in holders},
        limit=max(MANY, 2 * COUNT / fleet.hosts),
    )


def choose_host(hosts: list[Any], spec: Any) -> Any:
    """Have Nova choose, as its scheduler does for each server."""
    room = [one for one in hosts if has_room(one)]
    handler = weights.HostWeightHandler()
    weighers = load_weighers()
    found = handler.get_weighed_objects(weighers, room, spec)[0].obj
    found.consume_from_request(spec)
    return found


def finish_build(host: Any, chance: random.Random) -> None:
    host.num_io_ops -= 1
    know_server(host, IMAGE, 0 * HOUR, chance)


@functools.cache
def load_weighers() -> list[Any]:
    classes = weights.HostWeightHandler().get_matching_classes(WEIGHERS)
    return [one() for one in classes]


@functools.cache
def place_without(fleet: Fleet, way: str) -> Placed:
    """Place servers by Nova's weighers alone: size counts nothing there."""
    return place_servers(fleet, way, GIB, 0.0)


def measure_row(
    load: str, way: str, size: int, multiplier: float, seeds: int
) -> output.Row:
    fleets = [
        Fleet(hosts=hosts, holders=holders, load=load, seed=seed)
        for (hosts, holders), seed in itertools.product(FLEETS, range(seeds))
    ]
    placed = [place_servers(one, way, size, multiplier) for one in fleets]
    without = [place_without(one, way) for one in fleets]
    shares = [one.share_first() for one in placed]
    return {
        'load': load,
        'way': way,
        'GiB': size / GIB,
        'multiplier': multiplier,
        'least hits': min(shares),
        'median': statistics.median(shares),
        'without': statistics.median(one.share_first() for one in without),
        'over': max(map(Placed.exceed, placed, without)),
    }


def measure_all(sizes: list[int], seeds: int) -> Iterator[output.Row]:
    for load, way, size in itertools.product(LOADS, WAYS, sizes):
        for multiplier in (10.0, 20.0):
            yield measure_row(load, way, size, multiplier, seeds)


def main() -> None:
    parser = output.parser(__doc__)
    parser.add_argument('--seeds', type=int, default=3)
    parser.add_argument('--sizes', type=int, nargs='+', default=[1, 4])
    arguments = parser.parse_args()
    set_up()
    sizes = [size * GIB for size in arguments.sizes]
    output.write([*measure_all(sizes, arguments.seeds)], arguments.json)


if __name__ == '__main__':
    main()
