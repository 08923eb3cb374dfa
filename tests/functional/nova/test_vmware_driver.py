"""Nova's VMware driver, with its image cache managed by ours."""

import time

from tests.functional.nova.driving import OURS
from tests.functional.nova.test_nova import certificate
from tests.functional.nova.test_nova import IMAGES
from tests.functional.nova.test_nova import open_world

# The fixture, by its name.
__all__ = ['certificate']

USED, IDLE, SPAWNED = IMAGES[:3]


def test_what_is_idle_goes_and_what_a_machine_uses_stays(
    certificate, tmp_path
):
    with open_world([USED, IDLE], certificate, tmp_path, driver=OURS) as world:
        machine = world.spawn(1, SPAWNED, vmware_disktype='sparse')
        end = time.monotonic() + 30
        while IDLE in world.list():
            assert time.monotonic() < end
            # The database knows of one, and vCenter of the other.
            world.driver.do('sweep', used=[USED], age=0)
            time.sleep(0.5)
        assert set(world.list()) == {USED, SPAWNED}
        assert machine in world.driver.do('list')
        world.judge()
