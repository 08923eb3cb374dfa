"""Nova 34, its own pass and libvirt driver: with our cache, and as it is."""

import contextlib
import os
import pathlib
import re
import shutil
import time
import uuid

import pytest

from tests.directory.disks import create
from tests.directory.disks import qemu
from tests.directory.place import sha1
from tests.functional.nova.driving import driving_libvirt

README = pathlib.Path(__file__).parents[3] / 'README.rst'
# As the README tells to begin with it; and what it goes back to.
[OURS] = re.findall(r'compute_driver = ([\w.]+)', README.read_text())
STOCK = 'libvirt.LibvirtDriver'
# One that Nova's own tests have in their image service.
IMAGE = '155d900f-4e14-4e4c-a73d-069cbf4541e6'
# One that no instance is of.
REQUESTED = str(uuid.UUID(int=7))
DAY = 86400
MIB = 2**20


class World:
    """The folder of a host's instances, and Nova at work on it."""

    def __init__(self, instances, nova):
        self.instances = instances
        self.base = instances / '_base'
        self.base.mkdir(exist_ok=True)
        self.nova = nova

    def lay(self, name, age=5 * DAY, size=MIB):
        """Lay a file among the images that was touched so long ago."""
        path = self.base / name
        with open(path, 'wb') as file:
            file.truncate(size)
        then = time.time() - age
        os.utime(path, (then, then))
        return path

    def lay_disk(self, backing, name='disk', owner=None):
        """Lay a disk on it, of an instance that may be in no database."""
        owner = owner or str(uuid.uuid4())
        folder = self.instances / owner
        folder.mkdir(exist_ok=True)
        create(folder / name, backing)
        return folder / name

    def clear(self):
        """Begin anew: no image, no disk, and nothing is old yet."""
        for path in self.instances.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        self.base.mkdir()
        self.set_age(DAY)

    def read_labels(self, path):
        """Give what is written beside an image."""
        return path.with_name(f'.{path.name}.imagecache').read_text()

    def sweep(self):
        return self.nova.do('sweep')

    def sweep_until_gone(self, name):
        """Ages are in whole seconds: it goes in the next one."""
        end = time.monotonic() + 30
        while name in self.names():
            assert time.monotonic() < end
            assert self.sweep()['loads'] == []
            time.sleep(0.5)

    def set_age(self, seconds):
        self.nova.do(
            'set',
            group='image_cache',
            name='remove_unused_original_minimum_age_seconds',
            value=seconds,
        )

    def names(self):
        """Name what lies there, but for what is written beside images."""
        names = os.listdir(self.base)
        return {name for name in names if not name.startswith('.')}


@contextlib.contextmanager
def open_world(driver, place, **how):
    place.mkdir(exist_ok=True)
    with driving_libvirt(driver, place, **how) as nova:
        yield World(place, nova)


@pytest.fixture(
    scope='module', params=[False, True], ids=['threads', 'eventlet']
)
def host(request, tmp_path_factory):
    """One for several tests, for Nova starts slowly."""
    place = tmp_path_factory.mktemp('host')
    with open_world(OURS, place, eventlet=request.param) as world:
        yield world


@pytest.fixture
def world(host):
    host.clear()
    return host


def lay_what_nova_knows_nothing_of(world):
    """Lay images, and a blank disk, that only disks tell to be in use."""
    rescued = world.lay(sha1('rescued'))
    disk = world.lay_disk(rescued)
    blank = world.lay('swap_512')
    world.lay_disk(blank, 'disk.swap', disk.parent.name)
    old = world.lay(f'{sha1("old")}_sm')
    world.lay_disk(old)
    return {one.name for one in (rescued, blank, old)}


def test_what_an_unknown_disk_uses_stays(world):
    kept = lay_what_nova_knows_nothing_of(world)
    booted = world.lay(sha1(IMAGE))
    world.lay_disk(booted, owner=world.nova.do('boot', image=IMAGE))
    world.lay(sha1('idle'))
    for name in 'swap_1024', 'ephemeral_1_40d1d2c', f'{sha1("gone")}_sm':
        world.lay(name)
    world.lay(f'{sha1("dead")}.part')
    young = world.lay(f'{sha1("coming")}.part', age=DAY / 2).name
    assert world.nova.do('capable')
    # Its age begins when it is seen without users first.
    world.set_age(0)
    first = world.sweep()
    assert first['loads'] == []
    assert world.names() == {*kept, booted.name, sha1('idle'), young}
    world.sweep_until_gone(sha1('idle'))
    assert world.names() == {*kept, booted.name, young}
    for path in world.instances.glob('*/disk*'):
        qemu('check', path)


def test_a_record_of_hosts_that_is_garbage_costs_no_image(world):
    """By it Nova tells whose instances to list: then those of none but us."""
    kept = lay_what_nova_knows_nothing_of(world)
    record = world.instances / 'compute_nodes'
    world.set_age(0)
    record.write_text('{"compute1": 17')
    world.sweep()
    assert 'compute1' in record.read_text()
    # That is JSON, and Nova's pass ends there.
    record.write_text('[]')
    assert 'error' in world.nova.ask('sweep')
    assert world.names() == kept


def test_stock_nova_removes_what_such_a_disk_uses(tmp_path):
    """What the test above would see without us."""
    with open_world(STOCK, tmp_path) as world:
        lost = lay_what_nova_knows_nothing_of(world)
        world.sweep()
        assert not lost & world.names()


def test_nothing_is_lost_on_the_way_back_and_forth(tmp_path):
    sidecar = tmp_path / '_base' / f'.{sha1("idle")}.imagecache'
    with open_world(OURS, tmp_path) as world:
        used = world.lay(sha1(IMAGE))
        owner = world.nova.do('boot', image=IMAGE)
        # It was held meanwhile, and is not any more.
        labels = world.read_labels(used)
        assert 'hits.1' in labels
        assert 'lease' not in labels
        assert world.nova.do('read_again') == [owner]
        world.lay_disk(used, owner=owner)
        world.lay(sha1('idle'), age=60)
        world.sweep()
        written = sidecar.read_bytes()
    with open_world(STOCK, tmp_path) as world:
        world.nova.do('boot', image=IMAGE)
        world.sweep()
        assert world.names() == {used.name, sha1('idle')}
    with open_world(OURS, tmp_path) as world:
        world.sweep()
        # Its age goes on where it was.
        assert sidecar.read_bytes() == written


def test_image_is_cached_by_request(world):
    said = world.nova.do('cache', image=REQUESTED, size=100_000)
    assert said == ['cached', 'existing', 1]
    path = world.base / sha1(REQUESTED)
    assert path.stat().st_size == 100_000
    # Whoever asks again renews the time that Nova goes by.
    os.utime(path, (0, 0))
    said = world.nova.do('cache', image=REQUESTED, size=1)
    assert said == ['existing', 'existing', 0]
    assert time.time() - path.stat().st_mtime < DAY
    blocks = path.stat().st_blocks * 512
    assert world.nova.do('usage') >= blocks
    # It is leased: no sweep takes it before its first use.
    world.set_age(0)
    world.sweep()
    world.sweep()
    assert path.exists()


def test_image_is_cached_by_request_on_two_hosts_of_one_folder(tmp_path):
    with open_world(OURS, tmp_path) as world:
        fetched = world.nova.do('precache', image=IMAGE, size=100_000)
        # Who comes second finds it there.
        assert sorted(fetched) == [0, 1]
        assert world.names() == {sha1(IMAGE)}
        assert (world.base / sha1(IMAGE)).stat().st_size == 100_000
        assert world.nova.do('notified') == ['imagecache.sweep.end']


COUNT = 50


def count_pass(driver, place):
    """Tell what a pass costs with an instance for each of many images."""
    with open_world(driver, place) as world:
        owners = [str(uuid.uuid4()) for _ in range(COUNT)]
        for number, owner in enumerate(owners):
            world.lay_disk(world.lay(sha1(str(number))), owner=owner)
        world.nova.do('know', uuids=owners, image=IMAGE)
        # The first one loads what it works with.
        world.sweep()
        return world.sweep()


@pytest.mark.alone
def test_pass_asks_no_more_than_novas_own(tmp_path):
    ours = count_pass(OURS, tmp_path / 'ours')
    stock = count_pass(STOCK, tmp_path / 'stock')
    assert ours['loads'] == stock['loads'] == []
    assert ours['queries'] <= stock['queries']
    # Columns are found where Nova's objects have them.
    assert ours['asked'] == 0
    ratio = stock['seconds'] / ours['seconds']
    print(f'stock Nova {stock["seconds"]:.2f} s, {ratio:.0f} times ours')
