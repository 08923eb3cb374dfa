"""Measure a pass inside of Nova: ours, and Nova's own over the same tree.

It runs where Nova is installed (34), with the driver's manager and Nova's own
objects; libvirt is not asked in a pass.  Each image is used by some disks, so
nothing goes.  Nova's own starts ``qemu-img`` for every disk, which takes long:
``--stock`` says for how many instances that is measured, with a fifth as many
images, and ours over the same.

``loads``: columns that were asked of the database one by one; ``queries``:
what else a pass asks for; ``outside``: percent of the time that is not spent
in calls of the handler that ask its backend, here the file system: ``CALLS``
of ``timed_calls``.  ``key`` is none of these, nor is reading the columns of
instances.  The last row is what importing our driver adds to the start of
nova-compute that has Nova's: see ``nova_start``.

With 5,000 instances and 1,000 images, on two processors that were idle but for
this (Nova 34, Python 3.11):

======  ===============  =========  =====  =======
pass    seconds          outside    loads  queries
======  ===============  =========  =====  =======
ours    0.22             8 %        0      0
stock   more than 1,500
======  ===============  =========  =====  =======

Those 8 % are 17 ms: 6 to read 5,000 instances, 6 to judge 1,000 images, 2 to
name these as the folder does.  Stock Nova, on a machine that twenty others
shared, was ended after those 25 minutes, and had a lower priority.
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

from benchmarks.needs import need_nova
from benchmarks.nova_objects import Nova
from benchmarks.nova_tree import build_tree
from benchmarks.nova_tree import DISKS_EACH
from benchmarks import output
from benchmarks.timed_calls import InCalls

REPEATS = 3
# Of these the one in the middle counts: now and then Python collects garbage
# among all that Nova has, which takes as long as a pass.
PASSES = 9


def measure_ours(folder: str, count: int) -> dict[str, float]:
    nova = Nova(folder)
    from nova.virt.libvirt import imagecache

    from imagecache_handlers.frontends.nova import libvirt

    stock = imagecache.ImageCacheManager()
    manager = libvirt.LibvirtImageCacheManager(nova.conf, stock=stock)
    instances = nova.list_instances(count)
    # The first one loads what it works with, and notes what is new.
    manager.update(None, instances)
    in_calls = InCalls(manager.open_cache().handler)
    taken, outside = [], []
    for _ in range(PASSES):
        in_calls.seconds = 0.0
        started = time.perf_counter()
        report = manager.update(None, instances)
        taken.append(time.perf_counter() - started)
        outside.append(100 * (1 - in_calls.seconds / taken[-1]))
        if report is None or len(report.plan.verdicts) * DISKS_EACH != count:
            raise RuntimeError('it did not see all of the images')
    return {
        'seconds': statistics.median(taken),
        'loads': nova.loads,
        'queries': nova.queries,
        'outside': statistics.median(outside),
    }


def measure_stock(folder: str, count: int) -> dict[str, float]:
    nova = Nova(folder)
    from nova.virt.libvirt import imagecache

    instances = nova.list_instances(count)
    started = time.perf_counter()
    imagecache.ImageCacheManager().update(None, instances)
    seconds = time.perf_counter() - started
    return {'seconds': seconds, 'loads': nova.loads, 'queries': nova.queries}


MEASURES = {
    'ours': measure_ours,
    'stock': measure_stock,
}


def run_measure(what: str, folder: str, count: int) -> dict[str, float]:
    """Measure in a process of its own, so that each has loaded as much."""
    module = ['-m', 'benchmarks.nova_pass', '--measure', what]
    done = subprocess.run(  # noqa: S603
        [sys.executable, *module, '--folder', folder, '--count', str(count)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def make_rows(count: int, whats: list[str]) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        build_tree(pathlib.Path(folder), count)
        found = {what: run_measure(what, folder, count) for what in whats}
    slowest = max(one['seconds'] for one in found.values())
    return [
        {
            'pass': what,
            'instances': count,
            'images': count // DISKS_EACH,
            'seconds': one['seconds'],
            'loads': one['loads'],
            'queries': one['queries'],
            'outside': f'{one["outside"]:.1f}' if 'outside' in one else '',
            'ratio': f'{slowest / one["seconds"]:.0f}',
        }
        for what, one in found.items()
    ]


def measure_start() -> float:
    done = subprocess.run(  # noqa: S603
        [sys.executable, '-m', 'benchmarks.nova_start'],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return float(done.stdout.splitlines()[-1])


def make_import_row() -> dict[str, Any]:
    taken = [measure_start() for _ in range(REPEATS)]
    blank = dict.fromkeys(('instances', 'images'), 0)
    rest = {'loads': 0, 'queries': 0, 'outside': '', 'ratio': ''}
    seconds = statistics.median(taken)
    return {'pass': 'import', **blank, 'seconds': seconds, **rest}


def main() -> None:
    parser = output.parser(__doc__)
    parser.add_argument('--instances', type=int, default=5_000)
    parser.add_argument('--stock', type=int, default=200)
    parser.add_argument('--measure', choices=MEASURES)
    parser.add_argument('--folder')
    parser.add_argument('--count', type=int)
    args = parser.parse_args()
    need_nova()
    if args.measure:
        # What Nova says while it is loaded is no result.
        out = os.fdopen(os.dup(1), 'w')
        os.dup2(2, 1)
        print(
            json.dumps(MEASURES[args.measure](args.folder, args.count)),
            file=out,
        )
        return
    rows = make_rows(args.instances, ['ours'])
    if args.stock:
        rows += make_rows(args.stock, ['ours', 'stock'])
    output.write([*rows, make_import_row()], args.json)


if __name__ == '__main__':
    main()
