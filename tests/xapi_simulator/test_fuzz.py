"""Whatever strangers send: an answer or an end, and a server that lives."""

import http.client
import json
import socket
import unittest
import xmlrpc.client

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from tests.xapi_simulator.clients import quick
from xapi_simulator.enums import ENUMS
from xapi_simulator.interface import all_messages
from xapi_simulator import Scenario
from xapi_simulator.schema import CLASSES
from xapi_simulator import Simulator

MESSAGES = all_messages()
METHODS = sorted(MESSAGES)
# What no single call meets in a pool that is well and in which nothing has
# happened yet; an unexpected failure is INTERNAL_ERROR.
NEVER = {
    'CANNOT_CONTACT_HOST',
    'HA_IS_ENABLED',
    'HOST_IS_SLAVE',
    'HOST_OFFLINE',
    'HOST_STILL_BOOTING',
    'INTERNAL_ERROR',
    'LICENCE_RESTRICTION',
    'MESSAGE_METHOD_UNKNOWN',
    'NOT_SUPPORTED_DURING_UPGRADE',
    'OTHER_OPERATION_IN_PROGRESS',
    'RBAC_PERMISSION_DENIED',
    'SR_HAS_NO_PBDS',
    'SR_NOT_ATTACHED',
    'SR_UNHEALTHY',
    'TASK_CANCELLED',
    'VDI_HAS_RRDS',
    'VDI_IO_ERROR',
    'VDI_IS_A_PHYSICAL_DEVICE',
    'VDI_MISSING',
    'VDI_READONLY',
}
# It is the same pool each time, and no two examples share one.
SCENARIO = Scenario(images=2, clones=1, seed=1)

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text()
)
jsons = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.text(), inner, max_size=4),
    ),
    max_leaves=10,
)


def typed(kind, refs):
    """Give values of a type, as the datamodel writes types."""
    text = st.text(max_size=5)
    if kind.endswith(' set'):
        return st.lists(typed(kind.removesuffix(' set'), refs), max_size=3)
    if kind.endswith(' map'):
        return st.dictionaries(text, text, max_size=3)
    if kind.endswith(' record'):
        cls = CLASSES[kind.removesuffix(' record')]
        fields = cls.fields.values()
        return st.fixed_dictionaries(
            {one.name: typed(one.type, refs) for one in fields}
        )
    if kind.endswith(' ref'):
        return st.sampled_from(refs)
    if kind.startswith('enum '):
        return st.sampled_from(ENUMS[kind.removeprefix('enum ')] or ('no',))
    plain = {
        'bool': st.booleans(),
        'int': st.integers(-9, 2**63 - 1),
        'float': st.floats(allow_nan=False, max_value=1),
        'datetime': st.just('19700101T00:00:00Z'),
    }
    return plain.get(kind, text)


class TestWire(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        rows = Simulator(SCENARIO).world.records.rows
        cls.refs = [ref for name in CLASSES for ref in rows(name)]

    def setup_example(self):
        self.pool = Simulator(SCENARIO, timing=quick(detach=0))
        self.pool.start()
        login = 'session.login_with_password'
        who = 'root', self.pool.password, '1.0', 'fuzz'
        answer = self.ask('/jsonrpc', self.call(login, *who))
        self.session = json.loads(answer[1])['result']

    def teardown_example(self, example):
        self.pool.stop()

    def alive(self):
        answer = self.ask('/jsonrpc', self.call('pool.get_all', self.session))
        self.assertEqual(200, answer[0])
        self.assertIn('result', json.loads(answer[1]))

    def call(self, method, *params):
        fields = {'jsonrpc': '2.0', 'id': 1}
        fields |= {'method': method, 'params': params}
        return json.dumps(fields).encode()

    def ask(self, path, body, verb='POST'):
        connection = http.client.HTTPConnection(
            '127.0.0.1', self.pool.port, timeout=10
        )
        try:
            connection.request(verb, path, body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    @settings(deadline=None, max_examples=60)
    @given(
        st.binary(max_size=300), st.sampled_from(['/', '/RPC2', '/jsonrpc'])
    )
    def test_bodies_of_noise(self, body, path):
        self.assertEqual(500, self.ask(path, body)[0])
        self.alive()

    @settings(deadline=None, max_examples=60)
    @given(st.binary(max_size=300))
    def test_sockets_of_noise(self, noise):
        with socket.create_connection(('127.0.0.1', self.pool.port)) as one:
            one.sendall(noise)
            one.shutdown(socket.SHUT_WR)
            one.settimeout(5)
            try:
                while one.recv(65536):
                    pass
            except ConnectionError:
                pass
        self.alive()

    @settings(deadline=None, max_examples=60)
    @given(jsons)
    def test_any_json(self, value):
        status, body = self.ask('/jsonrpc', json.dumps(value).encode())
        self.assertIn(status, (200, 500))
        self.alive()

    @settings(deadline=None, max_examples=250)
    @given(st.sampled_from(METHODS), st.data())
    def test_any_parameters(self, method, data):
        params = data.draw(
            st.lists(st.one_of(jsons, st.sampled_from(self.refs)), max_size=5)
        )
        if method in ('event.from', 'session.logout'):
            params = params[:1]
        status, body = self.ask(
            '/jsonrpc', self.call(method, self.session, *params)
        )
        self.assertEqual(200, status)
        self.check(body)

    @settings(deadline=None, max_examples=400)
    @given(st.sampled_from(METHODS), st.booleans(), st.data())
    def test_parameters_of_the_right_types(self, method, is_async, data):
        message = MESSAGES[method]
        if method in ('event.from', 'session.logout'):
            return
        params = [
            data.draw(typed(one.type, self.refs)) for one in message.params
        ]
        name = f'Async.{method}' if is_async and message.is_async else method
        status, body = self.ask(
            '/jsonrpc', self.call(name, self.session, *params)
        )
        self.assertEqual(200, status)
        self.check(body)

    def check(self, body):
        error = json.loads(body).get('error')
        if error and error['message'] == 'INTERNAL_ERROR':
            self.assertEqual('missing field', error['data'][0])
        elif error:
            self.assertNotIn(error['message'], NEVER)

    @settings(deadline=None, max_examples=60)
    @given(
        st.text(min_size=1, max_size=20),
        st.recursive(
            st.one_of(
                st.booleans(),
                st.integers(-(2**31), 2**31 - 1),
                st.text(st.characters(min_codepoint=32, max_codepoint=126)),
            ),
            lambda inner: st.lists(inner, max_size=3),
        ),
    )
    def test_any_xml_call(self, method, value):
        body = xmlrpc.client.dumps((self.session, value), method).encode()
        status, text = self.ask('/', body)
        self.assertIn(status, (200, 500))
        if status == 200:
            [answer], _ = xmlrpc.client.loads(text)
            self.assertIn(answer['Status'], ('Success', 'Failure'))

    @settings(deadline=None, max_examples=40)
    @given(st.binary(max_size=50), st.text('abc=&%/?', max_size=30))
    def test_uploads_of_noise(self, body, query):
        status, _ = self.ask(f'/import_raw_vdi?{query}', body, 'PUT')
        self.assertEqual(401, status)
        self.alive()
