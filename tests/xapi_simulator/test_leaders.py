"""Another host leads, another certificate is shown, and hosts are away."""

import http.client
import ssl

import XenAPI

from tests.xapi_simulator.clients import certificate
from tests.xapi_simulator.clients import PoolCase
from xapi_simulator import Scenario

IMAGE = 'c0ffee00-0000-4000-8000-000000000001'


class TestLeaders(PoolCase):
    scenario = Scenario(hosts=2, images=1)

    def test_another_host_is_told_to_lead(self):
        self.xapi.pool.designate_new_master(self.pool.host(1))
        slave = ['HOST_IS_SLAVE', '127.0.0.2']
        self.assertFails(slave, self.xapi.VDI.get_all)
        self.assertEqual(1, len(self.login(1).VDI.get_all()))

    def test_all_sessions_end_with_it(self):
        before = self.session
        self.pool.promote(1)
        self.login(1)
        self.pool.promote(0)
        answer = self.json('1.0').raw('pool.get_all', before)
        self.assertEqual(['SESSION_INVALID', before], answer['error'])

    def test_it_may_happen_within_a_call(self):
        self.pool.after('VDI.get_all', lambda: self.pool.promote(1))
        self.assertEqual(1, len(self.xapi.VDI.get_all()))
        self.assertCode('HOST_IS_SLAVE', self.xapi.VDI.get_all)

    def test_who_leads_already_goes_on(self):
        self.xapi.pool.designate_new_master(self.pool.host(0))
        self.assertEqual(1, len(self.xapi.VDI.get_all()))

    def test_who_cannot_lead(self):
        nobody = ['HANDLE_INVALID', 'host', 'OpaqueRef:no']
        designate = self.xapi.pool.designate_new_master
        self.assertFails(nobody, designate, 'OpaqueRef:no')
        host = self.pool.host(1)
        self.pool.fail_host(1)
        self.assertFails(['CANNOT_CONTACT_HOST', host], designate, host)
        self.pool.heal_host(1)
        self.pool.actors.set('pool', self.pool.world.pool, ha_enabled=True)
        self.assertFails(['HA_IS_ENABLED'], designate, host)


class TestAway(PoolCase):
    """The second SR is plugged into the second host alone."""

    scenario = Scenario(hosts=2, srs=2, images=2)

    def setUp(self):
        super().setUp()
        [self.local] = [
            ref
            for ref, row in self.xapi.SR.get_all_records().items()
            if not row['shared']
        ]
        [self.image] = self.xapi.SR.get_VDIs(self.local)
        self.host = self.pool.host(1)
        self.pool.fail_host(1)
        self.away = ['CANNOT_CONTACT_HOST', self.host]

    def calls(self):
        x = self.xapi
        record = {
            'SR': self.local,
            'virtual_size': '1',
            'type': 'user',
            'sharable': False,
            'read_only': False,
            'other_config': {},
        }
        return (
            (x.VDI.destroy, self.image),
            (x.VDI.clone, self.image),
            (x.VDI.snapshot, self.image),
            (x.VDI.resize, self.image, '1'),
            (x.VDI.enable_cbt, self.image),
            (x.VDI.create, record),
            (x.SR.scan, self.local),
            (x.SR.update, self.local),
        )

    def test_storage_work_cannot_be_handed_to_it(self):
        for call, *args in self.calls():
            self.assertFails(self.away, call, *args)
        task = self.follow(self.xapi.Async.VDI.destroy(self.image))
        self.assertEqual(
            ('failure', self.away), (task['status'], task['error_info'])
        )
        self.assertEqual({}, self.xapi.VDI.get_current_operations(self.image))

    def test_later_it_is_known_to_be_down(self):
        self.pool.timing.assumed_dead = 0
        offline = ['HOST_OFFLINE', self.host]
        self.assertFails(offline, self.xapi.VDI.destroy, self.image)

    def test_what_is_in_the_database_is_answered(self):
        self.assertTrue(self.xapi.VDI.get_record(self.image))

    def test_a_shared_sr_is_the_leaders_to_work_on(self):
        [image] = self.xapi.SR.get_VDIs(self.sr)
        self.xapi.VDI.destroy(image)

    def test_it_comes_back(self):
        self.pool.heal_host(1)
        self.xapi.VDI.destroy(self.image)


class TestCertificates(PoolCase):
    @classmethod
    def setUpClass(cls):
        cls.old, cls.new = certificate(cls), certificate(cls)

    def start(self, scenario=None, **how):
        cert, key = self.old
        super().start(scenario, certificate=cert, key=key, **how)

    def login(self, number=0, name='root', password=None):
        session = XenAPI.Session(self.pool.url, ignore_ssl=True)
        self.addCleanup(session('close'))
        session.login_with_password('root', self.pool.password)
        return session.xenapi

    def ask(self, trusted):
        context = ssl.create_default_context(cafile=trusted[0])
        connection = http.client.HTTPSConnection(
            '127.0.0.1', self.pool.port, context=context, timeout=10
        )
        self.addCleanup(connection.close)
        connection.request('GET', '/')
        return connection.getresponse().status

    def test_another_one_is_shown_from_now_on(self):
        self.assertEqual(404, self.ask(self.old))
        self.pool.present(*self.new)
        self.assertEqual(404, self.ask(self.new))
        with self.assertRaises(ssl.SSLCertVerificationError):
            self.ask(self.old)

    def test_who_is_connected_stays_so(self):
        self.xapi.pool.get_all()
        self.pool.present(*self.new)
        self.pool.counters.reset()
        self.xapi.pool.get_all()
        self.assertEqual(1, self.pool.counters.calls)

    def test_a_host_that_comes_back_shows_it_too(self):
        self.pool.present(*self.new)
        self.pool.fail_host(0)
        self.pool.heal_host(0)
        self.assertEqual(404, self.ask(self.new))
