"""Measure how fast images are prefetched into a folder.

The first row has ``curl | tee | sha512sum`` and a ``sync`` of what that wrote
for its measure, and a prefetch of the same URL: with room reserved, inspected,
hashed by sha512 and sha256, synced and labelled.  The second has four images
one by one for its measure, and the four at once, from a server that is 50 ms
away.  Both are done in turn; a row has the median of each, and what their
ratio may be at most.  ``cpu`` is the ratio of what they took of processors,
which is steady where others crowd the machine.
"""

from collections.abc import Collection
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import dataclasses
import datetime
import os
import pathlib
import statistics
import tempfile
import time

from benchmarks import image_server
from benchmarks.needs import need_program
from benchmarks import output
from benchmarks.shell_fetch import fetch_by_shell
from benchmarks.shell_fetch import MIB
from benchmarks.shell_fetch import write_random
from imagecache_handlers.cache import ImageCache
from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.planning.rules import Rules
from imagecache_handlers.prefetch_settings import PrefetchSettings
from imagecache_handlers.source import Stretch
from imagecache_handlers.sources.url import UrlSource

TTL = datetime.timedelta(days=1)
FAR = 0.05
SEVERAL = 4
# Ratios that are aimed at.
BESIDE_SHELL = 1.15
AT_ONCE = 1 / 1.5


@dataclasses.dataclass(frozen=True)
class Took:
    """Seconds by the wall, and those of processors."""

    wall: float
    cpu: float

    @classmethod
    def begin(cls) -> 'Took':
        spent = os.times()
        # The server is not waited for: it counts for neither.
        cpu = sum((spent.user, spent.system))
        cpu += sum((spent.children_user, spent.children_system))
        return cls(time.perf_counter(), cpu)

    def end(self) -> 'Took':
        now = self.begin()
        return Took(now.wall - self.wall, now.cpu - self.cpu)


@dataclasses.dataclass(frozen=True)
class Images:
    """A source of several images, each at its URL."""

    urls: Mapping[str, UrlSource]

    def describe(self, image_id: str) -> ImageMeta:
        return self.urls[image_id].describe(image_id)

    def read_from(
        self, meta: ImageMeta, offset: int
    ) -> contextlib.AbstractContextManager[Stretch]:
        return self.urls[meta.image_id].read_from(meta, offset)


def make_images(folder: str, count: int, size: int) -> dict[str, str]:
    """Make files of random bytes; give the checksum of each by its name."""
    return {
        name: f'sha512:{write_random(f"{folder}/{name}", size)}'
        for name in (f'image-{number}' for number in range(count))
    }


def name_images(port: int, sums: Mapping[str, str]) -> Images:
    address = f'http://127.0.0.1:{port}'
    return Images(
        {name: UrlSource(f'{address}/{name}', sums[name]) for name in sums}
    )


def take_shell(folder: str, url: str) -> Took:
    with tempfile.TemporaryDirectory(dir=folder) as place:
        started = Took.begin()
        fetch_by_shell(url, f'{place}/image')
        return started.end()


def prefetch(
    folder: str, source: Images, names: Collection[str], concurrency: int
) -> Took:
    with (
        tempfile.TemporaryDirectory(dir=folder) as place,
        contextlib.closing(DirectoryHandler([place])) as handler,
    ):
        cache = ImageCache(handler, Rules())
        settings = PrefetchSettings(concurrency=concurrency)
        started = Took.begin()
        done = cache.prefetch(names, source, TTL, settings=settings)
        took = started.end()
    for one in done:
        assert one.did == 'cached', one.why
    return took


def compare_shell(folder: str, size: int, rounds: int) -> output.Row:
    sums = make_images(folder, 1, size)
    shell, ours = [], []
    with image_server.serving(folder, 0) as port:
        source = name_images(port, sums)
        for _ in range(rounds):
            url = f'http://127.0.0.1:{port}/image-0'
            shell.append(take_shell(folder, url))
            ours.append(prefetch(folder, source, sums, 1))
    return _describe('beside a shell', size, shell, ours, BESIDE_SHELL)


def compare_at_once(folder: str, size: int, rounds: int) -> output.Row:
    each = size // SEVERAL
    sums = make_images(folder, SEVERAL, each)
    single, several = [], []
    with image_server.serving(folder, FAR) as port:
        source = name_images(port, sums)
        for _ in range(rounds):
            single.append(prefetch(folder, source, sums, 1))
            several.append(prefetch(folder, source, sums, SEVERAL))
    return _describe('four at once', size, single, several, AT_ONCE)


def _describe(
    row: str,
    size: int,
    measure: Sequence[Took],
    ours: Sequence[Took],
    bound: float,
) -> output.Row:
    walls = [one.wall for one in measure], [one.wall for one in ours]
    usual, took = map(statistics.median, walls)
    ratios = [two / one for one, two in zip(*walls, strict=True)]
    cpu = statistics.median(one.cpu for one in measure)
    return {
        'row': row,
        'MiB': size // MIB,
        'measure s': usual,
        'prefetch s': took,
        'ratio': took / usual,
        'least': min(ratios),
        'most': max(ratios),
        'bound': bound,
        'cpu': statistics.median(one.cpu for one in ours) / cpu,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = output.parser(__doc__)
    parser.add_argument('--size', type=int, default=512, help='MiB')
    parser.add_argument('--rounds', type=int, default=5)
    asked = parser.parse_args(arguments)
    need_program('curl')
    rows = []
    for compare in compare_shell, compare_at_once:
        with tempfile.TemporaryDirectory(dir=pathlib.Path.cwd()) as folder:
            rows.append(compare(folder, asked.size * MIB, asked.rounds))
    output.write(rows, asked.json)


if __name__ == '__main__':
    main()
