"""Reservations: seen by everybody, and never taken for an image."""

import datetime
import unittest

from imagecache_handlers.clocks import Clocks
from imagecache_handlers import NoRoom
from imagecache_handlers import Reservation
from imagecache_handlers import StoreUnavailable
from imagecache_handlers_xenapi.disks import key
from tests.xenapi.pool import Pooled
from xapi_simulator import drop
from xapi_simulator import fail
from xapi_simulator import Scenario

TOMORROW = datetime.timedelta(days=1, minutes=1)


class TestReservations(Pooled, unittest.TestCase):
    scenario = Scenario(srs=2)
    clocks = Clocks()

    def reservation(self, token='me', minutes=10, **other):
        now = self.clocks.now().replace(microsecond=0)
        until = now + datetime.timedelta(minutes=minutes)
        fields = {
            'image_id': 'debian',
            'store': 'storage-0',
            'token': token,
            'size': 10**9,
            'until': until,
        }
        return Reservation(**{**fields, **other})

    def listed(self, store='storage-0', **how):
        return sorted(
            self.connect(**how).reservations(store), key=lambda one: one.token
        )

    def test_others_see_it_until_it_is_given_back(self):
        mine, other = self.reservation(), self.reservation('other')
        handler = self.connect()
        handler.reserve(mine)
        self.connect().reserve(other)
        self.assertEqual([mine, other], self.listed())
        self.assertEqual([], self.listed('storage-1'))
        handler.unreserve(mine)
        handler.unreserve(mine)
        self.assertEqual([other], self.listed())

    def test_a_later_one_replaces_that_of_its_token(self):
        handler = self.connect()
        handler.reserve(self.reservation())
        later = self.reservation(minutes=20, size=5)
        handler.reserve(later)
        self.assertEqual([later], self.listed())
        self.assertEqual(1, len(self.vdis()))

    def test_no_moment_is_without_one(self):
        handler = self.connect()
        handler.reserve(self.reservation())
        seen = []
        self.pool.steering.before(
            'Async.VDI.destroy', lambda *_: seen.extend(self.listed())
        )
        handler.reserve(self.reservation(minutes=20))
        self.assertEqual(2, len(seen))

    def test_it_is_neither_image_nor_debris_until_a_day_has_passed(self):
        handler = self.connect()
        handler.reserve(self.reservation())
        self.assertEqual([], list(handler.enumerate('storage-0')))
        self.assertEqual([], list(handler.debris('storage-0')))
        late = Clocks(now=lambda: self.clocks.now() + TOMORROW)
        then = self.connect(clocks=late)
        self.assertEqual(1, len(self.listed(clocks=late)))
        (debris,) = then.debris('storage-0')
        then.clean(debris)
        self.assertEqual([], self.listed())

    def test_who_dies_half_way_reserves_nothing_and_leaves_debris(self):
        self.pool.steering.before('VDI.add_to_other_config', drop())
        self.pool.steering.before('VDI.add_to_other_config', drop(), 2)
        with self.assertRaises(StoreUnavailable):
            self.connect().reserve(self.reservation())
        self.assertEqual([], self.listed())
        late = Clocks(now=lambda: self.clocks.now() + TOMORROW)
        (debris,) = self.connect(clocks=late).debris('storage-0')
        self.connect(clocks=late).clean(debris)
        self.assertEqual(set(), self.vdis())

    def test_a_full_sr_has_no_room(self):
        full = fail('SR_BACKEND_FAILURE_44', '', 'full', '')
        self.pool.steering.before('VDI.create', full)
        with self.assertRaises(NoRoom):
            self.connect().reserve(self.reservation())

    def test_what_cannot_be_understood_is_passed_over(self):
        handler = self.connect()
        handler.reserve(self.reservation())
        (uuid,) = self.vdis()
        ref = self.ref(uuid)
        config = self.record(ref)['other_config']
        name = key(uuid, 'reserved')
        for text in ('', 'me', 'me x y', f'me -1 {"9" * 20}', '.. 1 2', '¼'):
            with self.subTest(text):
                self.actors.set(
                    'VDI', ref, other_config={**config, name: text}
                )
                self.assertEqual([], self.listed())
        self.actors.set('VDI', ref, other_config={name: config[name]})
        self.assertEqual([], self.listed())

    def test_a_clone_reserves_nothing(self):
        self.connect().reserve(self.reservation())
        (uuid,) = self.vdis()
        self.pool.do('VDI.clone', self.ref(uuid))
        self.assertEqual(1, len(self.listed()))

    def test_a_store_that_cannot_be_read(self):
        with self.host_away():
            handler = self.connect()
            for call in (
                lambda: handler.reserve(self.reservation()),
                lambda: list(handler.reservations('storage-0')),
                lambda: handler.unreserve(self.reservation()),
            ):
                with self.assertRaises(StoreUnavailable):
                    call()
