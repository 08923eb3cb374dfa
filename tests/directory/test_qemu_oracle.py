"""QEMU as the judge: what it could open before a sweep it can open after.

The profile says how many trees are tried out, or ``IMAGECACHE_TREE`` which
single one is.  Each grows from its number alone, in a worker that
mounts for itself.
"""

import collections
import concurrent.futures
import itertools
import multiprocessing
import os
import pathlib
import subprocess
import tempfile
import time
import unittest

import pytest

from tests.directory import apart
from tests.directory import qemu_mount_twists
from tests.directory import qemu_names
from tests.directory import qemu_trees
from tests.profile import PROFILE

pytestmark = pytest.mark.alone

TREES = PROFILE.qemu_trees
ONLY = os.environ.get('IMAGECACHE_TREE', '')
WORKERS = 2
SHOWN = 20
AGAIN = 'IMAGECACHE_TREE={} sh tools/test -e py3 -- {} -s'
# Of each at the least, in so many trees.
FLOORS = {
    'sweeps': 1.1,
    'disks': 0.3,
    'evictions': 1,
    'commands': 40,
    'layout plain': 4,
    'layout nova': 4,
    'overlay qcow2': 2,
    'overlay qed': 4,
    'overlay qcow': 8,
    'overlay vmdk': 20,
    'compat=0.10': 6,
    'without a format': 20,
    **{
        f'format {form}': 30
        for form in ('qcow', 'qcow2', 'qed', 'raw')
        + ('vdi', 'vhdx', 'vmdk', 'vpc')
    },
    **{f'way {way}': 120 for way in qemu_names.WAYS},
    **{f'kind {kind}': 30 for kind in ('alone', 'data', 'flat', 'vmdk')},
    **{f'twist {twist.__name__}': 120 for twist in qemu_trees.TWISTS},
}


def begin(ram):
    """Mount for oneself only, and work in memory: it is faster."""
    apart.leave()
    command = ['mount', '-t', 'tmpfs', 'trees', ram]
    subprocess.run(command, check=True)  # noqa: S603


def try_out(number, ram, disk):
    # Some on the disk, whose file system may have other ways.
    return qemu_trees.try_out(number, disk if number % 5 == 0 else ram)


class TestOracle(unittest.TestCase):
    def setUp(self):
        if os.geteuid() != 0:
            self.fail('these worlds mount disks: run this test as root')
        place = tempfile.TemporaryDirectory(prefix='imagecache-test-')
        self.addCleanup(place.cleanup)
        self.places = []
        for name in 'ram', 'disk':
            path = pathlib.Path(place.name) / name
            path.mkdir()
            self.places.append(str(path))

    def test_what_qemu_could_open_it_can_open_still(self):
        numbers = [int(ONLY)] if ONLY else range(TREES)
        began = time.monotonic()
        results = list(self.results(numbers))
        total = collections.Counter()
        for result in results:
            total.update(result.counts)
        failed = [result for result in results if result.failures]
        longest = max(result.longest for result in results)
        print(_figures(total, len(results), len(failed), longest, began))
        if failed:
            self.fail('\n\n'.join(map(_told, failed[:SHOWN])))
        if not ONLY:
            self.hold(total)

    def results(self, numbers):
        """Try the trees out, in processes that mount for themselves."""
        with concurrent.futures.ProcessPoolExecutor(
            WORKERS,
            mp_context=multiprocessing.get_context('fork'),
            initializer=begin,
            initargs=self.places[:1],
        ) as pool:
            ram, disk = self.places
            places = itertools.repeat(ram), itertools.repeat(disk)
            yield from pool.map(try_out, numbers, *places, chunksize=4)

    def hold(self, total):
        """Hold what was tried against what is to be tried at the least."""
        short = [
            f'{total[what]} {what}, not {int(TREES / each)}'
            for what, each in FLOORS.items()
            if total[what] < int(TREES / each)
        ]
        # A handler that keeps whatever it can would lose nothing, either.
        short += [
            f'nothing was evicted in {total[f"known {twist.__name__}"]} '
            f'trees with {twist.__name__}'
            for twist in qemu_trees.TWISTS
            if total[f'known {twist.__name__}'] >= _ENOUGH
            and not total[f'evicted {twist.__name__}']
        ]
        self.assertEqual([], short)


_ENOUGH = 5


def _told(result):
    what = [f'tree {result.number}:', *result.failures, *result.story]
    again = AGAIN.format(result.number, 'tests/directory/test_qemu_oracle.py')
    return '\n  '.join([*what, again])


def _figures(total, trees, failed, longest, began):
    forms = sorted(
        f'{name.partition(" ")[2]} {count}'
        for name, count in total.items()
        if name.startswith('format ')
    )
    mounts = sum(
        total[f'twist {one.__name__}'] for one in qemu_mount_twists.MOUNTS
    )
    return (
        f'\n{trees} trees ({failed} failed) in '
        f'{time.monotonic() - began:.0f} s: {total["disks"]} disks, '
        f'formats {", ".join(forms)}, chains to {longest}, '
        f'{mounts} with mounts, devices or servers, '
        f'{total["sweeps"]} sweeps ({total["commands"]} by the command), '
        f'{total["evictions"]} evictions, {total["losses"]} losses'
    )
