"""Reservations: seen by everybody, and never taken for an image."""

import datetime

from imagecache_handlers.clocks import Clocks
from imagecache_handlers import NoRoom
from imagecache_handlers import Reservation
from imagecache_handlers import StoreUnavailable
from imagecache_handlers_vmware.handler import VMwareHandler
from tests.vmware.vcenter import BASE
from tests.vmware.vcenter import OnVcenter
from tests.vmware.vcenter import STORE
from vcenter_simulator import drop
from vcenter_simulator import fail
from vcenter_simulator import Scenario

NOW = datetime.datetime(2026, 11, 30, 12, tzinfo=datetime.UTC)
COMING = f'[{STORE}] {BASE}_coming'


class TestReservations(OnVcenter):
    def reservation(self, token='me', minutes=10, **other):
        fields = {
            'image_id': 'debian.12',
            'store': STORE,
            'token': token,
            'size': 10**9,
            'until': NOW + datetime.timedelta(minutes=minutes),
        }
        return Reservation(**{**fields, **other})

    def at(self, now=NOW):
        made = self.handler()
        clocks = Clocks(now=lambda: now)
        return VMwareHandler(made._session, made._looks.options, clocks)

    def listed(self, store=STORE, now=NOW):
        found = self.at(now).reservations(store)
        return sorted(found, key=lambda one: (one.token, one.until))

    def test_others_see_it_until_it_is_given_back(self):
        self.start(Scenario(datastores=2))
        mine, other = self.reservation(), self.reservation('other')
        handler = self.at()
        handler.reserve(mine)
        self.at().reserve(other)
        self.assertEqual([mine, other], self.listed())
        self.assertEqual([], self.listed('datastore-1'))
        handler.unreserve(mine)
        handler.unreserve(mine)
        self.assertEqual([other], self.listed())

    def test_a_later_one_replaces_that_of_its_token(self):
        handler = self.at()
        handler.reserve(self.reservation())
        handler.reserve(self.reservation())
        later = self.reservation(minutes=20, size=5)
        handler.reserve(later)
        self.assertEqual([later], self.listed())

    def test_no_moment_is_without_one(self):
        handler = self.at()
        handler.reserve(self.reservation())
        seen = []
        self.vcenter.before(
            'DeleteDatastoreFile_Task', lambda: seen.extend(self.listed())
        )
        handler.reserve(self.reservation(minutes=20))
        self.assertEqual(2, len(seen))

    def test_it_is_no_image(self):
        self.at().reserve(self.reservation())
        self.assertEqual([], list(self.at().enumerate(STORE)))

    def test_what_expired_is_listed_for_a_day(self):
        self.at().reserve(self.reservation())
        day = datetime.timedelta(days=1)
        self.assertEqual(1, len(self.listed(now=NOW + day)))
        late = NOW + day + datetime.timedelta(minutes=11)
        self.assertEqual([], self.listed(now=late))
        self.assertEqual({}, self.actors.tree(COMING))

    def test_what_is_none_is_passed_over_and_stays(self):
        self.at().reserve(self.reservation())
        strange = (
            'x',
            'debian.1.me',
            'debian.x.20260101t000000z.me',
            'debian.-1.20260101t000000z.me',
            'debian.1.20269901t000000z.me',
            'debian.1.20260101t000000z.-',
            '-.1.20260101t000000z.me',
        )
        for name in strange:
            self.actors.make_folder(f'{COMING}/{name}')
        full = 'debian.1.20260101t000000z.full'
        self.actors.make_folder(f'{COMING}/{full}')
        self.actors.write_file(f'{COMING}/{full}/a', b'x')
        self.assertEqual([self.reservation()], self.listed())
        self.at().unreserve(self.reservation())
        self.assertLessEqual({*strange, full}, set(self.actors.tree(COMING)))

    def test_a_full_datastore_has_no_room(self):
        full = fail('NoDiskSpace', file='x', datastore=STORE)
        self.vcenter.before('MakeDirectory', full)
        with self.assertRaises(NoRoom):
            self.at().reserve(self.reservation())

    def test_a_store_that_cannot_be_read(self):
        handler = self.at()
        handler.reserve(self.reservation())
        with self.failing('SearchDatastoreSubFolders_Task', drop()):
            for call in (
                lambda: handler.reserve(self.reservation()),
                lambda: list(handler.reservations(STORE)),
                lambda: handler.unreserve(self.reservation()),
            ):
                with self.assertRaises(StoreUnavailable):
                    call()
