"""A wrong answer is no lost one: what is wrong with it is told, once."""

from imagecache_handlers_xenapi.port.errors import ReplyLost
from imagecache_handlers_xenapi.port.errors import WrongAnswer
from tests.xenapi.port.test_answers import AnswerCase
from tests.xenapi.port.test_answers import FIND
from tests.xenapi.port.test_answers import raw
from tests.xenapi.port.test_answers import result
from tests.xenapi.port.test_answers import success
from xapi_simulator import drop

PACKAGE = 'imagecache_handlers_xenapi'
TASK = 'task.get_record'


class WrongCase(AnswerCase):
    def wrong(self, method, body, *params, call=None):
        """Give the error of a call that is answered so."""
        port = self.open()
        self.garble(method, body)
        with self.assertRaises(WrongAnswer) as caught:
            (call or type(port).call)(port, method, *params)
        return str(caught.exception)


class TestWords(WrongCase):
    def test_a_field_that_lacks_is_named_with_call_and_address(self):
        task = self.pool.do('task.create', 'work', '')
        record = self.open().call(TASK, task)
        del record['error_info']
        self.assertEqual(
            f'{TASK} at {self.pool.url}: no field error_info in the answer',
            self.wrong(TASK, success(record), task),
        )

    def test_a_field_of_another_type_is_named_with_what_it_should_be(self):
        self.cache('debian')
        records = self.open().read(FIND, 'true')
        for field, value, words in (
            ('uuid', '', 'not text, or it is empty'),
            ('VBDs', [7], 'not a list of texts'),
            ('sm_config', {'a': 7}, 'not a map of texts'),
            ('managed', 'true', 'not true or false'),
            ('physical_utilisation', '1e3', 'not a whole number'),
        ):
            said = self.wrong(
                FIND,
                result(
                    {ref: {**records[ref], field: value} for ref in records}
                ),
                'true',
                call=lambda port, *call: port.read(*call),
            )
            self.assertIn(f'field {field} of a record is {words}', said)

    def test_what_is_no_answer_at_all_is_told(self):
        for body, words in (
            (b'<html>busy</html>', 'the answer is not XML-RPC'),
            (success(7), 'the answer is not a list of texts'),
            (success(None), 'the answer is not a list of texts'),
            (raw('<fault></fault>'), 'the answer is not XML-RPC'),
        ):
            said = self.wrong('SR.get_VDIs', body, self.sr)
            self.assertTrue(said.endswith(words), said)

    def test_news_of_a_task_are_told_of_by_what_they_lack(self):
        for batch, words in (
            ({}, 'no token in the answer'),
            ({'token': '1,1'}, 'no list of events in the answer'),
            (
                {'token': '1,1', 'events': [{'operation': 'add'}]},
                'the record of an event is not a record',
            ),
            (
                {
                    'token': '1,1',
                    'events': [
                        {'operation': 'mod', 'snapshot': {'status': 'failed'}}
                    ],
                },
                'no field error_info in the record of an event',
            ),
        ):
            said = self.wrong(
                'event.from', success(batch), ['task/x'], '', 0.05
            )
            self.assertTrue(said.endswith(words), said)


class TestWarnings(WrongCase):
    def test_each_kind_is_warned_of_once(self):
        port = self.open()
        self.garble('VDI.get_uuid', success(7), 6)
        with self.assertLogs(PACKAGE, 'WARNING') as logs:
            for _ in range(3):
                with self.assertRaises(WrongAnswer):
                    port.call('VDI.get_uuid', 'OpaqueRef:x')
        [line] = logs.output
        for words in 'VDI.get_uuid', self.pool.url, 'the answer is not text':
            self.assertIn(words, line)

    def test_another_kind_is_warned_of_too(self):
        port = self.open()
        with self.assertLogs(PACKAGE, 'WARNING') as logs:
            for body in success(7), b'<html>busy</html>':
                self.garble('VDI.get_uuid', body)
                with self.assertRaises(WrongAnswer):
                    port.call('VDI.get_uuid', 'OpaqueRef:x')
        self.assertEqual(2, len(logs.output))

    def test_a_lost_answer_is_no_wrong_one(self):
        port = self.open()
        for number in 1, 2:
            self.pool.after('VDI.get_all', drop(), number)
        with (
            self.assertNoLogs(PACKAGE, 'WARNING'),
            self.assertRaises(ReplyLost) as caught,
        ):
            port.call('VDI.get_all')
        self.assertNotIsInstance(caught.exception, WrongAnswer)
