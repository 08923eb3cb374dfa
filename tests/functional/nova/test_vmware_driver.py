"""Nova's VMware driver, with its image cache managed by ours."""

import time

import pytest

from tests.functional.nova.driving import OURS
from tests.functional.nova.test_nova import certificate
from tests.functional.nova.test_nova import IMAGES
from tests.functional.nova.test_nova import open_world
from tests.functional.vcenter.ours import BASE
from vcenter_simulator.images import add_image
from vcenter_simulator.images import mark_unused

# The fixture, by its name.
__all__ = ['certificate']

USED, IDLE, SPAWNED, REQUESTED = IMAGES[:4]
DAY = 86400
SPARSE = {'vmware_disktype': 'sparse'}
FLAT = {'vmware_disktype': 'preallocated'}
# Each takes the ten seconds that oslo.vmware sleeps before it tries again.
CALLS = 'RetrievePropertiesEx', 'DeleteVirtualDisk_Task'


@pytest.fixture(scope='module')
def world(certificate, tmp_path_factory):
    """One for all, for Nova starts slowly."""
    place = tmp_path_factory.mktemp('nova')
    with open_world([USED], certificate, place, driver=OURS) as world:
        yield world


def lay_old(world, image):
    """Lay an image that nobody has used for two days."""
    with world.ours.world.lock:
        store = world.ours.estate.stores[0]
        then = time.time() - 2 * DAY
        mark_unused(add_image(store, image, base=BASE, cached_at=then), then)


def sweep(world, age=DAY):
    world.driver.do('sweep', used=[USED], age=age)
    return world.driver.do('report')


def count_logins(world):
    return world.ours.counters.of('Login')


class TestSession:
    """There is one login, which is Nova's, and it is Nova's to renew."""

    def test_sweeps_log_in_nobody(self, world):
        for image in IMAGES[10:13]:
            lay_old(world, image)
            assert sweep(world)['did'] == ['evicted']
        assert count_logins(world) == 1
        assert world.ours.counters.of('Logout') == 0

    def test_one_that_ended_between_two_sweeps_nova_renews(self, world):
        before = count_logins(world)
        world.ours.world.sessions.end_all()
        lay_old(world, IDLE)
        found = sweep(world)
        assert (found['did'], found['problems']) == (['evicted'], {})
        assert count_logins(world) == before + 1
        sweep(world)
        assert count_logins(world) == before + 1

    @pytest.mark.parametrize('call', CALLS)
    def test_one_that_ends_in_a_sweep_nova_renews(self, world, call):
        before = count_logins(world)
        lay_old(world, IDLE)
        world.ours.before(call, world.ours.world.sessions.end_all)
        found = sweep(world)
        assert (found['did'], found['problems']) == (['evicted'], {})
        assert world.list() == [USED]
        assert count_logins(world) == before + 1
        assert world.list(f'{BASE}_evict') == []


def request(world, image, ttl=DAY):
    return world.driver.do(
        'cache', image=image, properties=FLAT, size=1 << 20, ttl=ttl
    )


def test_image_by_request(world):
    assert request(world, REQUESTED) == ['cached', 'existing']
    assert f'{REQUESTED}.vmdk' in world.list(f'{BASE}/{REQUESTED}')
    # No sweep takes it before its first use.
    sweep(world, age=0)
    assert REQUESTED in world.list()
    machine = world.spawn(2, REQUESTED, **FLAT)
    assert machine in world.driver.do('list')


def test_image_by_request_that_nova_would_remove_too_early(world):
    """No lease is to outlast what an unmodified Nova keeps an image for."""
    said = request(world, IMAGES[5], ttl=2 * DAY)
    assert all('outlasts the age at which Nova removes' in one for one in said)
    assert IMAGES[5] not in world.list()


def test_what_the_cache_takes_is_reserved(world):
    size = sweep(world)['size']
    assert size
    assert world.driver.do('reserve', wanted=False) == 0
    before = world.ours.counters.of('SearchDatastoreSubFolders_Task')
    assert world.driver.do('reserve', wanted=True) == -(-size // 2**30)
    assert world.ours.counters.of('SearchDatastoreSubFolders_Task') == before


def test_what_is_idle_goes_and_what_a_machine_uses_stays(world):
    lay_old(world, IDLE)
    machine = world.spawn(1, SPAWNED, **SPARSE)
    # The database knows of one, and vCenter of the other.
    sweep(world)
    left = set(world.list())
    assert {USED, SPAWNED} <= left
    assert IDLE not in left
    assert machine in world.driver.do('list')
    world.judge()
