"""The last look before a disk goes: what it sees, and until when it holds."""

import datetime
import unittest

from imagecache_handlers import ImageBusy
from imagecache_handlers.marks import claim_label
from imagecache_handlers_xenapi.simulator import fail
from imagecache_handlers_xenapi.simulator import Scenario
from tests.xenapi.pool import Pooled
from tests.xenapi.pool import SEEN
from tests.xenapi.pool import Time

FIND = 'VDI.get_all_records_where'
DESTROY = 'Async.VDI.destroy'
TTL = datetime.timedelta(minutes=10)
BUSY = ('SR_BACKEND_FAILURE_46', '', 'not available', '')


class EvictingCase(Pooled, unittest.TestCase):
    scenario = Scenario()
    srs = ('storage-0',)

    def setUp(self):
        super().setUp()
        self.time = Time()
        self.handler = self.connect(clocks=self.time.clocks)

    def claimed(self, ref):
        """Give an image as the claim's owner last saw it."""
        self.label(ref, claim_label('5f0c', self.time.now() + TTL))
        [image] = self.handler.enumerate('storage-0', {'debian'})
        return image

    def shared(self):
        """Cache an image whose base copy was not collected yet."""
        ref = self.cache('debian')
        self.actors.end_disk(self.actors.spawn(ref))
        return ref

    def assertStays(self, image, why=''):
        with self.assertRaises(ImageBusy) as caught:
            self.handler.evict(image)
        self.assertIn(why, str(caught.exception))
        self.assertIn(image.location, self.vdis())


class TestLastLook(EvictingCase):
    def test_a_disk_that_is_no_image_any_more_stays(self):
        ref = self.shared()
        image = self.claimed(ref)
        self.time.passed += 60

        def keep():
            self.actors.untag(ref)
            self.actors.set('VDI', ref, name_label='keep me')

        # Between that disk alone and its SR as a whole.
        self.pool.after(FIND, keep)
        self.assertStays(image, 'no longer')

    def test_a_clone_that_nova_makes_a_disk_of_stays(self):
        source = self.cache('debian', labels=())
        clone = self.actors.clone(source)
        self.label(clone, SEEN)
        self.actors.delete(source)
        image = self.claimed(clone)
        self.time.passed += 60
        self.pool.after(FIND, lambda: self.actors.untag(clone))
        self.assertStays(image)


class TestClaims(EvictingCase):
    def test_a_claim_that_runs_out_keeps_the_image(self):
        image = self.claimed(self.cache('debian'))
        self.time.passed += 545
        self.assertStays(image, 'ran out of time')
        self.assertEqual(0, self.pool.counters.of(DESTROY))

    def test_so_it_does_while_its_sr_is_read(self):
        image = self.claimed(self.shared())
        self.time.passed += 500
        self.pool.after(FIND, lambda: self.time.sleep(60), 2)
        self.assertStays(image, 'ran out of time')

    def test_and_between_two_tries(self):
        image = self.claimed(self.cache('debian'))
        self.time.passed += 538
        self.pool.before(DESTROY, fail(*BUSY))
        self.pool.before(DESTROY, fail(*BUSY), 2)
        self.assertStays(image, 'ran out of time')
        self.assertEqual(2, self.pool.counters.of(DESTROY))

    def test_the_claim_that_ends_first_counts(self):
        ref = self.cache('debian')
        soon = self.time.now() + datetime.timedelta(seconds=50)
        self.label(ref, claim_label('0000', soon))
        self.assertStays(self.claimed(ref), 'ran out of time')

    def test_who_asks_between_two_tries_has_it(self):
        for label in 'pin.ops', 'lease.vm-1.20990101t000000z':
            with self.subTest(label):
                ref = self.cache('debian')
                image = self.claimed(ref)

                def ask(ref=ref, label=label):
                    self.label(ref, label)
                    fail(*BUSY)()

                self.pool.before(DESTROY, ask)
                self.assertStays(image, 'asked for it')
                self.actors.delete(ref)

    def test_all_tries_end_in_time(self):
        image = self.claimed(self.cache('debian'))

        def refuse_late():
            self.time.sleep(119)
            fail(*BUSY)()

        for number in 1, 2, 3, 4:
            self.pool.before(DESTROY, refuse_late, number)
        self.assertStays(image, 'SR_BACKEND_FAILURE_46')
        self.assertLess(self.time.passed, 150)
