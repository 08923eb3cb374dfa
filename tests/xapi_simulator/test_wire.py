"""What goes over the sockets: two protocols, one session, TLS, and limits."""

import contextlib
import http.client
import json
import socket
import ssl
import subprocess
import sys
import time
import unittest
import xmlrpc.client

import XenAPI

from tests.xapi_simulator.clients import certificate
from tests.xapi_simulator.clients import JsonFailure
from tests.xapi_simulator.clients import PoolCase
from tests.xapi_simulator.clients import quick
from xapi_simulator.connection import BODY_LIMIT
from xapi_simulator import Scenario
from xapi_simulator import Simulator

IMAGE = 'c0ffee00-0000-4000-8000-000000000001'
NONE = 'OpaqueRef:none'


class TestProtocols(PoolCase):
    def test_an_integer_is_text_in_xml_and_a_number_in_json(self):
        image = self.pool.actors.cache(IMAGE)
        size = self.xapi.VDI.get_virtual_size(image)
        self.assertEqual(str(10 * 2**30), size)
        for version in '1.0', '2.0':
            size = self.json(version).call('VDI.get_virtual_size', image)
            self.assertEqual(10 * 2**30, size)

    def test_a_time_is_a_type_in_xml_and_text_in_json(self):
        image = self.pool.actors.cache(IMAGE)
        then = self.xapi.VDI.get_snapshot_time(image)
        self.assertIsInstance(then, xmlrpc.client.DateTime)
        self.assertEqual('19700101T00:00:00Z', then.value)
        then = self.json().call('VDI.get_snapshot_time', image)
        self.assertEqual('19700101T00:00:00Z', then)

    def test_void_is_an_empty_text(self):
        image = self.pool.actors.cache(IMAGE)
        self.assertEqual('', self.xapi.VDI.set_name_label(image, 'a'))
        void = self.json().call('VDI.set_name_label', image, 'b')
        self.assertEqual('', void)

    def test_both_protocols_tell_the_same_record(self):
        image = self.pool.actors.cache(IMAGE)
        one = self.xapi.VDI.get_record(image)
        other = self.json().call('VDI.get_record', image)
        self.assertEqual(set(one), set(other))
        for name in 'virtual_size', 'physical_utilisation':
            one[name] = int(one[name])
        one['snapshot_time'] = one['snapshot_time'].value
        self.assertEqual(one, other)

    def test_a_failure_in_xml_is_an_envelope(self):
        proxy = xmlrpc.client.ServerProxy(self.pool.url)
        with contextlib.closing(proxy('transport')):
            answer = proxy.VDI.get_record(self.session, NONE)
        self.assertEqual(
            {
                'Status': 'Failure',
                'ErrorDescription': ['HANDLE_INVALID', 'VDI', NONE],
            },
            answer,
        )

    def test_a_failure_in_json_is_an_object_or_a_list(self):
        with self.assertRaises(JsonFailure) as caught:
            self.json().call('VDI.get_record', NONE)
        self.assertEqual(
            {'code': 1, 'message': 'HANDLE_INVALID', 'data': ['VDI', NONE]},
            caught.exception.error,
        )
        with self.assertRaises(JsonFailure) as caught:
            self.json('1.0').call('VDI.get_record', NONE)
        self.assertEqual(
            ['HANDLE_INVALID', 'VDI', NONE], caught.exception.error
        )

    def test_one_session_serves_both(self):
        session = self.json().raw(
            'session.login_with_password',
            'root',
            self.pool.password,
            '1.0',
            'json',
        )['result']
        proxy = xmlrpc.client.ServerProxy(f'{self.pool.url}/RPC2')
        with contextlib.closing(proxy('transport')):
            answer = proxy.pool.get_all(session)
        self.assertEqual('Success', answer['Status'])

    def test_texts_survive_both(self):
        image = self.pool.actors.cache(IMAGE)
        for text in '<&>"\'', 'ünï 🙂', ' \t\r\n ', ']]>':
            self.json().call('VDI.set_name_description', image, text)
            one = self.json().call('VDI.get_name_description', image)
            self.assertEqual(text, one)
            other = self.xapi.VDI.get_name_description(image)
            # XML itself makes one line end of two.
            self.assertEqual(text.replace('\r\n', '\n'), other)

    def test_a_connection_is_kept(self):
        client = self.json()
        client.call('pool.get_all')
        before = client._connection.sock
        client.call('pool.get_all')
        self.assertIs(before, client._connection.sock)

    def test_an_unknown_call_and_a_wrong_count_are_told(self):
        self.assertFails(
            ['MESSAGE_METHOD_UNKNOWN', 'VDI.vanish'], self.xapi.VDI.vanish
        )
        self.assertFails(
            ['MESSAGE_METHOD_UNKNOWN', 'Async.VDI.get_record'],
            self.xapi.Async.VDI.get_record,
            NONE,
        )
        self.assertFails(
            ['MESSAGE_PARAMETER_COUNT_MISMATCH', 'VDI.get_record', '2', '1'],
            self.xapi.VDI.get_record,
        )


class TestLimits(PoolCase):
    def ask(self, body, path='/', headers=()):
        connection = http.client.HTTPConnection(
            '127.0.0.1', self.pool.port, timeout=10
        )
        with contextlib.closing(connection):
            connection.request('POST', path, body, dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.read()

    def test_a_body_has_a_limit(self):
        self.assertEqual(413, self.ask(b'a' * (BODY_LIMIT + 1))[0])
        self.assertEqual(500, self.ask(b'a' * BODY_LIMIT)[0])

    def test_what_is_no_call_is_an_error_and_never_the_end(self):
        for path, body in (
            ('/', b''),
            ('/', b'<methodCall>'),
            ('/', b'\xff\xfe'),
            ('/RPC2', b'<methodCall><methodName>a</methodName></methodCall'),
            ('/jsonrpc', b'{}'),
            ('/jsonrpc', b'[]'),
            ('/jsonrpc', b'[' * 100000),
            ('/jsonrpc', b'{"method":"a","params":{},"id":1}'),
            ('/jsonrpc', b'{"method":"a","params":[],"id":null}'),
        ):
            with self.subTest(path=path, body=body[:60]):
                self.assertEqual(500, self.ask(body, path)[0])
        self.assertEqual(404, self.ask(b'', '/elsewhere')[0])
        self.assertTrue(self.xapi.pool.get_all())

    def test_half_a_request_hurts_nobody(self):
        for text in b'', b'\r\n\r\n', b'POST / HTTP/1.1\r\nContent-Length: 9':
            with socket.create_connection(
                ('127.0.0.1', self.pool.port)
            ) as half:
                half.sendall(text)
        self.assertTrue(self.xapi.pool.get_all())

    def test_parameters_of_other_types_are_told_by_name(self):
        image = self.pool.actors.cache(IMAGE)
        for call, params, name in (
            ('VDI.get_record', [1], 'self'),
            ('VDI.set_read_only', [image, 'true'], 'value'),
            ('VDI.resize', [image, 'much'], 'size'),
            ('VDI.resize', [image, True], 'size'),
            ('VDI.set_other_config', [image, ['a']], 'value'),
            ('VDI.set_tags', [image, {'a': 'b'}], 'value'),
            ('VDI.set_on_boot', [image, 'never'], 'value'),
            ('VDI.create', [{'SR': self.sr}], 'virtual_size'),
        ):
            with (
                self.subTest(call=call),
                self.assertRaises(JsonFailure) as caught,
            ):
                self.json('1.0').call(call, *params)
            self.assertEqual(
                ['FIELD_TYPE_ERROR', name], caught.exception.error
            )


class TestTls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cert, cls.key = certificate(cls)

    def setUp(self):
        self.pool = Simulator(
            timing=quick(), certificate=self.cert, key=self.key
        )
        self.pool.start()
        self.addCleanup(self.pool.stop)

    def login(self, **how):
        session = XenAPI.Session(self.pool.url, **how)
        self.addCleanup(session('close'))
        session.login_with_password('root', self.pool.password)
        return session

    def test_the_real_client_speaks_to_it_unverified(self):
        session = self.login(ignore_ssl=True)
        self.assertTrue(session.xenapi.pool.get_all())

    def test_the_real_client_verifies_it(self):
        with self.assertRaises(ssl.SSLCertVerificationError):
            self.login()

    def test_it_is_verified_with_its_certificate(self):
        context = ssl.create_default_context(cafile=self.cert)
        connection = http.client.HTTPSConnection(
            '127.0.0.1', self.pool.port, context=context, timeout=10
        )
        with contextlib.closing(connection):
            body = {'method': 'pool.get_all', 'params': ['no'], 'id': 1}
            connection.request('POST', '/jsonrpc', json.dumps(body))
            answer = json.load(connection.getresponse())
        self.assertEqual(['SESSION_INVALID', 'no'], answer['error'])

    def test_plain_http_to_it_hurts_nobody(self):
        with socket.create_connection(('127.0.0.1', self.pool.port)) as plain:
            plain.sendall(b'GET / HTTP/1.1\r\n\r\n')
            with contextlib.suppress(ConnectionError):
                plain.recv(100)
        self.assertTrue(self.login(ignore_ssl=True).handle)


class TestCommand(unittest.TestCase):
    def test_it_says_how_to_log_in_and_ends_when_told(self):
        module = 'xapi_simulator'
        size = '--images 20 --clones 2 --other 5 --hosts 2 --srs 3 --seed 1'
        with subprocess.Popen(  # noqa: S603
            [sys.executable, '-m', module, '--port', '0', *size.split()],
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            self.addCleanup(process.kill)
            said = [process.stdout.readline() for _ in range(3)]
            url = said[0].split()[-1]
            _, user, _, password = said[2].replace(',', '').split()
            session = XenAPI.Session(url)
            session.login_with_password(user, password, '1.0', 'test')
            rows = session.xenapi.VDI.get_all_records()
            session('close')()
            process.terminate()
            self.assertEqual(0, process.wait(10))
        self.assertEqual(20 * 4 + 5, len(rows))

    def test_it_is_ready_in_a_second_with_a_thousand_disks(self):
        began = time.process_time()
        with Simulator(Scenario(images=200, clones=3, other=200)) as pool:
            took = time.process_time() - began
            self.assertEqual(1200, pool.world.records.count('VDI'))
        self.assertLess(took, 1)


class TestOldHosts(PoolCase):
    def test_a_host_without_json_answers_xml(self):
        self.start(jsonrpc=False)
        connection = http.client.HTTPConnection('127.0.0.1', self.pool.port)
        with contextlib.closing(connection):
            connection.request('POST', '/jsonrpc', b'{}')
            answer = connection.getresponse()
            kind = answer.getheader('Content-Type')
            self.assertEqual((200, 'text/xml'), (answer.status, kind))
            [body], _ = xmlrpc.client.loads(answer.read())
        self.assertEqual('Failure', body['Status'])
        self.assertTrue(self.xapi.pool.get_all())
