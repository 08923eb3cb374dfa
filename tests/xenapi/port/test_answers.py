"""Answers that are none: lost, never a no, and never a raw error."""

import io
import json
import unittest
from unittest import mock
import xmlrpc.client

from imagecache_handlers import CacheError
from imagecache_handlers.clocks import Clocks
from imagecache_handlers import ImageMeta
from imagecache_handlers.transport.errors import Unreachable
from imagecache_handlers import Uncertain
from imagecache_handlers_xenapi.port.address import Address
from imagecache_handlers_xenapi.port.errors import ReplyLost
from imagecache_handlers_xenapi.port.errors import XapiFailure
from imagecache_handlers_xenapi.port import raw_import
from imagecache_handlers_xenapi.port.tasks import Tasks
from tests.xenapi.pool import Pooled
from tests.xenapi.pool import Time
from xapi_simulator import reply
from xapi_simulator import Scenario

DESTROY = 'Async.VDI.destroy'
LOGIN = 'session.login_with_password'
FIND = 'VDI.get_all_records_where'


def xml(value):
    """Give the text of an answer over XML-RPC."""
    return xmlrpc.client.dumps(
        (value,), methodresponse=True, allow_none=True
    ).encode()


def success(value):
    return xml({'Status': 'Success', 'Value': value})


def result(value):
    return json.dumps({'jsonrpc': '2.0', 'result': value, 'id': 1}).encode()


def raw(text):
    return f'<methodResponse>{text}</methodResponse>'.encode()


def value(text):
    return raw(f'<params><param><value>{text}</value></param></params>')


NO_XML = [
    b'',
    b'\xff\xfe',
    b'<html>busy</html>',
    b'<methodResponse>',
    raw('<fault><value><int>7</int></value></fault>'),
    raw('<fault></fault>'),
    value('<int>x</int>'),
    value('<boolean>2</boolean>'),
    value('<bigdecimal>x</bigdecimal>'),
    value(
        '<struct><member><value><array><data/></array></value>'
        '<value>1</value></member></struct>'
    ),
    xml('garbage'),
    xml(7),
    xml(None),
    xml([]),
    xml({}),
    xml({'Value': 'x'}),
    xml({'Status': 'Success'}),
    xml({'Status': 'Sucess', 'Value': 'OpaqueRef:1'}),
    xml({'Status': ['Failure'], 'ErrorDescription': ['VDI_IN_USE']}),
    xml({'Status': 'Failure'}),
    xml({'Status': 'Failure', 'ErrorDescription': []}),
    xml({'Status': 'Failure', 'ErrorDescription': 'VDI_IN_USE'}),
    xml({'Status': 'Failure', 'ErrorDescription': {'VDI_IN_USE': 'x'}}),
    xml({'Status': 'Failure', 'ErrorDescription': [7]}),
]

NO_TASK = [
    success(''),
    success(7),
    success(None),
    success({}),
    success(['OpaqueRef:1']),
]

NO_JSON = [
    b'',
    b'\xff\xfe',
    b'{"jsonrpc": "2.0", "result": {',
    b'[' * 100_000,
    b'{"jsonrpc": "2.0"}',
    b'[]',
    b'7',
    b'null',
    b'"text"',
    b'{"error": "VDI_IN_USE"}',
    b'{"error": 7}',
    b'{"error": {}}',
    b'{"error": []}',
    b'{"error": [7]}',
    b'{"error": {"code": 1, "message": 7, "data": []}}',
    b'{"error": {"code": 1, "message": "VDI_IN_USE", "data": 7}}',
    b'{"error": {"code": 1, "message": "VDI_IN_USE", "data": {"a": 1}}}',
]

NO_RECORDS = [
    None,
    '',
    7,
    [],
    ['OpaqueRef:1'],
    {'OpaqueRef:1': 'text'},
    {'OpaqueRef:1': None},
    {'OpaqueRef:1': []},
    {'OpaqueRef:1': {}},
]


class AnswerCase(Pooled, unittest.TestCase):
    srs = ('storage-0',)

    def open(self, *urls):
        port = self.own(*urls)
        self.addCleanup(port.close)
        return port

    def garble(self, method, body, times=2):
        """Answer so the next calls of a method, which are made."""
        self.pool.steering.clear()
        for number in range(1, times + 1):
            self.pool.after(method, reply(body), number)


class TestXml(AnswerCase):
    def test_a_no_that_cannot_be_read_is_none(self):
        port = self.open()
        for body in (*NO_XML, *NO_TASK):
            with self.subTest(body):
                ref = self.cache('debian')
                self.garble(DESTROY, body, 1)
                with self.assertRaises(ReplyLost):
                    port.once(DESTROY, ref)
        calls = self.pool.counters.of(DESTROY)
        self.assertEqual(len(NO_XML) + len(NO_TASK), calls)

    def test_an_eviction_answered_so_is_uncertain(self):
        ref = self.cache('debian')
        handler = self.connect()
        [image] = handler.enumerate('storage-0')
        for body in NO_XML[:1] + NO_XML[-3:]:
            self.pool.steering.clear()
            # Nothing was destroyed, as far as anybody can see.
            self.pool.before(DESTROY, reply(body))
            with self.assertRaises(Uncertain):
                handler.evict(image)
            [busy] = handler.enumerate('storage-0')
            self.assertIn('removal', busy.busy)
        self.assertIn(self.uuid(ref), self.vdis())

    def test_one_that_was_done_all_the_same_is_done(self):
        self.cache('debian')
        handler = self.connect()
        [image] = handler.enumerate('storage-0')
        self.garble(DESTROY, xml('garbage'), 1)
        self.pool.before('VDI.get_uuid', self.wait_until_gone)
        self.assertTrue(handler.evict(image))

    def wait_until_gone(self):
        for task in self.pool.do('task.get_all'):
            Tasks(self.open(), Clocks()).follow(task, DESTROY, 1e9)

    def test_what_may_be_repeated_is(self):
        port = self.open()
        for body in NO_XML:
            with self.subTest(body):
                self.garble('VDI.get_all', body, 1)
                self.assertEqual([], port.call('VDI.get_all'))
                self.garble('VDI.get_all', body)
                with self.assertRaises(ReplyLost):
                    port.call('VDI.get_all')

    def test_an_error_with_a_code_is_xapis(self):
        port = self.open()
        for details in ['NO_SUCH'], ['NO_SUCH', 'a', 'b']:
            body = xml({'Status': 'Failure', 'ErrorDescription': details})
            self.garble('VDI.get_all', body)
            with self.assertRaises(XapiFailure) as caught:
                port.call('VDI.get_all')
            self.assertEqual(tuple(details[1:]), caught.exception.params)

    def test_a_garbled_login_is_none(self):
        for body in (*NO_XML, *NO_TASK):
            with self.subTest(body):
                self.garble(LOGIN, body, 1)
                with self.assertRaises(Unreachable):
                    self.open().login()


class TestJson(AnswerCase):
    def test_one_garbled_answer_is_asked_for_again_in_json(self):
        port = self.open()
        for body in NO_JSON:
            with self.subTest(body[:80]):
                self.garble('VDI.get_all', body, 1)
                self.assertEqual([], port.read('VDI.get_all'))
                self.garble('VDI.get_all', body)
                with self.assertRaises(ReplyLost):
                    port.read('VDI.get_all')
        # An answer that only JSON can be: it was never given up.
        self.garble('VDI.get_all', result(['json']))
        self.assertEqual(['json'], port.read('VDI.get_all'))

    def test_markup_means_that_nobody_speaks_json(self):
        for body in xml('x'), b' <html>no</html>':
            port = self.open()
            self.garble('VDI.get_all', body, 1)
            self.assertEqual([], port.read('VDI.get_all'))
            self.garble('VDI.get_all', success(['xml']))
            self.assertEqual(['xml'], port.read('VDI.get_all'))

    def test_no_such_path_means_it_too(self):
        for status in 404, 405, 501:
            port = self.open()
            self.pool.after('VDI.get_all', reply(b'', status))
            self.assertEqual([], port.read('VDI.get_all'))

    def test_an_error_with_a_code_is_xapis(self):
        port = self.open()
        for error, params in (
            ({'code': 1, 'message': 'NO_SUCH', 'data': ['a']}, ('a',)),
            ({'code': 1, 'message': 'NO_SUCH'}, ()),
            (['NO_SUCH', 'a'], ('a',)),
        ):
            self.garble('VDI.get_all', json.dumps({'error': error}).encode())
            with self.assertRaises(XapiFailure) as caught:
                port.read('VDI.get_all')
            self.assertEqual('NO_SUCH', caught.exception.code)
            self.assertEqual(params, caught.exception.params)


class TestShapes(AnswerCase):
    def test_what_is_no_map_of_records_is_lost(self):
        port = self.open()
        for cls in 'SR', 'PBD', 'VDI', 'VM', 'host', 'pool', 'task':
            for method in 'get_all_records', 'get_all_records_where':
                for value in NO_RECORDS:
                    name = f'{cls}.{method}'
                    params = ['true'] if 'where' in method else []
                    for call, body in (
                        (port.read, result(value)),
                        (port.call, success(value)),
                    ):
                        with self.subTest(f'{name}: {body}'):
                            self.garble(name, body)
                            with self.assertRaises(ReplyLost):
                                call(name, *params)

    def test_every_field_that_is_read_has_its_type(self):
        ref = self.cache('debian')
        record = self.open().read('VDI.get_record', ref)
        self.assertEqual({ref: record}, self.read_as({ref: record}))
        wrong = {
            'uuid': '',
            'VBDs': [7],
            'sm_config': {'vhd-parent': 7},
            'other_config': [],
            'managed': 'true',
            'physical_utilisation': '1e3',
        }
        for field, value in wrong.items():
            without = {k: v for k, v in record.items() if k != field}
            for one in without, {**record, field: value}:
                with self.subTest(field), self.assertRaises(ReplyLost):
                    self.read_as({ref: one})
        for size in 7, -1, '7', '-1':
            self.read_as({ref: {**record, 'physical_utilisation': size}})

    def read_as(self, value):
        self.garble(FIND, result(value))
        return self.open().read(FIND, 'true')

    def test_names_are_texts(self):
        port = self.open()
        ref = self.cache('debian')
        for value in None, '', 7, [], {}:
            self.garble('VDI.get_uuid', success(value))
            with self.assertRaises(ReplyLost):
                port.call('VDI.get_uuid', ref)

    def test_a_task_is_followed_through_garbled_news(self):
        task = self.pool.do('task.create', 'work', '')
        record = self.open().read('task.get_record', task)
        gone = {'operation': 'del'}
        bad = {'operation': 'add', 'snapshot': {**record, 'status': []}}
        tasks = Tasks(self.open(), Time().clocks)
        for batch in (
            'text',
            {},
            {'events': [], 'token': 7},
            {'events': 'text', 'token': '1,1'},
            {'events': ['text'], 'token': '1,1'},
            {'events': [{'snapshot': record}], 'token': '1,1'},
            {'events': [{'operation': 'add'}], 'token': '1,1'},
            {'events': [bad], 'token': '1,1'},
            {'events': [gone], 'token': None},
        ):
            with self.subTest(batch):
                self.garble('event.from', success(batch))
                self.assertFalse(tasks.follow(task, 'work', 0))
        self.actors.set('task', task, status='success')
        self.garble('event.from', success('text'))
        self.assertTrue(tasks.follow(task, 'work', 60))

    def test_whatever_is_garbled_callers_meet_our_errors_only(self):
        """Each call of each of our works, answered with each nonsense."""
        self.cache('debian')
        image = self.connect().enumerate('storage-0')[0]
        for work in (
            lambda handler: handler.stores(),
            lambda handler: handler.enumerate('storage-0'),
            lambda handler: handler.mark(image, {'site.a'}, {'site.b'}),
            lambda handler: handler.debris('storage-0'),
            self.add,
            lambda handler: handler.evict(image),
        ):
            for body in (
                xml('text'),
                success(7),
                result([]),
                b'{"result": 1}',
            ):
                failed = 0
                for number in range(1, 60):
                    handler = self.connect(clocks=Time().clocks)
                    self.pool.steering.clear()
                    for more in range(200):
                        self.pool.after('*', reply(body), number + more)
                    try:
                        work(handler)
                    except CacheError:
                        failed += 1
                    finally:
                        used = self.pool.steering.waiting < 200
                        self.pool.steering.clear()
                    if not used:
                        break
                else:
                    self.fail('this work does not end')
                self.assertGreater(failed, 0)

    def add(self, handler):
        meta = ImageMeta(image_id='other', size=3, disk_format='raw')
        handler.add(meta, io.BytesIO(b'raw'), 'storage-0', {'site.a'})


class TestRedirects(AnswerCase):
    def test_a_host_that_wants_https_is_told_of_with_the_remedy(self):
        for status in 301, 302, 307, 308:
            to = {'Location': 'https://127.0.0.1/RPC2'}
            self.pool.before(LOGIN, reply(b'', status, **to))
            with self.assertRaises(Unreachable) as caught:
                self.open().login()
            self.assertIn('https://127.0.0.1', str(caught.exception))
            self.assertIn('[imagecache_xenapi] url', str(caught.exception))

    def test_another_redirect_is_named_and_not_followed(self):
        to = {'Location': 'http://[fd00::1/x'}
        self.pool.before(LOGIN, reply(b'', 302, **to))
        with self.assertRaises(Unreachable) as caught:
            self.open().login()
        self.assertIn('fd00::1/x', str(caught.exception))

    def test_an_upload_sent_nowhere_is_refused(self):
        for target in 'https://[fd00::1/x', 'https:///x', '', 'https://a b/':
            answer = reply(b'', 302, Location=target)
            self.pool.before('PUT /import_raw_vdi', answer)
            with self.assertRaises(Unreachable):
                raw_import.put(
                    self.open().connect,
                    [Address.parse(self.pool.url)],
                    {},
                    [],
                    0,
                    pool=[],
                )

    def test_a_proxy_of_the_environment_is_not_asked(self):
        names = 'http_proxy', 'https_proxy', 'all_proxy'
        nobody = dict.fromkeys(names, 'http://127.0.0.1:9')
        with mock.patch.dict('os.environ', nobody):
            self.assertEqual(1, len(self.open().call('pool.get_all')))


class TestSeveralHosts(AnswerCase):
    scenario = Scenario(hosts=2)

    def test_a_host_that_garbles_gives_way_to_the_other(self):
        port = self.open(self.pool.url_of(1), self.pool.url_of(0))
        self.garble(LOGIN, xml('text'), 1)
        self.assertEqual(1, len(port.call('pool.get_all')))
