"""The port: logins, hosts that lead and go, and what is never sent twice."""

import dataclasses
import gc
import os
import queue
import resource
import ssl
import threading
import time
import types
import unittest
from unittest import mock

import pytest
import XenAPI

from imagecache_handlers.clocks import Clocks
from imagecache_handlers import ConfigurationError
from imagecache_handlers.transport.errors import CallError
from imagecache_handlers.transport.errors import Unreachable
from imagecache_handlers_xenapi.port.address import Address
from imagecache_handlers_xenapi.port.dialling import ConnectionOptions
from imagecache_handlers_xenapi.port.errors import ReplyLost
from imagecache_handlers_xenapi.port.errors import XapiFailure
from imagecache_handlers_xenapi.port import filters
from imagecache_handlers_xenapi.port import lent_sessions
from imagecache_handlers_xenapi.port.logins import ORIGINATOR
from imagecache_handlers_xenapi.port import session
from imagecache_handlers_xenapi.port.tasks import Tasks
from tests.xenapi import bad_servers as bad
from tests.xenapi import certificates
from tests.xenapi.pool import Pooled
from xapi_simulator import drop
from xapi_simulator import fail
from xapi_simulator import hang
from xapi_simulator import reply
from xapi_simulator import Scenario
from xapi_simulator import XapiError

pytestmark = pytest.mark.alone

LOGIN = 'session.login_with_password'
NOBODY = 'http://127.0.0.1:9'


class PortCase(Pooled, unittest.TestCase):
    def open(self, *urls, **how):
        port = self.own(*urls, **how)
        self.addCleanup(port.close)
        return port

    def assertFails(self, code, call, *params):
        with self.assertRaises(XapiFailure) as caught:
            call(*params)
        self.assertEqual(code, caught.exception.code)
        return caught.exception


class TestAddresses(unittest.TestCase):
    def test_urls_are_read(self):
        for url, again in {
            'https://xen-1': 'https://xen-1',
            'https://xen-1:443/': 'https://xen-1',
            'http://xen-1:8080': 'http://xen-1:8080',
            'https://[fd00::1]': 'https://[fd00::1]',
            'https://[fd00::1]:8443': 'https://[fd00::1]:8443',
        }.items():
            self.assertEqual(again, str(Address.parse(url)))

    def test_another_host_is_bracketed_where_it_must_be(self):
        address = Address.parse('https://xen-1:8443')
        for host in 'fd00::1', '[fd00::1]':
            self.assertEqual('https://[fd00::1]:8443', str(address.at(host)))
        self.assertEqual('https://10.0.0.2:8443', str(address.at('10.0.0.2')))

    def test_what_a_hostile_pool_names_is_no_host(self):
        address = Address.parse('https://xen-1')
        for host in '', 'a b', 'a/b', 'a@b', 'a\r\nX: y', '[', 'a:b:c':
            with self.assertRaises(ValueError, msg=host):
                address.at(host)

    def test_what_is_no_url_is_refused(self):
        for url in (
            'xen-1',
            '',
            'ftp://xen-1',
            'https://',
            'https://xen-1:port',
            'https://xen-1/path',
            'https://xen-1?query',
            'https://[fd00::1',
        ):
            with self.assertRaises(ConfigurationError, msg=url):
                Address.parse(url)

    def test_a_password_in_a_url_is_not_repeated(self):
        with self.assertRaises(ConfigurationError) as caught:
            Address.parse('https://root:secret@xen-1')
        self.assertNotIn('secret', str(caught.exception))

    def test_nor_is_one_that_cuts_the_url_in_two(self):
        for url in 'https://root:se/cret@xen-1', 'https://root:se#cret@xen-1':
            with self.assertRaises(ConfigurationError) as caught:
                Address.parse(url)
            self.assertNotIn("'se'", str(caught.exception))


class TestFilters(unittest.TestCase):
    def test_values_are_quoted(self):
        self.assertEqual(
            '(field "SR" = "OpaqueRef:1") and (field "name__label" = "a b")',
            filters.equals(SR='OpaqueRef:1', name__label='a b'),
        )

    def test_what_is_not_to_be_stands_alone(self):
        """For a ``not`` takes all that follows."""
        self.assertEqual(
            'not (field "suspend_VDI" = "OpaqueRef:NULL")',
            filters.differs('suspend_VDI', 'OpaqueRef:NULL'),
        )
        with self.assertRaises(ValueError):
            filters.differs('suspend_VDI', '"')

    def test_what_cannot_be_quoted_is_refused(self):
        for value in '"', 'a" or true or "', 'a\n', '\0':
            with self.assertRaises(ValueError):
                filters.equals(uuid=value)
        with self.assertRaises(ValueError):
            filters.equals(**{'uuid" or "': 'x'})


class TestLogins(PortCase):
    scenario = Scenario(hosts=2)

    def test_a_session_names_its_originator_and_is_logged_out(self):
        port = self.open()
        port.call('pool.get_all')
        ref = port.login().ref
        record = self.pool.do('session.get_record', ref)
        self.assertEqual(ORIGINATOR, record['originator'])
        port.close()
        port.close()
        with self.assertRaises(XapiError):
            self.pool.do('session.get_record', ref)

    def test_nothing_is_opened_before_it_is_needed(self):
        self.open(NOBODY)
        self.assertEqual(0, self.pool.counters.calls)

    def test_a_slave_says_who_leads(self):
        port = self.open(self.pool.url_of(1), self.pool.url_of(0))
        self.assertEqual(1, len(port.call('pool.get_all')))
        self.assertEqual(self.pool.url_of(0), str(port.login().address))

    def test_another_url_serves_where_one_is_dead(self):
        port = self.open(NOBODY, self.pool.url_of(1))
        self.assertEqual(1, len(port.call('pool.get_all')))

    def test_all_dead_urls_are_named(self):
        other = 'http://127.0.0.1:10'
        with self.assertRaises(Unreachable) as caught:
            self.open(NOBODY, other).call('pool.get_all')
        for url in NOBODY, other:
            self.assertIn(url, str(caught.exception))

    def test_a_wrong_password_is_refused_once(self):
        port = self.open(self.pool.url, NOBODY, password='wrong')
        with self.assertRaises(ConfigurationError) as caught:
            port.call('pool.get_all')
        self.assertEqual(1, self.pool.counters.of(LOGIN))
        self.assertNotIn('wrong', str(caught.exception))

    def test_a_host_that_is_starting_gives_way_to_the_other(self):
        for code, params in {
            'INTERNAL_ERROR': ['no database yet'],
            'HOST_STILL_BOOTING': [],
            'HOST_IS_SLAVE': ['not an address'],
        }.items():
            with self.subTest(code):
                self.pool.before(LOGIN, fail(code, *params))
                port = self.open(self.pool.url_of(1), self.pool.url_of(0))
                self.assertEqual(1, len(port.call('pool.get_all')))

    def test_all_hosts_that_refuse_are_named_with_their_reasons(self):
        self.pool.before(LOGIN, fail('HOST_STILL_BOOTING'))
        self.pool.before(LOGIN, fail('INTERNAL_ERROR', 'no database'), 2)
        urls = self.pool.url_of(1), NOBODY, self.pool.url_of(0)
        with self.assertRaises(Unreachable) as caught:
            self.open(*urls).login()
        for word in *urls, 'HOST_STILL_BOOTING', 'no database':
            self.assertIn(word, str(caught.exception))

    def test_a_refused_password_is_tried_at_no_other_host(self):
        # Not after a host that is starting, nor at those behind it.
        self.pool.before(LOGIN, fail('HOST_STILL_BOOTING'))
        urls = [self.pool.url_of(number) for number in (1, 0, 1, 0)]
        with self.assertRaises(ConfigurationError):
            self.open(*urls, password='wrong').call('pool.get_all')
        self.assertEqual(2, self.pool.counters.of(LOGIN))

    def test_an_ended_session_is_opened_once_more(self):
        port = self.open()
        for method in port.call, port.read, port.once:
            method('pool.get_all')
            self.actors.end_sessions()
            method('pool.get_all')
        self.assertEqual(4, self.pool.counters.of(LOGIN))

    def test_a_session_that_ends_again_and_again_is_an_error(self):
        port = self.open()
        port.call('pool.get_all')
        for _ in range(2):
            self.pool.before('pool.get_all', self.actors.end_sessions)
            self.pool.before('pool.get_all', self.actors.end_sessions, 2)
        self.assertFails('SESSION_INVALID', port.call, 'pool.get_all')

    def test_a_promoted_slave_is_followed(self):
        port = self.open()
        for method in port.call, port.read, port.once:
            leads = 1 - self.pool.addresses.index(port.login().address.host)
            self.pool.promote(leads)
            self.assertEqual(1, len(method('pool.get_all')))
            self.assertEqual(
                self.pool.url_of(leads), str(port.login().address)
            )

    def test_a_host_that_died_gives_way_to_the_other(self):
        port = self.open(self.pool.url_of(0), self.pool.url_of(1))
        port.call('pool.get_all')
        self.pool.fail_host(0)
        self.pool.promote(1)
        for method in port.call, port.read:
            self.assertEqual(1, len(method('pool.get_all')))

    def test_a_host_that_came_back_is_found(self):
        port = self.open()
        port.call('pool.get_all')
        with self.host_away(), self.assertRaises(Unreachable):
            port.once('pool.get_all')
        self.assertEqual(1, len(port.once('pool.get_all')))


class Asked:
    """A port that notes for how long events are waited for."""

    may_block = True

    def __init__(self, port, timeout):
        self.timeout = timeout
        self.waits = []
        self._port = port

    def call(self, method, *params):
        if method == 'event.from':
            self.waits.append(params[2])
        return self._port.call(method, *params)


class TestCalls(PortCase):
    def test_a_read_is_repeated_and_what_must_not_be_is_not(self):
        port = self.open()
        port.call('pool.get_all')
        for method, calls in (port.call, 2), (port.read, 2), (port.once, 1):
            for fault in self.pool.before, self.pool.after:
                self.pool.counters.reset()
                fault('VDI.get_all', drop())
                if calls == 1:
                    with self.assertRaises(ReplyLost):
                        method('VDI.get_all')
                else:
                    method('VDI.get_all')
                self.assertEqual(calls, self.pool.counters.of('VDI.get_all'))

    def test_what_must_not_be_late_leaves_in_time_or_never(self):
        port = self.open()
        port.call('pool.get_all')
        for slow in (), (fail('SESSION_INVALID', 'x'),):
            self.pool.counters.reset()
            self.actors.end_sessions()
            for fault in slow:
                self.pool.before('VDI.get_all', fault)
            self.pool.before(LOGIN, hang(1.3))
            with mock.patch.object(session, 'PROMPT', 1):
                with self.assertRaisesRegex(Unreachable, 'too late'):
                    port.once('VDI.get_all')
                self.pool.steering.clear()
                port.once('VDI.get_all')

    def test_a_lost_answer_costs_no_login(self):
        port = self.open()
        port.call('pool.get_all')
        self.pool.after('VDI.get_all', drop())
        port.read('VDI.get_all')
        self.assertEqual(1, self.pool.counters.of(LOGIN))

    def test_once_lost_it_stays_lost_unless_the_call_is_answered(self):
        """The login failing afterwards does not undo what was written."""
        for error in (
            fail('SESSION_INVALID', 'x'),
            fail('HOST_IS_SLAVE', '127.0.0.1'),
            drop(),
        ):
            port = self.open()
            port.call('pool.get_all')
            self.pool.after('VDI.get_all', drop())
            for number in 2, 3:
                self.pool.before('VDI.get_all', error, number)
            with self.assertRaises(ReplyLost):
                port.call('VDI.get_all')
            self.pool.steering.clear()

    def test_nor_does_a_login_that_is_refused_then(self):
        refused = {
            'INTERNAL_ERROR': ('still booting',),
            'SESSION_AUTHENTICATION_FAILED': ('root', 'x'),
        }
        for code, params in refused.items():
            port = self.open()
            port.call('pool.get_all')
            self.pool.after('VDI.get_all', drop())
            self.pool.before('VDI.get_all', fail('SESSION_INVALID', 'x'), 2)
            self.pool.before(LOGIN, fail(code, *params))
            with self.assertRaises(ReplyLost):
                port.call('VDI.get_all')

    def test_a_call_that_is_answered_at_last_is_not_lost(self):
        port = self.open()
        self.pool.after('VDI.get_all', drop())
        self.pool.before('VDI.get_all', fail('INTERNAL_ERROR', 'x'), 2)
        self.assertFails('INTERNAL_ERROR', port.call, 'VDI.get_all')

    def test_a_host_that_dies_in_a_read_gives_way_to_the_other(self):
        self.start(Scenario(hosts=2))
        port = self.open(self.pool.url_of(0), self.pool.url_of(1))
        port.call('pool.get_all')

        def die():
            self.pool.promote(1)
            self.die_answering()

        self.pool.before('VDI.get_all', die)
        self.assertEqual([], port.read('VDI.get_all'))

    def test_a_connection_that_went_cold_is_not_used(self):
        port = self.open()
        port.call('pool.get_all')
        self.pool.fail_host(0)
        self.pool.heal_host(0)
        self.assertEqual(1, len(port.once('pool.get_all')))

    def test_a_process_with_many_open_files_is_served(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        limits = max(soft, min(hard, 2048)), hard
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        self.addCleanup(
            resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard)
        )
        # What earlier tests left would free low numbers in between.
        gc.collect()
        file = 0
        while file < 1024:
            file = os.open(os.devnull, os.O_RDONLY)
            self.addCleanup(os.close, file)
        port = self.open()
        for _ in range(2):
            self.assertEqual(1, len(port.call('pool.get_all')))

    def test_a_task_is_followed_within_a_short_timeout(self):
        self.pool.timing.work['VDI.destroy'] = 5
        port = self.open(dialling=ConnectionOptions(timeout=2, insecure=True))
        tasks = Tasks(port, Clocks())
        task = port.once('Async.VDI.destroy', self.cache('debian'))
        # Nothing is lost, so nothing is asked for again.
        with self.assertNoLogs('imagecache_handlers_xenapi', 'DEBUG'):
            self.assertTrue(
                tasks.follow(task, 'Async.VDI.destroy', time.monotonic() + 60)
            )
        self.assertLessEqual(self.pool.counters.of('event.from'), 8)
        self.assertEqual(0, self.pool.counters.of('task.get_record'))

    def test_news_of_another_task_is_none_of_this_one(self):
        port = self.open()
        task = self.pool.do('task.create', 'work', '')
        for operation in 'mod', 'del':
            event = {
                'operation': operation,
                'ref': 'OpaqueRef:another',
                'snapshot': {'status': 'success', 'error_info': []},
            }
            batch = {'token': '1,1', 'events': [event]}
            self.pool.after('event.from', reply(bad.success(batch)))
            end = time.monotonic() + 0.3
            with self.assertNoLogs('imagecache_handlers_xenapi', 'ERROR'):
                self.assertFalse(Tasks(port, Clocks()).follow(task, 'x', end))

    def test_no_wait_for_events_is_longer_than_half_the_timeout(self):
        port = Asked(self.open(), timeout=0.04)
        task = self.pool.do('task.create', 'work', '')
        for left in 0.0, 0.01, 0.2:
            end = time.monotonic() + left
            Tasks(port, Clocks()).follow(task, 'work', end)
        self.assertLessEqual(max(port.waits), 0.02)
        self.assertTrue(all(wait > 0 for wait in port.waits))

    def test_an_answer_that_does_not_come_is_lost_in_time(self):
        port = self.open(dialling=ConnectionOptions(timeout=1, insecure=True))
        port.call('pool.get_all')
        over = threading.Event()
        self.addCleanup(over.set)
        self.pool.before('VDI.get_all', lambda: over.wait(60))
        began = time.monotonic()
        with self.assertRaises(ReplyLost):
            port.once('VDI.get_all')
        self.assertLess(time.monotonic() - began, 30)

    def test_an_error_names_call_code_and_object(self):
        port = self.open()
        for method in port.call, port.read:
            error = self.assertFails(
                'HANDLE_INVALID', method, 'VDI.get_record', 'OpaqueRef:x'
            )
            self.assertEqual(('VDI', 'OpaqueRef:x'), error.params)
            for word in 'VDI.get_record', 'HANDLE_INVALID', 'OpaqueRef:x':
                self.assertIn(word, str(error))

    def test_both_protocols_tell_the_same(self):
        port = self.open()
        self.cache('debian')
        for method in 'pool.get_all', 'VDI.get_all':
            self.assertEqual(port.read(method), port.call(method))

    def test_a_host_without_json_is_asked_in_xml(self):
        self.start(jsonrpc=False)
        self.cache('debian')
        port = self.open()
        for _ in range(2):
            self.assertEqual(1, len(port.read('VDI.get_all')))

    def test_threads_share_one_login_and_no_connection(self):
        port = self.open()
        failures = []

        def work():
            try:
                for _ in range(30):
                    port.read('pool.get_all')
                    port.call('VDI.get_all')
            except Exception as error:
                failures.append(error)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([], failures)
        self.assertEqual(1, self.pool.counters.of(LOGIN))
        port.close()
        gc.collect()


class TestTls(PortCase):
    def start(self, scenario=None, names=certificates.NAMES, **how):
        certificate, secret = certificates.files(names)
        super().start(scenario, certificate=certificate, key=secret, **how)

    def test_a_certificate_that_is_trusted_serves(self):
        port = self.open(dialling=certificates.dialling())
        self.assertEqual(1, len(port.call('pool.get_all')))

    def test_a_stranger_is_refused_before_the_password_is_sent(self):
        with self.assertRaises(Unreachable) as caught:
            self.open(dialling=ConnectionOptions(timeout=10)).call(
                'pool.get_all'
            )
        self.assertIn('ca_file', str(caught.exception))
        self.assertEqual(0, self.pool.counters.calls)

    def test_another_name_is_refused(self):
        self.start(names='subjectAltName=DNS:elsewhere')
        certificate, _ = certificates.files('subjectAltName=DNS:elsewhere')
        dialling = ConnectionOptions(timeout=10, ca_file=certificate)
        with self.assertRaises(Unreachable) as caught:
            self.open(dialling=dialling).call('pool.get_all')
        self.assertIn('127.0.0.1', str(caught.exception))
        self.assertIn('use a name that it is for', str(caught.exception))
        self.assertNotIn('ca_file', str(caught.exception))

    def test_a_certificate_that_expired_is_to_be_made_anew(self):
        certificate, secret = certificates.expired()
        Pooled.start(self, certificate=certificate, key=secret)
        dialling = ConnectionOptions(timeout=10, ca_file=certificate)
        with self.assertRaises(Unreachable) as caught:
            self.open(dialling=dialling).call('pool.get_all')
        self.assertIn('expired', str(caught.exception))
        self.assertIn('have a new one made', str(caught.exception))
        self.assertNotIn('ca_file', str(caught.exception))

    def test_insecure_takes_anybody(self):
        dialling = ConnectionOptions(timeout=10, insecure=True)
        port = self.open(dialling=dialling)
        self.assertEqual(1, len(port.call('pool.get_all')))

    def test_a_ca_file_that_is_none_is_told(self):
        for file in __file__, '/nowhere':
            dialling = ConnectionOptions(ca_file=file)
            with self.assertRaises(ConfigurationError) as caught:
                self.open(dialling=dialling).call('pool.get_all')
            self.assertIn(file, str(caught.exception))

    def test_plain_text_at_a_port_of_tls_is_no_answer(self):
        url = self.pool.url.replace('https', 'http')
        with self.assertRaises(Unreachable):
            self.open(url).call('pool.get_all')

    def test_defaults_verify(self):
        self.assertFalse(ConnectionOptions().insecure)
        self.assertEqual(
            {'timeout', 'ca_file', 'insecure'},
            {field.name for field in dataclasses.fields(ConnectionOptions)},
        )
        self.assertTrue(ssl.create_default_context().check_hostname)


class Counting:
    """os_xenapi's surface, that counts who calls at once."""

    def __init__(self, session, url):
        self.session = session
        self.master_url = url

    def get_session_id(self):
        return self.session.handle


class TestLent(PortCase):
    def lend(self):
        session = XenAPI.Session(self.pool.url)
        self.addCleanup(session('close'))
        session.login_with_password('root', self.pool.password, '1.0', 'nova')
        return session

    def ports(self):
        session = self.lend()
        yield lent_sessions.port(session, self.dialling, self.pool.url)
        yield lent_sessions.port(
            Counting(session, self.pool.url), self.dialling
        )

    def test_one_call_is_in_flight_and_none_blocks(self):
        for port in self.ports():
            self.assertFalse(port.may_block)
            self.assertEqual(1, self.most_at_once(port))
            port.close()

    def most_at_once(self, port):
        """Call from eight threads; give how many calls were inside."""
        flying, most = [], []

        def enter():
            flying.append(1)
            most.append(len(flying))

        def work():
            for _ in range(5):
                port.read('VDI.get_all')

        for number in range(1, 41):
            self.pool.before('VDI.get_all', enter, number)
            self.pool.after('VDI.get_all', flying.pop, number)
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(40, len(most))
        return max(most)

    def test_the_lender_stays_logged_in(self):
        for port in self.ports():
            port.call('pool.get_all')
            port.close()
        session = port._logins._lent.session
        self.assertEqual(1, len(session.xenapi.pool.get_all()))

    def test_a_login_that_the_lender_renewed_is_taken(self):
        session = self.lend()
        port = lent_sessions.port(
            Counting(session, self.pool.url), self.dialling
        )
        self.addCleanup(port.close)
        port.call('pool.get_all')
        self.actors.end_sessions()
        session.login_with_password('root', self.pool.password, '1.0', 'nova')
        self.assertEqual(1, len(port.call('pool.get_all')))

    def test_errors_are_the_same(self):
        for port in self.ports():
            self.assertFails(
                'HANDLE_INVALID', port.once, 'VDI.get_record', 'OpaqueRef:x'
            )
            self.pool.before('VDI.get_all', drop())
            with self.assertRaises(ReplyLost):
                port.once('VDI.get_all')
            port.close()

    def test_nothing_is_sent_twice_that_must_not_be(self):
        for port in self.ports():
            self.pool.counters.reset()
            self.pool.after('VDI.get_all', drop())
            with self.assertRaises(ReplyLost):
                port.once('VDI.get_all')
            self.assertEqual(1, self.pool.counters.of('VDI.get_all'))
            port.close()

    def test_a_plain_session_needs_the_url(self):
        with self.assertRaises(ConfigurationError) as caught:
            lent_sessions.port(self.lend(), self.dialling)
        self.assertIn('[imagecache_xenapi] url', str(caught.exception))

    def test_what_a_lender_fails_with_is_our_error(self):
        for error, kind in (
            (XenAPI.Failure(['SESSION_INVALID', 'x']), XapiFailure),
            (
                XenAPI.Failure('Unable to log in (is the disk full?)'),
                Unreachable,
            ),
            (XenAPI.Failure([]), Unreachable),
            (ConnectionResetError(), Unreachable),
            (queue.Empty(), Unreachable),
            (TypeError("'NoneType' object is not callable"), Unreachable),
        ):
            with mock.patch.object(
                Counting, 'get_session_id', side_effect=error
            ):
                lender = Counting(None, self.pool.url)
                port = lent_sessions.port(lender, self.dialling)
                with self.assertRaises(kind):
                    port.call('pool.get_all')

    def test_a_lender_that_is_not_logged_in_is_away(self):
        for ref in None, '', 'None', 7:
            session = XenAPI.Session(self.pool.url)
            session._session = ref
            for port in (
                lent_sessions.port(session, self.dialling, self.pool.url),
                lent_sessions.port(
                    Counting(session, self.pool.url), self.dialling
                ),
            ):
                with self.assertRaises(Unreachable) as caught:
                    port.call('pool.get_all')
                self.assertIn('not logged in', str(caught.exception))
        self.assertEqual(0, self.pool.counters.calls)

    def test_what_a_lender_has_of_its_own_to_raise_is_ours(self):
        class Failure(Exception):
            details = ('SESSION_INVALID', 'x')

        class Lender(Counting):
            XenAPI = types.SimpleNamespace(Failure=Failure)

            def get_session_id(self):
                raise Failure

        lender = Lender(XenAPI.Session(self.pool.url), self.pool.url)
        with self.assertRaises(CallError):
            lent_sessions.port(lender, self.dialling).call('pool.get_all')

    def test_a_lender_that_is_nowhere_is_away(self):
        session = self.lend()
        for url in None, '', 7, 'xen-1', 'https://[fd00::1':
            port = lent_sessions.port(Counting(session, url), self.dialling)
            with self.assertRaises(Unreachable) as caught:
                port.call('pool.get_all')
            self.assertIn('a lent session', str(caught.exception))

    def test_what_is_no_session_is_refused(self):
        with self.assertRaises(ConfigurationError):
            lent_sessions.port(object(), self.dialling)
