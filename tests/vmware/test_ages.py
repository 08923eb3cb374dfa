"""Ages: what Nova's use of an image means for one that had a shield."""

import datetime

from imagecache_handlers import Evidence
from imagecache_handlers import ImageCache
from imagecache_handlers import Rules
from tests.vmware.samples import LONG_AGO
from tests.vmware.samples import ONE
from tests.vmware.vcenter import BASE
from tests.vmware.vcenter import OnVcenter
from tests.vmware.vcenter import STORE


class TestAges(OnVcenter):
    """A pinned, unused image; Nova took its shield; then it was unpinned."""

    def setUp(self):
        super().setUp()
        self.actors.cache(ONE, cached_at=LONG_AGO.timestamp())
        self.actors.age(ONE, LONG_AGO.timestamp())
        cache = self.cache()
        cache.pin(ONE, 'ops')
        cache.sweep(self.ask)  # writes the shield, and moves the age
        assert f'{ONE}/ic-unused.20260101t000000z' in self.base()

    def test_a_use_restarts_the_age(self):
        machine = self.actors.spawn(ONE)  # takes the shield away
        self.cache().unpin(ONE, 'ops')
        for _ in range(2):
            self.cache().sweep(self.ask)
        assert not [one for one in self.base() if 'unused' in one]
        self.actors.end(machine)
        disk = f'[{STORE}] {BASE}/{ONE}/{ONE}.vmdk'
        self.actors.set_deletable(disk, is_deletable=True)
        self.cache().sweep(self.ask)
        assert f'{ONE}/{ONE}.vmdk' in self.base()

    def test_a_use_is_followed_by_a_minimum_age(self):
        machine = self.actors.spawn(ONE)  # takes the shield away
        self.cache().unpin(ONE, 'ops')
        for _ in range(2):
            self.cache().sweep(self.ask)
        self.actors.end(machine)
        disk = f'[{STORE}] {BASE}/{ONE}/{ONE}.vmdk'
        self.actors.set_deletable(disk, is_deletable=True)
        self.cache().sweep(self.ask)
        assert f'{ONE}/{ONE}.vmdk' in self.base()

    def test_a_hold_restarts_the_age(self):
        self.actors.enlist(ONE)
        cache = self.cache()
        cache.unpin(ONE, 'ops')
        assert cache.hold(ONE, 'vm', datetime.timedelta(minutes=20))
        cache.release(ONE, 'vm')
        cache.sweep(self.ask)
        assert f'{ONE}/{ONE}.vmdk' in self.base()

    def test_nova_and_a_reader_see_the_same_age(self):
        """Without a shield Nova starts its own age: the younger counts."""
        self.actors.enlist(ONE)
        self.cache().unpin(ONE, 'ops')
        self.actors.age(ONE, self.vcenter.clock.moment)  # Nova, just now
        self.cache().sweep(self.ask)
        assert f'{ONE}/{ONE}.vmdk' in self.base()

    def cache(self):
        return ImageCache(self.handler(), Rules())

    def ask(self):
        now = datetime.datetime.now(datetime.UTC)
        return Evidence(complete=True, as_of=now)

    def base(self):
        return set(self.actors.tree(f'[{STORE}] {BASE}'))
