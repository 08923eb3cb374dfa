"""Control: faults and others at exactly one call, counters, latency."""

import datetime
import http.client
import threading
import time

import pytest

from tests.vcenter_simulator.clients import ENVELOPE
from tests.vcenter_simulator.clients import one_spec
from tests.vcenter_simulator.clients import ROOT
from tests.vcenter_simulator.clients import SERVICE
from tests.vcenter_simulator.clients import SESSIONS
from tests.vcenter_simulator.clients import VcenterCase
from vcenter_simulator import drop
from vcenter_simulator import fail
from vcenter_simulator import hang
from vcenter_simulator import reply
from vcenter_simulator import unavailable
from vcenter_simulator import VimFault

CUT = http.client.RemoteDisconnected, ConnectionError
CURRENT = (
    '<CurrentTime xmlns="urn:vim25"><_this type="ServiceInstance">'
    'ServiceInstance</_this></CurrentTime>'
)


class TestFaults(VcenterCase):
    def time(self):
        return self.client.call('CurrentTime', SERVICE)

    def test_the_nth_call_fails_and_no_other(self):
        self.vcenter.before('CurrentTime', fail('HostCommunication'), 2)
        self.time()
        self.assertFaults('HostCommunication', self.time)
        self.time()

    def test_a_fault_that_vsphere_has_not_is_refused_at_once(self):
        for kind, fields in (
            ('Nonsense', {}),
            ('FileNotFound', {}),
            ('FileNotFound', {'file': 'a', 'more': 1}),
            ('VirtualDisk', {}),
        ):
            with self.subTest(kind, **fields), self.assertRaises(TypeError):
                fail(kind, **fields)

    def test_a_cut_before_the_work_prevents_it(self):
        self.vcenter.before('Logout', drop())
        with self.assertRaises(CUT):
            self.client.call('Logout', SESSIONS)
        self.time()

    def test_a_cut_after_the_work_loses_only_the_answer(self):
        self.vcenter.after('Logout', drop())
        with self.assertRaises(CUT):
            self.client.call('Logout', SESSIONS)
        self.assertFaults('NotAuthenticated', self.time)

    def test_503_with_a_text_and_without(self):
        for text in '', 'The server is busy':
            with self.subTest(text):
                self.vcenter.before('CurrentTime', unavailable(text))
                answer, data = self.client.request(
                    'POST', '/sdk', ENVELOPE.format(CURRENT)
                )
                self.assertEqual(503, answer.status)
                self.assertEqual(text.encode(), data)
        self.time()

    def test_another_answer_than_that_of_the_work(self):
        self.vcenter.after('CurrentTime', reply(b'other', 302, Location='/x'))
        answer, data = self.client.request(
            'POST', '/sdk', ENVELOPE.format(CURRENT)
        )
        self.assertEqual((302, b'other'), (answer.status, data))
        self.assertEqual('/x', answer.getheader('Location'))

    def test_somebody_else_acts_in_between(self):
        self.vcenter.before(
            'RetrievePropertiesEx',
            lambda: self.world.root.properties.update(name='other'),
        )
        values, _ = self.read(ROOT, 'name')
        self.assertEqual('other', values['name'].text)

    def test_a_star_is_any_call(self):
        self.vcenter.before('*', fail('HostCommunication'), 2)
        self.time()
        self.assertFaults(
            'HostCommunication', self.client.retrieve, one_spec(ROOT)
        )

    def test_a_session_ends_between_two_calls(self):
        self.vcenter.after('CurrentTime', self.world.sessions.end_all)
        self.time()
        self.assertFaults('NotAuthenticated', self.time)

    @pytest.mark.alone
    def test_a_hanging_call_keeps_its_caller_and_nobody_else(self):
        self.vcenter.before('CurrentTime', hang(0.3))
        thread = threading.Thread(target=self.time)
        thread.start()
        other = self.new_client()
        other.log_in()
        other.retrieve(one_spec(ROOT, 'name'))
        self.assertTrue(thread.is_alive())
        thread.join()

    @pytest.mark.alone
    def test_latency_passes_before_every_call(self):
        self.vcenter.timing.latency = 0.1
        start = time.monotonic()
        self.time()
        self.assertGreaterEqual(time.monotonic() - start, 0.1)

    def test_nobody_reaches_it_for_a_while_and_it_remembers_all(self):
        self.time()
        self.vcenter.cut_off()
        with self.assertRaises(OSError):
            self.new_client().log_in()
        self.vcenter.heal()
        other = self.new_client()
        other.cookie = self.client.cookie
        other.call('CurrentTime', SERVICE)

    def test_work_from_inside_is_neither_counted_nor_steered(self):
        self.vcenter.before('CurrentTime', fail('HostCommunication'))
        calls = self.vcenter.counters.calls
        self.assertIsNotNone(self.vcenter.do(SERVICE, 'CurrentTime'))
        self.assertEqual(calls, self.vcenter.counters.calls)
        with self.assertRaises(VimFault):
            self.vcenter.do(SESSIONS, 'TerminateSession', sessionId=('x',))


class TestCounters(VcenterCase):
    def test_calls_failures_and_bytes_by_method(self):
        self.vcenter.counters.reset()
        body = ENVELOPE.format(CURRENT)
        _, data = self.client.request('POST', '/sdk', body)
        self.vcenter.before('CurrentTime', fail('HostCommunication'))
        _, more = self.client.request('POST', '/sdk', body)
        count = self.vcenter.counters.by_method['CurrentTime']
        self.assertEqual((2, 1), (count.calls, count.failures))
        self.assertEqual(2 * len(body), count.received)
        self.assertEqual(len(data) + len(more), count.sent)

    def test_what_is_dropped_is_counted_too(self):
        self.vcenter.before('CurrentTime', drop())
        with self.assertRaises(CUT):
            self.client.call('CurrentTime', SERVICE)
        self.assertEqual(1, self.vcenter.counters.of('CurrentTime'))

    def test_time_is_that_of_the_clock(self):
        self.vcenter.clock.freeze()
        [first] = self.client.call('CurrentTime', SERVICE)
        self.vcenter.clock.advance(600)
        [second] = self.client.call('CurrentTime', SERVICE)
        one, other = (
            datetime.datetime.fromisoformat(each.text)
            for each in (first, second)
        )
        self.assertAlmostEqual(600, (other - one).total_seconds(), delta=0.01)
