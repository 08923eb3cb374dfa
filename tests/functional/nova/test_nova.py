"""Nova 34, unmodified: its cache manager and spawn, by its own calls."""

import contextlib
import uuid

import pytest

from tests.functional.nova.driving import driving
from tests.functional.vcenter import ours as simulated
from tests.functional.vcenter.recorder import make_certificate
from tests.functional.vcenter.recorder import Recorder
from tests.functional.vcenter.validity import find_invalid
from tests.functional.vcenter.validity import RELEASES

IMAGES = [str(uuid.UUID(int=number)) for number in range(1, 101)]
BASE = simulated.BASE
DAY = 86400
# Where Nova uploads images to: it takes a host's name for its address.
HOSTS = 'localhost', '127.0.0.1'


class World:
    """A vCenter of ours, Nova's driver, and what they say to each other."""

    def __init__(self, ours, recorder, driver):
        self.ours = ours
        self.recorder = recorder
        self.driver = driver

    def count(self, order, **arguments):
        """Have something done, and tell how many calls it took."""
        self.recorder.forget()
        self.driver.do(order, **arguments)
        self.judge()
        return sum(self.recorder.count_calls().values())

    def judge(self):
        for release in RELEASES:
            assert find_invalid(self.recorder.exchanges, release) == []

    def spawn(self, number, image, **properties):
        spawned = self.driver.do(
            'spawn',
            number=number,
            image=image,
            properties=properties,
            size=1 << 20,
        )
        self.judge()
        return spawned

    def list(self, path=BASE):
        return simulated.list_folder(self.ours, path)


@pytest.fixture(scope='module')
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp('certificate'))


@contextlib.contextmanager
def open_world(images, certificate, place, **how):
    with (
        simulated.serving(images, hosts=HOSTS, datastores=1) as ours,
        Recorder(ours.port, certificate) as recorder,
        driving(
            place,
            port=recorder.port,
            user=simulated.USER,
            password=simulated.PASSWORD,
            cluster=simulated.CLUSTER,
            certificate=certificate,
            **how,
        ) as driver,
    ):
        world = World(ours, recorder, driver)
        # What it said when it logged in must be valid as well.
        world.judge()
        yield world


@pytest.fixture
def aged(request, certificate, tmp_path):
    """One with images, for a test alone: some calls are made only once."""
    with open_world(request.param, certificate, tmp_path) as world:
        yield world


@pytest.fixture(scope='module')
def world(certificate, tmp_path_factory):
    """One without any, for all others: Nova starts slowly."""
    place = tmp_path_factory.mktemp('nova')
    with open_world([], certificate, place) as world:
        yield world


class TestAgeing:
    """The calls that the same passes took before a foreign simulator."""

    @pytest.mark.parametrize(
        ('aged', 'count'),
        # Two sizes, for that it grows by so much an image: 2506, 2006 and
        # 3006 are what a thousand take, and took there.
        [(IMAGES[:count], count) for count in (20, 100)],
        indirect=['aged'],
    )
    def test_images_of_which_half_are_used(self, aged, count):
        used = IMAGES[: count // 2]
        # Two of them once: what datacenters there are, and the browser.
        first = 2 + 6 + count * 5 // 2
        assert aged.count('sweep', used=used, age=DAY) == first
        assert aged.count('sweep', used=used, age=DAY) == 6 + count * 2
        assert aged.count('sweep', used=used, age=0) == 6 + count * 3
        assert aged.list() == sorted(used)

    @pytest.mark.parametrize('aged', [IMAGES[:100]], indirect=True)
    def test_hundred_images_that_nobody_uses(self, aged):
        assert aged.count('sweep', used=[], age=DAY) == 306
        assert aged.count('sweep', used=[], age=DAY) == 204
        assert aged.count('sweep', used=[], age=0) == 404
        assert aged.list() == []

    @pytest.mark.parametrize('aged', [IMAGES[:2]], indirect=True)
    def test_use_takes_the_mark_away(self, aged):
        aged.driver.do('sweep', used=[], age=DAY)
        [mark] = [
            name
            for name in aged.list(f'{BASE}/{IMAGES[0]}')
            if name.startswith('ts-')
        ]
        aged.driver.do('sweep', used=IMAGES[:1], age=DAY)
        assert mark not in aged.list(f'{BASE}/{IMAGES[0]}')


class TestSpawning:
    """A download, three ways; then what lies there is used."""

    def test_cached_image_is_used_by_linked_clones(self, world):
        image = IMAGES[0]
        first = world.spawn(1, image, vmware_disktype='sparse')
        names = {f'{image}.vmdk', f'{image}-flat.vmdk'}
        sized = {f'{image}.1.vmdk', f'{image}.1-flat.vmdk'}
        assert set(world.list(f'{BASE}/{image}')) == names | sized
        assert world.list('vmware_temp') == []
        second = world.spawn(2, image, vmware_disktype='sparse')
        assert {first, second} <= set(world.driver.do('list'))
        world.driver.do('destroy', number=1, image=image)
        assert first not in world.driver.do('list')
        world.judge()

    def test_iso_is_attached(self, world):
        image = IMAGES[1]
        world.spawn(3, image, disk_format='iso')
        assert world.list(f'{BASE}/{image}') == [f'{image}.iso']

    def test_stream_is_imported(self, world):
        image = IMAGES[2]
        world.spawn(4, image, vmware_disktype='streamOptimized')
        assert f'{image}.vmdk' in world.list(f'{BASE}/{image}')

    def test_flat_image_is_refused_for_half_kilobytes(self, world):
        """Nova sends ``1024.0`` where the schemas want an integer."""
        reply = world.driver.ask(
            'spawn',
            number=5,
            image=IMAGES[3],
            properties={'vmware_disktype': 'preallocated'},
            size=1 << 20,
        )
        assert "Invalid value '1024.0' for capacityKb" in reply['error']
        world.judge()
