# ruff: noqa: E402 -- without Nova nothing else of it can be imported
"""Measure what ``ImageLocalityWeigher`` costs Nova's scheduler, and hosts.

It runs in an environment that has Nova (34), on its own HostStates of 20
servers each.  What a host tells is at most 8 KiB: of 2,000 images it tells
``told``.  ``weigh`` is what a host takes in one request of many hosts,
``parse`` what comes on top where it tells something new, ``make`` what telling
takes on the host.
"""

from collections.abc import Callable
import datetime
import time
from typing import Any
import uuid

from benchmarks.needs import need_nova

need_nova()

import nova.conf
from nova import objects
from nova.scheduler import host_manager
from nova.scheduler import weights

from benchmarks import output
from imagecache_handlers.frontends.fleet.digest import make_digest
from imagecache_handlers.frontends.fleet import stats
from imagecache_handlers.frontends.fleet.weigher import ImageLocalityWeigher
from imagecache_handlers.model import CachedImage

HOSTS = 200
COUNTS = None, 0, 100, 1_000, 2_000
SERVERS = 20
ROUNDS = 5
MICRO = 1e6


def describe_images(host: int, count: int) -> list[CachedImage]:
    """Make images that other hosts have, too, in part."""
    return [
        CachedImage(
            image_id=str(uuid.UUID(int=host * 7 + number)),
            store='store',
            location=str(number),
            size=2**30,
        )
        for number in range(count)
    ]


def tell_images(images: list[CachedImage] | None) -> dict[str, str]:
    """Give the stats of a host; None: of one that tells nothing."""
    if images is None:
        return {}
    digest = make_digest(
        images,
        generation=0,
        as_of=datetime.datetime.now(datetime.UTC),
    )
    return stats.write_stats(digest)


def make_host(number: int, told: dict[str, str]) -> weights.WeighedHost:
    state = host_manager.HostState(
        f'host-{number}', f'host-{number}', str(uuid.UUID(int=number))
    )
    state.stats = told
    state.num_instances = SERVERS
    state.instances = {
        str(number): objects.Instance(
            image_ref='another',
            launched_at=datetime.datetime.now(datetime.UTC),
        )
        for number in range(SERVERS)
    }
    state.total_usable_ram_mb = 65536
    return weights.WeighedHost(state, 0.0)


def make_request() -> Any:
    image = objects.ImageMeta(
        id=str(uuid.UUID(int=500)),
        size=2**32,
        properties=objects.ImageMetaProps(),
    )
    return objects.RequestSpec(image=image, is_bfv=False)


def measure_best(work: Callable[[], object]) -> float:
    """Give the seconds of the fastest of some rounds."""
    taken = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return min(taken)


def measure_count(count: int | None) -> output.Row:
    images = [
        None if count is None else describe_images(number, count)
        for number in range(HOSTS)
    ]
    told = [tell_images(one) for one in images]
    hosts = [make_host(number, one) for number, one in enumerate(told)]
    weigher, request = ImageLocalityWeigher(), make_request()

    def weigh() -> None:
        weigher.weigh_objects(hosts, request)

    def weigh_anew() -> None:
        stats._decode.cache_clear()
        weigh()

    weigh()
    warm = measure_best(weigh)
    first = stats.read_stats(told[0])
    return {
        'images': 'no stats' if count is None else str(count),
        'told': len(first.whole) if first else 0,
        'bytes': sum(len(one) for one in told[0].values()),
        'weigh us': warm / HOSTS * MICRO,
        'parse us': max(0.0, measure_best(weigh_anew) - warm) / HOSTS * MICRO,
        'make us': measure_best(lambda: tell_images(images[0])) * MICRO,
    }


def main() -> None:
    arguments = output.parser(__doc__).parse_args()
    nova.conf.CONF([], project='nova', default_config_files=[])
    objects.register_all()
    output.write([measure_count(one) for one in COUNTS], arguments.json)


if __name__ == '__main__':
    main()
