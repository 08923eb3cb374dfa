"""Sessions, roles and pools: who may ask, whom, and for how long."""

import time
import unittest

import pytest
import XenAPI

from tests.xapi_simulator.clients import PoolCase
from tests.xapi_simulator.clients import quick
from xapi_simulator import Scenario
from xapi_simulator import sessions
from xapi_simulator import Simulator
from xapi_simulator import User

pytestmark = pytest.mark.alone

IMAGE = 'c0ffee00-0000-4000-8000-000000000001'


class TestSessions(PoolCase):
    def raw(self, method, *params):
        return self.json('1.0').raw(method, *params)

    def log_in(self, originator='tests', password=None):
        return self.raw(
            'session.login_with_password',
            'root',
            password or self.pool.password,
            '1.0',
            originator,
        )

    def test_a_wrong_password_takes_its_time(self):
        self.pool.timing.wrong_password = 0.2
        began = time.monotonic()
        answer = self.log_in(password='guess')
        self.assertEqual('SESSION_AUTHENTICATION_FAILED', answer['error'][0])
        self.assertGreaterEqual(time.monotonic() - began, 0.2)

    def test_who_is_not_logged_in_hears_of_its_handle(self):
        answer = self.raw('pool.get_all', 'OpaqueRef:no')
        self.assertEqual(['SESSION_INVALID', 'OpaqueRef:no'], answer['error'])

    def test_a_logout_ends_it_for_both_protocols(self):
        client = self.json('1.0')
        client.call('session.logout')
        answer = self.raw('pool.get_all', client.session)
        self.assertEqual(['SESSION_INVALID', client.session], answer['error'])

    def test_the_real_client_logs_in_again_by_itself(self):
        before = self.session
        self.pool.actors.end_sessions()
        self.assertTrue(self.xapi.pool.get_all())
        answer = self.raw('pool.get_all', before)
        self.assertEqual('SESSION_INVALID', answer['error'][0])

    def test_an_idle_session_ends(self):
        self.pool.timing.idle_end = 0.05
        time.sleep(0.1)
        answer = self.raw('pool.get_all', self.session)
        self.assertEqual(['SESSION_INVALID', self.session], answer['error'])

    def test_a_session_in_use_stays_open(self):
        self.pool.timing.idle_end = 2
        for _ in range(5):
            time.sleep(0.5)
            self.assertIsNone(self.raw('pool.get_all', self.session)['error'])

    def test_the_oldest_of_an_originator_gives_way(self):
        for originator, limit in (
            ('many', sessions.LIMIT),
            ('', sessions.NAMELESS_LIMIT),
        ):
            open_ = [
                self.log_in(originator)['result'] for _ in range(limit + 1)
            ]
            first = self.raw('pool.get_all', open_[0])
            self.assertEqual('SESSION_INVALID', first['error'][0])
            for one in open_[1], open_[-1], self.session:
                self.assertIsNone(self.raw('pool.get_all', one)['error'])

    def test_login_may_leave_out_version_and_originator(self):
        answer = self.raw(
            'session.login_with_password', 'root', self.pool.password
        )
        self.assertIsNone(answer['error'])
        record = self.xapi.session.get_record(answer['result'])
        self.assertEqual('', record['originator'])
        self.assertEqual('root', record['auth_user_name'])


class TestRoles(PoolCase):
    scenario = Scenario(images=1)

    def setUp(self):
        roles = 'read-only', 'vm-admin', 'pool-operator'
        self.start(users={role: User('secret', role=role) for role in roles})
        [self.image] = self.xapi.VDI.get_all()

    def denied(self, method, call, *params):
        self.assertFails(
            [
                'RBAC_PERMISSION_DENIED',
                method,
                'No permission in user session',
            ],
            call,
            *params,
        )

    def test_a_reader_reads(self):
        xapi = self.login(name='read-only', password='secret')
        self.assertTrue(xapi.VDI.get_all_records_where('true'))
        self.denied('vdi.destroy', xapi.VDI.destroy, self.image)
        self.denied('vdi.destroy', xapi.Async.VDI.destroy, self.image)
        self.denied(
            'vdi.add_to_other_config',
            xapi.VDI.add_to_other_config,
            self.image,
            'a',
            'b',
        )

    def test_a_vm_admin_destroys_but_updates_no_sr(self):
        xapi = self.login(name='vm-admin', password='secret')
        self.denied('sr.update', xapi.SR.update, self.sr)
        self.denied('sr.scan', xapi.SR.scan, self.sr)
        xapi.VDI.add_to_other_config(self.image, 'a', 'b')
        xapi.VDI.destroy(self.image)

    def test_a_pool_operator_updates_an_sr(self):
        xapi = self.login(name='pool-operator', password='secret')
        xapi.SR.update(self.sr)

    def test_there_is_no_other_role(self):
        with self.assertRaises(ValueError):
            User('a', role='king')


class TestPool(PoolCase):
    scenario = Scenario(hosts=3, srs=3)

    def test_a_slave_names_the_master_without_scheme_and_port(self):
        for number in 1, 2:
            session = XenAPI.Session(self.pool.url_of(number))
            self.addCleanup(session('close'))
            self.assertFails(
                ['HOST_IS_SLAVE', '127.0.0.1'],
                session.login_with_password,
                'root',
                self.pool.password,
            )

    def test_a_slave_answers_no_call_of_a_session_either(self):
        session = XenAPI.Session(self.pool.url_of(1))
        self.addCleanup(session('close'))
        session._session = self.session
        self.assertFails(
            ['HOST_IS_SLAVE', '127.0.0.1'], session.xenapi.pool.get_all
        )

    def test_another_host_may_lead(self):
        self.pool.promote(2)
        self.assertFails(
            ['HOST_IS_SLAVE', '127.0.0.3'], self.xapi.pool.get_all
        )
        self.assertTrue(self.login(2).pool.get_all())

    def test_an_address_of_ipv6_stays_bare(self):
        self.pool.actors.set('host', self.pool.host(2), address='::1')
        self.pool.promote(2)
        self.assertFails(['HOST_IS_SLAVE', '::1'], self.xapi.pool.get_all)
        pool = Simulator(addresses=['::1'], port=8080)
        self.assertEqual('http://[::1]:8080', pool.url)

    def test_nothing_listens_but_on_loopback(self):
        for wrong in ['192.0.2.1'] * 3, ['127.0.0.1']:
            with self.assertRaises(ValueError):
                Simulator(self.scenario, addresses=wrong)

    def test_a_pool_can_be_started_again(self):
        self.pool.stop()
        self.pool.start()
        self.assertTrue(self.login().pool.get_all())

    def test_a_host_may_be_down_and_come_back(self):
        self.pool.fail_host(0)
        with self.assertRaises(OSError):
            self.xapi.pool.get_all()
        with self.assertRaises(ConnectionRefusedError):
            self.login()
        self.pool.heal_host(0)
        self.assertTrue(self.xapi.pool.get_all())

    def test_the_first_sr_is_shared_and_the_default(self):
        pool = self.xapi.pool.get_all()[0]
        self.assertEqual(self.sr, self.xapi.pool.get_default_SR(pool))
        rows = self.xapi.SR.get_all_records()
        self.assertEqual(3, len(rows[self.sr]['PBDs']))
        local = [row for row in rows.values() if not row['shared']]
        self.assertEqual([1, 1], [len(row['PBDs']) for row in local])
        self.assertEqual(
            {'nfs', 'ext', 'lvm'}, {row['type'] for row in rows.values()}
        )


class TestSeed(unittest.TestCase):
    def test_a_seed_gives_the_same_pool_again(self):
        rows = []
        for _ in range(2):
            case = PoolCase()
            case.start(Scenario(images=3, clones=1, seed=7), timing=quick())
            rows.append(sorted(case.xapi.VDI.get_all_records()))
            case.doCleanups()
        self.assertEqual(*rows)
