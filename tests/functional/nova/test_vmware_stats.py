"""What Nova's VMware driver tells of a vCenter with several datastores."""

from tests.functional.nova.driving import OURS
from tests.functional.nova.test_nova import certificate
from tests.functional.nova.test_nova import DAY
from tests.functional.nova.test_nova import IMAGES
from tests.functional.nova.test_nova import open_world

# The fixture, by its name.
__all__ = ['certificate']

CACHED, OTHER, SPAWNED = ALL = IMAGES[:3]


def test_only_what_is_where_nova_would_boot_now(certificate, tmp_path):
    with open_world([CACHED], certificate, tmp_path, driver=OURS) as world:

        def told():
            return world.driver.do('told', images=ALL)

        def look():
            world.driver.do('sweep', used=ALL, age=DAY)

        before = world.count('told', images=ALL)
        assert told() is None
        look()
        assert told() == [True, False, False]
        # Nova asks vCenter each minute; nothing is asked beside that.
        assert world.count('told', images=ALL) == before
        operators = world.ours.actors
        operators.add_store('larger', capacity=2**42)
        assert told() is None
        look()
        assert told() == [False, False, False]
        world.spawn(1, SPAWNED, vmware_disktype='sparse')
        assert told() == [False, False, True]
        operators.reach('larger', is_accessible=False)
        assert told() == [True, False, False]
        world.judge()
