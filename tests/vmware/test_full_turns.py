"""A full datastore: whatever comes between two calls, no promise breaks."""

import datetime

import pytest

from imagecache_handlers import Rules
from tests.vmware.samples import ONE
from tests.vmware.vcenter import BASE
from tests.vmware.vcenter import STORE
from tests.vmware.world import World

# What comes between two calls of a sweep, and before which of them.
DEEDS = 'enlist', 'spawn', 'spawn_off', 'hold', 'pin', 'sweep', 'room', 'die'
POINTS = (
    ('MakeDirectory', 2),
    ('SearchDatastoreSubFolders_Task', 6),
    ('RetrievePropertiesEx', 9),
    ('MoveDatastoreFile_Task', 2),
    ('DeleteVirtualDisk_Task', 1),
    ('DeleteDatastoreFile_Task', 1),
)


class FullWorld(World):
    """Two hosts and Nova on a datastore without room for a folder."""

    patience = datetime.timedelta(seconds=2)

    def begin(self, image):
        self.fetch(image)
        self.mark_old(image)
        self.actors.make_folder(f'[{STORE}] {BASE}_evict')
        self.advance(1)
        self.fill(is_full=True)

    def fill(self, *, is_full):
        """Let it have no room for a folder of anybody, or have it again."""
        store = self.actors.store(STORE)
        store.entry_limit = store.entry_count if is_full else 10**7

    def do(self, host, deed):
        other = self.hosts[1]
        match deed:
            case 'enlist' if self.folder(ONE):
                self.actors.enlist(ONE)
            case 'spawn' | 'spawn_off':
                self.make_room()
                self.spawn(ONE, starts=deed == 'spawn')
            case 'hold' | 'pin':
                self.make_room()
                getattr(self, deed)(other, ONE, 'vm-1', [])
            case 'sweep':
                self.sweep(other, [])
            case 'room':
                self.make_room()
            case 'die':
                host.fault('die')

    def make_room(self):
        self.fill(is_full=False)


@pytest.mark.long
@pytest.mark.parametrize('deed', DEEDS)
def test_no_promise_breaks_between_two_calls(deed):
    evicted = 0
    for method, count in POINTS:
        for nth in range(count):
            # Only who dies leaves it open whether the call was made.
            for after in {False, deed == 'die'}:
                evicted += run_round(deed, (method, nth, after))
    assert evicted


def run_round(deed, point):
    """Have one thing come at one call of a sweep; the next one ends all."""
    rules = Rules(min_age=datetime.timedelta(minutes=1))
    world = FullWorld(rules, batch=1, skew=5)
    try:
        world.begin(ONE)
        first = world.hosts[0]
        world.sweep(first, [(*point, lambda: world.do(first, deed))])
        world.check()
        world.advance(4000)
        for _ in range(2):
            world.sweep(first, [])
            world.check()
            world.advance(4000)
        if not world.pins and not world.needed:
            assert world.folder(ONE) is None, (deed, point)
        return world.tally['evicted']
    finally:
        world.close()
