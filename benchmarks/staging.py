"""Measure how fast an image comes in, beside what a shell would do.

A server on this host gives a file of random bytes.  ``curl | tee |
sha512sum`` and a ``sync`` of what it wrote is the measure; a stage is
fetched, verified by sha512 and sha256, and synced by its link into another
folder.  Both are done in turn, and the row has the median of each.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import functools
import http.client
import os
import pathlib
import shutil
import statistics
import tempfile
import time
from typing import cast

from benchmarks import image_server
from benchmarks.needs import need_program
from benchmarks import output
from benchmarks.shell_fetch import fetch_by_shell
from benchmarks.shell_fetch import MIB
from benchmarks.shell_fetch import write_random
from imagecache_handlers.checksum import Checksum
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.source import Linkable
from imagecache_handlers.source import Stretch
from imagecache_handlers.staging.stage import Stages

PIECE = 2**20


class Web:
    """A source that is read by HTTP, as plainly as can be."""

    def __init__(self, meta: ImageMeta, port: int) -> None:
        self._meta = meta
        self._port = port

    def describe(self, image_id: str) -> ImageMeta:
        return self._meta

    @contextlib.contextmanager
    def read_from(self, meta: ImageMeta, offset: int) -> Iterator[Stretch]:
        client = http.client.HTTPConnection('127.0.0.1', self._port)
        client.request('GET', f'/{meta.image_id}')
        answer = client.getresponse()
        yield Stretch(0, iter(functools.partial(answer.read, PIECE), b''))
        client.close()


def make_image(folder: str, size: int) -> ImageMeta:
    value = write_random(f'{folder}/image', size)
    known = Checksum(algorithm='sha512', value=value)
    return ImageMeta(
        image_id='image', size=size, disk_format='raw', checksum=known
    )


def take_shell(folder: str, port: int) -> float:
    target = f'{folder}/shell'
    started = time.perf_counter()
    fetch_by_shell(f'http://127.0.0.1:{port}/image', target)
    took = time.perf_counter() - started
    os.unlink(target)
    return took


def take_stage(folder: str, port: int, meta: ImageMeta) -> float:
    cache = f'{folder}/cache'
    os.mkdir(cache)
    fd = os.open(cache, os.O_RDONLY)
    started = time.perf_counter()
    with Stages(f'{folder}/stages').open_stage(meta) as stage:
        stage.fetch_image(Web(meta, port))
        with stage.open_content() as (_, content, _):
            cast(Linkable, content).link_into(fd, 'image')
        stage.drop()
    took = time.perf_counter() - started
    os.close(fd)
    shutil.rmtree(cache)
    return took


def measure(size: int, rounds: int) -> dict[str, str | int | float]:
    shell, stage = [], []
    with tempfile.TemporaryDirectory(dir=pathlib.Path.cwd()) as folder:
        meta = make_image(folder, size)
        with image_server.serving(folder, 0) as port:
            for _ in range(rounds):
                shell.append(take_shell(folder, port))
                stage.append(take_stage(folder, port, meta))
    ratios = [two / one for one, two in zip(shell, stage, strict=True)]
    return {
        'MiB': size // MIB,
        'shell s': statistics.median(shell),
        'stage s': statistics.median(stage),
        'ratio': statistics.median(stage) / statistics.median(shell),
        'least': min(ratios),
        'most': max(ratios),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = output.parser(__doc__)
    parser.add_argument('--size', type=int, default=512, help='MiB')
    parser.add_argument('--rounds', type=int, default=5)
    asked = parser.parse_args(arguments)
    need_program('curl')
    output.write([measure(asked.size * MIB, asked.rounds)], asked.json)


if __name__ == '__main__':
    main()
