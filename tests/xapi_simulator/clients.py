"""The clients that tests speak through: the real one, and plain JSON-RPC."""

import http.client
import json
import subprocess
import tempfile
import threading
import time
import unittest

import XenAPI

from xapi_simulator import fixtures
from xapi_simulator import Timing

ORIGINATOR = 'tests'
LONG = 60  # seconds, which only pass where something is wrong


def quick(**more):
    """Give times that tests can wait for; nothing is collected by itself."""
    return Timing(
        **{'wrong_password': 0, 'collect': None, 'statistics': None, **more}
    )


def certificate(case):
    """Make a certificate of 127.0.0.1 that signs itself; give both files."""
    folder = tempfile.TemporaryDirectory()
    case.addClassCleanup(folder.cleanup)
    cert, key = (f'{folder.name}/{name}.pem' for name in ('cert', 'key'))
    command = 'openssl req -x509 -newkey rsa:2048 -nodes -days 2'
    subject = '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'
    subprocess.run(  # noqa: S603
        [*command.split(), '-keyout', key, '-out', cert, '-subj', *subject],
        check=True,
        capture_output=True,
    )
    return cert, key


class JsonFailure(Exception):
    def __init__(self, error):
        super().__init__(error)
        self.error = error


class JsonClient:
    """As little of a client as there can be."""

    def __init__(self, simulator, session, version='2.0'):
        self.session = session
        self.version = version
        self._connection = http.client.HTTPConnection(
            simulator.addresses[0], simulator.port, timeout=30
        )

    def call(self, method, *params):
        answer = self.raw(method, self.session, *params)
        if answer.get('error') is not None:
            raise JsonFailure(answer['error'])
        return answer['result']

    def raw(self, method, *params):
        body = {'method': method, 'params': params, 'id': 7}
        if self.version == '2.0':
            body['jsonrpc'] = '2.0'
        self._connection.request('POST', '/jsonrpc', json.dumps(body))
        return json.load(self._connection.getresponse())

    def close(self):
        self._connection.close()


class PoolCase(unittest.TestCase):
    """A pool of its own for every test, and a client logged in to it."""

    scenario = None

    def setUp(self):
        self.start()

    def start(self, scenario=None, **how):
        how.setdefault('timing', quick())
        self.pool = fixtures.start(self, scenario or self.scenario, **how)
        self.xapi = self.login()
        self.sr = self.pool.actors.default_sr()

    def login(self, number=0, name='root', password=None):
        session = XenAPI.Session(self.pool.url_of(number))
        self.addCleanup(session('close'))
        password = password or self.pool.password
        session.login_with_password(name, password, '1.0', ORIGINATOR)
        self.session = session.handle
        return session.xenapi

    def json(self, version='2.0'):
        client = JsonClient(self.pool, self.session, version)
        self.addCleanup(client.close)
        return client

    def held(self, method, nth=1):
        """Have an operation be at work until what this gives is set."""
        end = threading.Event()
        self.addCleanup(end.set)
        self.pool.after(f'{method}#begun', lambda: end.wait(LONG), nth)
        return end

    def wait_for(self, true):
        end = time.monotonic() + LONG
        while not true():
            self.assertLess(time.monotonic(), end, 'it never came')
            time.sleep(0.005)

    def assertFails(self, description, call, *params):
        """The call fails with exactly this error, parameters and all."""
        with self.assertRaises(XenAPI.Failure) as caught:
            call(*params)
        self.assertEqual(description, caught.exception.details)

    def assertCode(self, code, call, *params):
        with self.assertRaises(XenAPI.Failure) as caught:
            call(*params)
        self.assertEqual(code, caught.exception.details[0])

    def follow(self, task):
        """Wait for a task's end; give its record, and forget it."""
        token = ''
        while True:
            batch = getattr(self.xapi.event, 'from')(
                [f'task/{task}'], token, 5.0
            )
            token = batch['token']
            for event in batch['events']:
                if event['snapshot']['status'] in (
                    'success',
                    'failure',
                    'cancelled',
                ):
                    self.xapi.task.destroy(task)
                    return event['snapshot']
