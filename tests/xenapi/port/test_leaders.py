"""Where a password goes: to no stranger, and not in clear."""

import socket
import unittest
from unittest import mock

from imagecache_handlers import ConfigurationError
from imagecache_handlers.transport.errors import Unreachable
from imagecache_handlers_xenapi.port.dialling import ConnectionOptions
from imagecache_handlers_xenapi.port import leaders
from imagecache_handlers_xenapi.port import lent_sessions
from imagecache_handlers_xenapi.port.logins import PasswordLogin
from imagecache_handlers_xenapi.port.session import Session
from tests.xenapi import certificates
from tests.xenapi.pool import Pooled
from tests.xenapi.port.test_session import Counting
from tests.xenapi.port.test_session import LOGIN
from tests.xenapi.port.test_session import PortCase
from xapi_simulator import fail
from xapi_simulator import Scenario


class TestAmong(unittest.TestCase):
    def test_addresses_are_compared_as_such(self):
        for leader, host, same in (
            ('10.0.0.1', '10.0.0.1', True),
            ('10.0.0.1', '10.0.0.2', False),
            ('::1', '0:0:0:0:0:0:0:1', True),
            ('FD00::A', 'fd00::a', True),
            ('fd00::a', 'fd00::b', False),
            ('::ffff:10.0.0.1', '10.0.0.1', True),
            ('10.0.0.1', '::ffff:10.0.0.1', True),
            ('fe80::1%lo', 'fe80::1', True),
        ):
            with self.subTest(leader=leader, host=host):
                self.assertEqual(same, leaders.is_among(leader, [host]))

    def test_a_name_counts_for_all_that_it_stands_for(self):
        self.assertTrue(leaders.is_among('127.0.0.1', ['localhost']))
        self.assertFalse(leaders.is_among('127.0.0.9', ['localhost']))

        def found(host, port, **_):
            if host == 'nobody':
                raise socket.gaierror
            given = {'pool': ['10.0.0.1', '10.0.0.2', 'fd00::2']}[host]
            return [(0, 0, 0, '', (one, 0)) for one in given]

        with mock.patch('socket.getaddrinfo', found):
            for leader in '10.0.0.1', '10.0.0.2', 'fd00::2':
                self.assertTrue(leaders.is_among(leader, ['nobody', 'pool']))
            self.assertFalse(leaders.is_among('10.0.0.3', ['nobody', 'pool']))

    def test_names_are_compared_without_asking_anybody(self):
        with mock.patch('socket.getaddrinfo', side_effect=AssertionError):
            self.assertTrue(leaders.is_among('Xen-1.', ['xen-1']))
            self.assertFalse(leaders.is_among('xen-1.evil', ['xen-1']))


class TestStrangers(PortCase):
    scenario = Scenario(hosts=2)

    def follow(self, *urls, **how):
        logins = PasswordLogin(
            urls, 'root', self.pool.password, self.dialling, **how
        )
        port = Session(logins, self.dialling)
        self.addCleanup(port.close)
        return port

    def test_a_leader_that_nobody_named_gets_no_password(self):
        with self.assertRaises(ConfigurationError) as caught:
            self.follow(self.pool.url_of(1)).login()
        said = str(caught.exception)
        for word in (
            self.pool.url_of(1),
            f'add {self.pool.url_of(0)}',
            '[imagecache_xenapi] url',
            'follow_any = true',
        ):
            self.assertIn(word, said)
        # At the one that was named; the other heard of nothing.
        self.assertEqual(1, self.pool.counters.of(LOGIN))

    def test_it_is_followed_where_any_may_lead(self):
        port = self.follow(self.pool.url_of(1), any_leader=True)
        self.assertEqual(self.pool.url_of(0), str(port.login().address))

    def test_one_that_a_name_stands_for_is_followed(self):
        name = f'http://localhost:{self.pool.port}'
        port = self.follow(self.pool.url_of(1), name)
        self.assertEqual(self.pool.url_of(0), str(port.login().address))
        self.assertEqual(2, self.pool.counters.of(LOGIN))

    def test_another_url_serves_where_one_names_a_stranger(self):
        self.pool.before(LOGIN, fail('HOST_IS_SLAVE', '127.0.0.9'))
        port = self.follow(self.pool.url_of(1), self.pool.url_of(0))
        self.assertEqual(1, len(port.call('pool.get_all')))

    def test_a_stranger_that_is_promoted_is_told_in_a_pass(self):
        port = self.follow(self.pool.url_of(0))
        port.call('pool.get_all')
        self.pool.promote(1)
        with self.assertRaises(ConfigurationError) as caught:
            port.call('pool.get_all')
        self.assertIn(f'add {self.pool.url_of(1)}', str(caught.exception))


class TestClear(PortCase):
    def test_a_password_goes_over_https_unless_told_otherwise(self):
        for url in self.pool.url, 'http://xen-1':
            with self.assertRaises(ConfigurationError) as caught:
                self.open(
                    'https://xen-2', url, dialling=ConnectionOptions(timeout=1)
                )
            for word in url, 'https://', 'insecure = true':
                self.assertIn(word, str(caught.exception))
        self.assertEqual(0, self.pool.counters.calls)

    def test_what_is_lent_is_where_its_lender_says(self):
        import XenAPI

        session = XenAPI.Session(self.pool.url)
        self.addCleanup(session('close'))
        session.login_with_password('root', self.pool.password, '1.0', 'nova')
        dialling = ConnectionOptions(timeout=10)
        for port in (
            lent_sessions.port(session, dialling, self.pool.url),
            lent_sessions.port(Counting(session, self.pool.url), dialling),
        ):
            self.assertEqual(1, len(port.call('pool.get_all')))
            port.close()


class TestTls(Pooled, unittest.TestCase):
    scenario = Scenario(hosts=2)

    def start(self, scenario=None, **how):
        cert, key = certificates.files('subjectAltName=IP:127.0.0.2')
        super().start(scenario, certificate=cert, key=key, **how)

    def test_a_leader_whose_certificate_lacks_its_address_is_told_of(self):
        cert, _ = certificates.files('subjectAltName=IP:127.0.0.2')
        dialling = ConnectionOptions(timeout=10, ca_file=cert)
        port = self.own(
            self.pool.url_of(1), self.pool.url_of(0), dialling=dialling
        )
        with self.assertRaises(Unreachable) as caught:
            port.login()
        for word in (
            f'{self.pool.url_of(1)} says that 127.0.0.1 leads',
            "not valid for '127.0.0.1'",
            'in [imagecache_xenapi] url use a name that it is for',
        ):
            self.assertIn(word, str(caught.exception))
