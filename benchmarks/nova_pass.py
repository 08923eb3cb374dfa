"""Measure a pass inside of Nova: ours, and Nova's own over the same tree.

It runs where Nova is installed (34), with the driver's manager and Nova's own
objects; libvirt is not asked in a pass.  Each image is used by some disks, so
nothing goes.  Nova's own starts ``qemu-img`` for every disk, which takes long:
``--stock`` says for how many instances that is measured, with a fifth as many
images, and ours over the same.

``loads``: columns that were asked of the database one by one; ``queries``:
what else a pass asks for; ``outside``: percent of the time that is not spent
in calls of the handler that ask its backend, here the file system: those of
``CALLS``.  ``key`` is none of these, nor is reading the columns of instances.
The last row is what importing our driver adds to the start of nova-compute
that has Nova's.

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

from collections.abc import Callable
from collections.abc import Iterator
import functools
import hashlib
import importlib
import json
import os
import pathlib
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from typing import Any
from unittest import mock

from benchmarks.directory import CLUSTER
from benchmarks.directory import overlay
from benchmarks import output

DISKS_EACH = 5
CALLS = (
    *('stores', 'enumerate', 'mark', 'mark_many', 'evict', 'evict_many'),
    *('debris', 'clean', 'recover', 'reservations', 'record_host', 'hosts'),
    *('remarks', 'find_users_beside'),
)
REPEATS = 3
# Of these the one in the middle counts: now and then Python collects garbage
# among all that Nova has, which takes as long as a pass.
PASSES = 9


def name_image(number: int) -> str:
    return f'image-{number:06}'


def name_instance(number: int) -> str:
    return f'00000000-0000-4000-8000-{number:012}'


def build_tree(folder: pathlib.Path, instances: int) -> None:
    """Lay images as Nova does, and disks on them."""
    base = folder / '_base'
    base.mkdir()
    (folder / 'locks').mkdir()
    for number in range(instances):
        image = name_image(number // DISKS_EACH).encode()
        path = base / hashlib.sha1(image, usedforsecurity=False).hexdigest()
        path.write_bytes(b'an image')
        place = folder / name_instance(number)
        place.mkdir()
        with open(place / 'disk', 'wb') as file:
            # Its tables begin with the next clusters, and are empty.
            file.write(overlay(str(path)))
            os.pwrite(file.fileno(), struct.pack('>Q', 2 * CLUSTER), CLUSTER)
            os.pwrite(file.fileno(), struct.pack('>4H', *[1] * 4), 2 * CLUSTER)


class InCalls:
    """Adds up the time that is spent in the calls of a handler."""

    def __init__(self, handler: Any) -> None:
        self.seconds = 0.0
        self._depth = 0
        for name in CALLS:
            setattr(handler, name, self._time(getattr(handler, name)))

    def _time(self, call: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(call)
        def timed(*given: Any, **how: Any) -> Any:
            result = self._add(lambda: call(*given, **how))
            is_lazy = isinstance(result, Iterator)
            return self._draw(result) if is_lazy else result

        return timed

    def _draw(self, results: Iterator[Any]) -> Iterator[Any]:
        end = object()
        while (one := self._add(lambda: next(results, end))) is not end:
            yield one

    def _add(self, call: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        self._depth += 1
        try:
            return call()
        finally:
            self._depth -= 1
            if not self._depth:
                self.seconds += time.perf_counter() - started


class Nova:
    """Nova's options and objects, in a process that has no database."""

    def __init__(self, folder: str) -> None:
        from nova import monkey_patch  # type: ignore[import-not-found]

        monkey_patch.patch('threading')
        import nova.conf
        import nova.objects
        import nova.privsep.path

        self.loads = self.queries = 0
        nova.objects.register_all()
        self.conf = nova.conf.CONF
        self.conf([], project='nova', default_config_files=[])
        self.conf.set_override('instances_path', folder)
        self.conf.set_override('host', 'here')
        mock.patch.multiple(
            nova.objects.BlockDeviceMappingList,
            bdms_by_instance_uuid=self._query,
        ).start()
        mock.patch.object(
            nova.objects.Instance, 'obj_load_attr', self._load
        ).start()
        # Its daemon with more rights is not what is measured.
        mock.patch.object(nova.privsep.path, 'utime', os.utime).start()

    def _query(self, *unused: Any) -> dict[str, Any]:
        self.queries += 1
        return {}

    def _load(self, name: str) -> None:
        self.loads += 1
        raise AssertionError(f'{name} is asked of the database')

    def list_instances(self, count: int) -> Any:
        """Give them as Nova's pass does: with the columns of the table."""
        import nova.objects

        instances = [
            nova.objects.Instance(
                id=number,
                uuid=name_instance(number),
                display_name='vm',
                host='here',
                task_state=None,
                vm_state='active',
                image_ref=name_image(number // DISKS_EACH),
                kernel_id='',
                ramdisk_id='',
            )
            for number in range(count)
        ]
        return nova.objects.InstanceList(objects=instances)


def measure_ours(folder: str, count: int) -> dict[str, float]:
    nova = Nova(folder)
    from nova.virt.libvirt import imagecache  # type: ignore[import-not-found]

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


def measure_import(folder: str, count: int) -> dict[str, float]:
    Nova(folder)
    importlib.import_module('nova.virt.libvirt.driver')
    from imagecache_handlers.frontends.nova import launching

    started = time.perf_counter()
    launching.add_drivers()
    importlib.import_module('nova.virt.imagecache_libvirt')
    return {'seconds': time.perf_counter() - started}


MEASURES = {
    'ours': measure_ours,
    'stock': measure_stock,
    'import': measure_import,
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


def make_import_row() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        taken = [
            run_measure('import', folder, 0)['seconds'] for _ in range(REPEATS)
        ]
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
