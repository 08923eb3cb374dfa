"""Measure evictions of the handler ``directory`` beside what others take.

Half of the images in a folder of Nova's go.  Beside the whole pass stands
Nova's own manager on a copy of the tree, if ``--nova`` names a Python that
has Nova: as it is, which asks ``qemu-img`` about every disk, and spared from
that.  Beside what one eviction takes, its claim included, stands what
nothing durable can do without: an unlink and an fsync of the folder.  Where
an fsync costs as little as it does in many a virtual machine, that is next
to nothing: ``--fsync-ms`` adds what it takes on a disk, to either side.
"""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import dataclasses
import datetime
import json
import os
import pathlib
import secrets
import shutil
import subprocess
import tempfile
import time
from unittest import mock

from benchmarks import directory
from benchmarks.directory_place import BASE
from benchmarks.directory_place import Counting
from benchmarks.directory_place import Place
from benchmarks.needs import need_nova_of
from benchmarks import output
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.labels import claim_label
from imagecache_handlers.model import CachedImage

SIZES = (1_000,)
# What an SSD that has no battery takes to flush.
FSYNC_MS = (0.0, 2.0)
NOVA = pathlib.Path(__file__).with_name('nova_manager.py')


@dataclasses.dataclass(slots=True)
class Counts:
    """How often the disk was waited for, and all instances looked at."""

    fsyncs: int = 0
    surveys: int = 0


@contextlib.contextmanager
def counted(handler: Counting, fsync_ms: float = 0.0) -> Iterator[Counts]:
    counts = Counts()
    real, take = os.fsync, handler._overlays._take_survey

    def fsync(fd: int) -> None:
        counts.fsyncs += 1
        real(fd)
        time.sleep(fsync_ms / 1e3)

    def survey(*progress):  # type: ignore[no-untyped-def]
        counts.surveys += 1
        return take(*progress)

    with (
        mock.patch.object(os, 'fsync', fsync),
        mock.patch.object(handler._overlays, '_take_survey', survey),
    ):
        yield counts


def take_time(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def remove_bare(folder: str, count: int, fsync_ms: float) -> float:
    """Give the seconds that the durable floor takes for so many files."""
    paths = [os.path.join(folder, f'bare-{n}') for n in range(count)]
    for path in paths:
        pathlib.Path(path).write_bytes(b'an image')
    os.sync()
    fd = os.open(folder, os.O_RDONLY)
    try:
        started = time.perf_counter()
        for path in paths:
            os.unlink(path)
            os.fsync(fd)
            time.sleep(fsync_ms / 1e3)
        return time.perf_counter() - started
    finally:
        os.close(fd)


def evict_batches(handler: Counting, images: Collection[CachedImage]) -> None:
    """Claim, look and evict by the batch, as whoever evicts does."""
    rest = list(images)
    until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=9)
    while batch := rest[: handler.batch]:
        del rest[: len(batch)]
        label = claim_label(secrets.token_hex(8), until)
        _refuse_errors(handler.mark_many(batch, {label}))
        ids = {image.image_id for image in batch}
        fresh = handler.enumerate(batch[0].store, ids)
        _refuse_errors(handler.evict_many(list(fresh), lambda: True))


def _refuse_errors(results: Collection[object]) -> None:
    for result in results:
        if isinstance(result, CacheError):
            raise result


def measure_evictions(place: Place, fsync_ms: float) -> output.Row:
    """Give what one eviction takes beside its floor; the place is used up."""
    floor = remove_bare(place.images, place.count // 2, fsync_ms)
    handler = place.handler()
    idle = [
        image for image in handler.enumerate(place.images) if not image.users
    ]
    with counted(handler, fsync_ms) as counts:
        taken = take_time(lambda: evict_batches(handler, idle))
    return {
        'layout': place.layout,
        'evicted': len(idle),
        'fsync + ms': fsync_ms,
        'floor ms': floor / len(idle) * 1e3,
        'evict ms': taken / len(idle) * 1e3,
        'to floor': taken / floor,
        'fsyncs each': counts.fsyncs / len(idle),
        'batches': -(-len(idle) // handler.batch),
        'surveys': counts.surveys,
    }


def measure_pass(place: Place, nova: str | None) -> output.Row:
    """Give what a whole pass takes, beside Nova's; the place is used up."""
    row: dict[str, str | int | float] = {'layout': place.layout}
    others = {}
    if nova:
        for name, options in ('nova', []), ('spared', ['--spared']):
            others[name] = run_nova(place, nova, options)
            row[f'{name} s'] = others[name]['seconds']
    handler, cpu = place.handler(), time.process_time()
    with counted(handler) as counts:
        taken = take_time(lambda: directory.sweep(handler, directory.LATER))
    cpu = time.process_time() - cpu
    row |= {'pass s': taken, 'pass cpu s': cpu}
    for name, other in others.items():
        row[f'to {name}'] = taken / other['seconds']
        row[f'cpu to {name}'] = cpu / other['cpu']
    return {**row, 'looks': handler.looks, 'surveys': counts.surveys}


def run_nova(
    place: Place, nova: str, options: Collection[str]
) -> dict[str, float]:
    """Give the seconds of Nova's own pass on a copy of the tree."""
    with tempfile.TemporaryDirectory(dir=place.root) as root:
        copy = os.path.join(root, 'instances')
        shutil.copytree(place.instances, copy)
        for entry in pathlib.Path(copy, BASE).glob('.*'):
            entry.unlink()
        done = subprocess.run(  # noqa: S603 -- the other one to be measured
            [nova, str(NOVA), copy, *options],
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
    told: dict[str, float] = json.loads(done.stdout)
    if told['removed'] != place.count // 2:
        raise RuntimeError(f'Nova removed {told["removed"]} images')
    return told


@contextlib.contextmanager
def built(count: int, layout: str, folder: str) -> Iterator[Place]:
    with tempfile.TemporaryDirectory(dir=folder) as root:
        place = Place(root=pathlib.Path(root), count=count, layout=layout)
        place.build()
        yield place


def main(argv: Sequence[str] | None = None) -> None:
    parser = output.parser(__doc__)
    parser.add_argument('--sizes', nargs='+', type=int, default=SIZES)
    parser.add_argument('--fsync-ms', nargs='+', type=float, default=FSYNC_MS)
    parser.add_argument('--nova', help='a Python that has Nova 34')
    parser.add_argument(
        '--folder', help='where to make the images; default: for temporaries'
    )
    args = parser.parse_args(argv)
    need_nova_of(args.nova)
    rows = []
    for count in args.sizes:
        for fsync_ms in args.fsync_ms:
            with built(count, 'nova', args.folder) as place:
                rows.append(measure_evictions(place, fsync_ms))
    passes = []
    for count in args.sizes:
        with built(count, 'nova', args.folder) as place:
            passes.append(measure_pass(place, args.nova))
    print(output.table(passes))
    output.write(rows, args.json)


if __name__ == '__main__':
    main()
