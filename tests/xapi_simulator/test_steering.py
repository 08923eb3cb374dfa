"""Control: faults and others at exactly one call, counters, and latency."""

import http.client
import socket
import time
import xmlrpc.client

import pytest
import XenAPI

from tests.xapi_simulator.clients import PoolCase
from xapi_simulator import drop
from xapi_simulator import fail
from xapi_simulator import hang
from xapi_simulator import reply
from xapi_simulator import Scenario

pytestmark = pytest.mark.alone

IMAGE = 'c0ffee00-0000-4000-8000-000000000001'
CUT = (http.client.RemoteDisconnected, ConnectionError, OSError)


class TestFaults(PoolCase):
    scenario = Scenario(images=3)

    def setUp(self):
        super().setUp()
        self.one, self.other, self.third = self.xapi.VDI.get_all()

    def test_the_nth_call_fails_and_no_other(self):
        error = 'SR_BACKEND_FAILURE_46', '', 'busy', ''
        self.pool.before('VDI.destroy', fail(*error), 2)
        self.xapi.VDI.destroy(self.one)
        self.assertFails([*error], self.xapi.VDI.destroy, self.other)
        self.xapi.VDI.destroy(self.other)
        self.assertEqual([self.third], self.xapi.VDI.get_all())

    def test_a_fault_before_the_work_prevents_it(self):
        self.pool.before('VDI.destroy', drop())
        with self.assertRaises(CUT):
            self.json().call('VDI.destroy', self.one)
        self.assertIn(self.one, self.xapi.VDI.get_all())

    def test_a_fault_after_the_work_loses_only_the_answer(self):
        self.pool.after('VDI.destroy', drop())
        with self.assertRaises(CUT):
            self.json().call('VDI.destroy', self.one)
        self.assertNotIn(self.one, self.xapi.VDI.get_all())

    def test_another_answer_than_that_of_the_work(self):
        headers = {'Location': 'https://elsewhere/'}
        self.pool.after('VDI.destroy', reply(b'other', 302, **headers))
        connection = http.client.HTTPConnection(
            self.pool.addresses[0], self.pool.port
        )
        self.addCleanup(connection.close)
        call = xmlrpc.client.dumps((self.session, self.one), 'VDI.destroy')
        connection.request('POST', '/RPC2', call)
        answer = connection.getresponse()
        self.assertEqual((302, b'other'), (answer.status, answer.read()))
        self.assertEqual(headers['Location'], answer.getheader('Location'))
        self.assertNotIn(self.one, self.xapi.VDI.get_all())

    def test_an_async_call_has_its_own_name(self):
        self.pool.before('VDI.destroy', fail('INTERNAL_ERROR', 'no'))
        task = self.xapi.Async.VDI.destroy(self.one)
        self.assertEqual('success', self.follow(task)['status'])
        self.assertEqual(1, self.pool.steering.waiting)
        self.pool.after('Async.VDI.destroy', drop())
        with self.assertRaises(CUT):
            self.json().call('Async.VDI.destroy', self.other)
        # Who sent it does not know the task: it is there all the same.
        [task] = self.xapi.task.get_all()
        self.assertEqual('success', self.follow(task)['status'])

    def test_the_real_client_sends_a_lost_call_again_by_itself(self):
        self.pool.after('Async.VDI.destroy', drop())
        self.xapi.Async.VDI.destroy(self.one)
        self.assertEqual(2, self.pool.counters.of('Async.VDI.destroy'))
        ends = sorted(
            self.follow(task)['status'] for task in self.xapi.task.get_all()
        )
        self.assertEqual(['failure', 'success'], ends)

    def test_a_star_is_any_call(self):
        self.pool.before('*', fail('INTERNAL_ERROR', 'here'), 3)
        self.xapi.pool.get_all()
        self.xapi.SR.get_all()
        self.assertFails(['INTERNAL_ERROR', 'here'], self.xapi.VDI.get_all)

    def test_a_star_is_no_point_within_a_call(self):
        seen = []
        self.pool.after('*', lambda: seen.append('here'), 2)
        self.xapi.VDI.clone(self.one)
        self.assertEqual([], seen)
        self.xapi.pool.get_all()
        self.assertEqual(['here'], seen)

    def test_a_hanging_call_keeps_its_caller(self):
        self.pool.before('pool.get_all', hang(0.2))
        client = self.json()
        client._connection.timeout = 0.05
        with self.assertRaises(TimeoutError):
            client.call('pool.get_all')

    def test_what_never_happened_is_cleared(self):
        self.pool.before('VDI.clone', drop())
        self.pool.steering.clear()
        self.assertTrue(self.xapi.VDI.clone(self.one))

    def test_an_upload_can_fail_as_well(self):
        self.pool.before('PUT /import_raw_vdi', drop())
        connection = http.client.HTTPConnection(
            '127.0.0.1', self.pool.port, timeout=30
        )
        self.addCleanup(connection.close)
        with self.assertRaises(CUT):
            connection.request('PUT', '/import_raw_vdi?vdi=a', b'')
            connection.getresponse()

    def test_an_error_that_xapi_does_not_know_cannot_be_asked_for(self):
        with self.assertRaises(ValueError):
            fail('VDI_IS_NOT_MANAGED')


class TestOthers(PoolCase):
    def setUp(self):
        super().setUp()
        self.image = self.pool.actors.cache(IMAGE)
        self.actors = self.pool.actors

    def test_a_spawn_comes_between_two_calls(self):
        made = []
        self.pool.before(
            'VDI.destroy', lambda: made.append(self.actors.spawn(self.image))
        )
        self.xapi.VDI.get_record(self.image)
        self.xapi.VDI.destroy(self.image)
        record = self.xapi.VDI.get_record(made[0])
        self.assertNotIn('image-id', record['other_config'])
        self.assertIn('cached-time', record['other_config'])
        self.assertEqual('', record['name_label'])
        self.assertEqual(1, len(record['VBDs']))

    def test_a_spawn_stops_half_way(self):
        clone = self.actors.clone(self.image)
        marks = self.xapi.VDI.get_other_config(clone)
        self.assertEqual(IMAGE, marks['image-id'])
        self.actors.untag(clone)
        self.assertNotIn('image-id', self.xapi.VDI.get_other_config(clone))

    def test_a_move_takes_all_marks_along(self):
        host = self.pool.world.master
        sr = self.pool.world.add_sr('more', hosts=(host,))
        moved = self.actors.move(self.image, sr)
        record = self.xapi.VDI.get_record(moved)
        self.assertEqual(
            (sr, IMAGE), (record['SR'], record['other_config']['image-id'])
        )
        self.assertNotEqual(self.image, moved)
        self.assertEqual([moved], self.xapi.VDI.get_all())

    def test_an_sr_may_leave(self):
        self.actors.forget_sr(self.pool.actors.default_sr())
        self.assertEqual([], self.xapi.VDI.get_all())
        self.assertEqual([], self.xapi.PBD.get_all())
        self.assertFails(
            ['HANDLE_INVALID', 'SR', self.sr], self.xapi.SR.update, self.sr
        )

    def test_a_machine_ends_with_its_disks(self):
        disk = self.actors.spawn(self.image)
        self.actors.end_disk(disk)
        self.assertNotIn(disk, self.xapi.VDI.get_all())
        self.assertEqual(1, len(self.xapi.VM.get_all()))

    def test_a_corrupt_row_can_be_made(self):
        self.actors.set('VDI', self.image, snapshot_of=self.image)
        self.actors.miss(self.image)
        record = self.xapi.VDI.get_record(self.image)
        self.assertEqual(self.image, record['snapshot_of'])
        self.assertTrue(record['missing'])

    def test_what_others_do_is_not_counted(self):
        self.pool.counters.reset()
        self.actors.spawn(self.image)
        self.assertEqual(0, self.pool.counters.calls)


class TestCounters(PoolCase):
    def test_calls_failures_and_bytes_are_counted_by_method(self):
        self.pool.counters.reset()
        for _ in range(3):
            self.xapi.pool.get_all()
        with self.assertRaises(XenAPI.Failure):
            self.xapi.VDI.get_record('OpaqueRef:no')
        self.json().call('pool.get_all')
        counts = self.pool.counters.by_method
        self.assertEqual({'pool.get_all', 'VDI.get_record'}, set(counts))
        self.assertEqual(4, counts['pool.get_all'].calls)
        self.assertEqual(0, counts['pool.get_all'].failures)
        self.assertEqual(1, counts['VDI.get_record'].failures)
        self.assertGreater(counts['pool.get_all'].received, 400)
        self.assertGreater(counts['pool.get_all'].sent, 400)
        self.assertEqual(5, self.pool.counters.calls)
        self.assertEqual(4, self.pool.counters.of('pool.get_all'))
        self.assertEqual(0, self.pool.counters.of('SR.scan'))

    def test_latency_passes_before_every_call(self):
        self.pool.timing.latency = 0.05
        began = time.monotonic()
        for _ in range(3):
            self.xapi.pool.get_all()
        self.assertGreater(time.monotonic() - began, 0.15)


class TestStop(PoolCase):
    def test_nothing_listens_after_the_end(self):
        self.pool.stop()
        with self.assertRaises(OSError):
            socket.create_connection(('127.0.0.1', self.pool.port), 1)
        with self.assertRaises((OSError, xmlrpc.client.Error)):
            self.xapi.pool.get_all()
