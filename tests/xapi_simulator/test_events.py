"""Events: whole dumps, tokens, waiting, and what is lost without a word."""

import threading
import time

import pytest

from tests.xapi_simulator.clients import JsonFailure
from tests.xapi_simulator.clients import PoolCase
from xapi_simulator.records import DELETIONS
from xapi_simulator import Scenario

pytestmark = pytest.mark.alone

IMAGE = 'c0ffee00-0000-4000-8000-000000000001'


class TestEvents(PoolCase):
    scenario = Scenario(images=3)

    def ask(self, *classes, token='', timeout=0.0):
        batch = getattr(self.xapi.event, 'from')(list(classes), token, timeout)
        self.token = batch['token']
        self.counts = batch['valid_ref_counts']
        return [
            (event['operation'], event['class'], event['ref'])
            for event in batch['events']
        ]

    def next(self, *classes, timeout=0.0):
        return self.ask(*classes, token=self.token, timeout=timeout)

    def test_an_empty_token_dumps_everything_as_new(self):
        vdis = self.xapi.VDI.get_all()
        self.assertCountEqual(
            [('add', 'vdi', vdi) for vdi in vdis], self.ask('VDI')
        )
        self.assertEqual([], self.next('vdi'))

    def test_a_token_is_two_numbers_of_twenty_digits(self):
        self.ask('vdi')
        self.assertRegex(self.token, r'^\d{20},\d{20}$')
        for wrong in 'no', '1', '1,2,3', 'a,b', '-1,0':
            self.assertFails(
                ['EVENT_FROM_TOKEN_PARSE_FAILURE', wrong],
                getattr(self.xapi.event, 'from'),
                ['vdi'],
                wrong,
                0.0,
            )

    def test_changes_carry_the_whole_object_deletions_nothing(self):
        one, other, _ = self.xapi.VDI.get_all()
        self.ask('vdi')
        self.xapi.VDI.set_name_label(one, 'new')
        self.pool.actors.delete(other)
        batch = getattr(self.xapi.event, 'from')(['vdi'], self.token, 0.0)
        changed, gone = batch['events']
        self.assertEqual('mod', changed['operation'])
        self.assertEqual(self.xapi.VDI.get_record(one), changed['snapshot'])
        self.assertEqual(('del', other), (gone['operation'], gone['ref']))
        self.assertNotIn('snapshot', gone)

    def test_what_is_new_is_added_once_whatever_befell_it(self):
        self.ask('vdi')
        new = self.pool.actors.cache(IMAGE)
        self.assertEqual([('add', 'vdi', new)], self.next('vdi'))
        self.xapi.VDI.set_name_label(new, 'other')
        self.assertEqual([('mod', 'vdi', new)], self.next('vdi'))

    def test_the_same_again_is_no_change(self):
        [one, *_] = self.xapi.VDI.get_all()
        self.xapi.SR.scan(self.sr)
        self.ask('vdi', 'sr')
        self.xapi.VDI.set_name_label(one, self.xapi.VDI.get_name_label(one))
        self.assertEqual([], self.next('vdi', 'sr'))
        # A scan shows itself in the SR, and touches no disk.
        self.xapi.SR.scan(self.sr)
        self.assertEqual([('mod', 'sr', self.sr)], self.next('vdi', 'sr'))

    def test_what_came_and_went_is_not_told(self):
        self.ask('vdi')
        self.pool.actors.delete(self.pool.actors.disk('short'))
        self.assertEqual([], self.next('vdi'))

    def test_one_object_can_be_watched(self):
        one, other, _ = self.xapi.VDI.get_all()
        watched = f'vdi/{one}'
        self.assertEqual([('add', 'vdi', one)], self.ask(watched))
        self.xapi.VDI.set_name_label(other, 'new')
        self.assertEqual([], self.next(watched))
        self.xapi.VDI.set_name_label(one, 'new')
        self.assertEqual([('mod', 'vdi', one)], self.next(watched))

    def test_a_star_is_every_class_but_sessions(self):
        classes = {cls for _, cls, _ in self.ask('*')}
        self.assertEqual({'vdi', 'sr', 'pbd', 'vm', 'host', 'pool'}, classes)

    def test_it_waits_and_wakes(self):
        self.ask('vdi')
        [one, *_] = self.xapi.VDI.get_all()
        timer = threading.Timer(
            0.1, self.pool.do, ('VDI.set_name_label', one, 'new')
        )
        began = time.monotonic()
        timer.start()
        self.addCleanup(timer.join)
        self.assertEqual([('mod', 'vdi', one)], self.next('vdi', timeout=60.0))
        self.assertLess(0.1, time.monotonic() - began)
        self.assertGreater(30, time.monotonic() - began)

    def test_it_is_silent_until_its_time_is_over(self):
        self.ask('vdi')
        began = time.monotonic()
        # Something else changes meanwhile: no reason to answer.
        self.pool.do('task.create', 'a', 'b')
        self.assertEqual([], self.next('vdi', timeout=0.2))
        self.assertGreaterEqual(time.monotonic() - began, 0.2)

    def test_changes_that_come_together_are_told_together(self):
        self.ask('vdi')
        vdis = self.xapi.VDI.get_all()
        self.pool.timing.event_batch = 2

        def change():
            for vdi in vdis:
                self.pool.do('VDI.set_name_label', vdi, 'new')
                time.sleep(0.01)

        timer = threading.Timer(0.05, change)
        timer.start()
        self.addCleanup(timer.join)
        self.assertEqual(3, len(self.next('vdi', timeout=60.0)))

    def test_operations_are_changes_too(self):
        self.ask('vdi', 'sr')
        [one, *_] = self.xapi.VDI.get_all()
        self.pool.do('VDI.resize', one, 2**40)
        told = self.next('vdi', 'sr')
        self.assertEqual(
            {('mod', 'vdi', one), ('mod', 'sr', self.sr)}, set(told)
        )

    def test_old_deletions_are_lost_and_only_the_count_tells(self):
        gone = [self.pool.actors.disk('x') for _ in range(2 * DELETIONS)]
        self.ask('vdi')
        local = self.counts['vdi']
        for vdi in gone:
            self.pool.actors.delete(vdi)
        told = self.next('vdi')
        self.assertEqual(
            [('del', 'vdi', vdi) for vdi in gone[DELETIONS:]], told
        )
        self.assertNotEqual(local - len(told), self.counts['vdi'])
        self.assertEqual(3, self.counts['vdi'])

    def test_a_logout_ends_the_waiting(self):
        self.ask('vdi')
        timer = threading.Timer(0.1, self.pool.actors.end_sessions)
        timer.start()
        self.addCleanup(timer.join)
        answer = self.json().raw(
            'event.from', self.session, ['vdi'], self.token, 5.0
        )
        self.assertEqual('SESSION_INVALID', answer['error']['message'])

    def test_an_injected_event_is_seen_with_the_token_of_before(self):
        token = self.xapi.event.inject('SR', self.sr)
        self.assertEqual([('mod', 'sr', self.sr)], self.ask('sr', token=token))

    def test_a_topic_that_is_none_is_told(self):
        for wrong in '', 'vdi/':
            with self.assertRaises(JsonFailure) as caught:
                self.json('1.0').call('event.from', [wrong], '', 0.0)
            self.assertEqual(
                ['EVENT_SUBSCRIPTION_PARSE_FAILURE', wrong],
                caught.exception.error,
            )
