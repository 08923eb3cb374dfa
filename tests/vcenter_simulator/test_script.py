"""The whole of it: many clients at once, TLS, the command, the fixtures."""

import http.client
import re
import signal
import ssl
import subprocess
import sys
import threading
import unittest

import pytest

from tests.vcenter_simulator.clients import Client
from tests.vcenter_simulator.clients import one_spec
from tests.vcenter_simulator.clients import ref
from tests.vcenter_simulator.clients import ROOT
from tests.vcenter_simulator.clients import SERVICE
from tests.vcenter_simulator.clients import VcenterCase
from tests.vcenter_simulator.clients import VIM
from tests.vcenter_simulator.clients import write_ref
from vcenter_simulator import fixtures
from vcenter_simulator import pytest_fixtures
from vcenter_simulator import Scenario

THREADS = 200


class TestThreads(VcenterCase):
    @pytest.mark.alone
    def test_two_hundred_at_once_are_answered_each_its_own(self):
        manager = next(self.world.inventory.all('FileManager')).reference
        datacenter = self.vcenter.estate.datacenter.reference
        failures = []

        def work(number):
            client = Client(self.vcenter, timeout=60)
            try:
                client.log_in()
                name = f'<name>[datastore-0] {number}</name>'
                place = name + write_ref('datacenter', datacenter)
                client.call('MakeDirectory', manager, place)
                [task] = client.call(
                    'DeleteDatastoreFile_Task', manager, place
                )
                [result] = client.retrieve(one_spec(ref(task), 'info.state'))
                if result.findtext(f'.//{VIM}val') != 'success':
                    failures.append(number)
            except Exception as error:
                failures.append(error)
            finally:
                client.close()

        threads = [
            threading.Thread(target=work, args=(number,))
            for number in range(THREADS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        self.assertEqual([], failures)
        self.assertEqual(THREADS, self.vcenter.counters.of('MakeDirectory'))

    def test_a_folder_is_made_by_one_of_many(self):
        manager = next(self.world.inventory.all('FileManager')).reference
        datacenter = self.vcenter.estate.datacenter.reference
        made = []

        def work(client):
            place = '<name>[datastore-0] same</name>'
            place += write_ref('datacenter', datacenter)
            try:
                client.call('MakeDirectory', manager, place)
                made.append(True)
            except Exception as error:
                made.append(error.kind)

        clients = [self.new_client() for _ in range(20)]
        for client in clients:
            client.log_in()
        threads = [
            threading.Thread(target=work, args=(one,)) for one in clients
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        self.assertEqual(1, made.count(True))
        self.assertEqual(19, made.count('FileAlreadyExists'))


class TestTls(VcenterCase):
    how = {'tls': True}

    def test_the_cookie_is_for_tls_only(self):
        client = self.new_client()
        answer, _ = client.request('GET', '/sdk/vimServiceVersions.xml')
        self.assertEqual(200, answer.status)
        self.assertTrue(self.vcenter.url.startswith('https://'))
        client.call('RetrieveServiceContent', SERVICE)
        client.log_in()
        self.assertIsNotNone(client.cookie)

    def test_its_ca_is_the_only_one_that_trusts_it(self):
        other = fixtures.start(self, tls=True)
        for context in (
            ssl.create_default_context(cafile=other.ca_file),
            ssl.create_default_context(),
        ):
            connection = http.client.HTTPSConnection(
                '127.0.0.1', self.vcenter.port, timeout=10, context=context
            )
            self.addCleanup(connection.close)
            with self.assertRaises(ssl.SSLCertVerificationError):
                connection.request('GET', '/')

    def test_it_is_for_its_names_only(self):
        other = fixtures.start(self, tls=True, names=('elsewhere',))
        context = ssl.create_default_context(cafile=other.ca_file)
        connection = http.client.HTTPSConnection(
            '127.0.0.1', other.port, timeout=10, context=context
        )
        self.addCleanup(connection.close)
        with self.assertRaises(ssl.SSLCertVerificationError):
            connection.request('GET', '/')

    def test_who_speaks_no_tls_holds_up_nobody(self):
        stranger = http.client.HTTPConnection(
            '127.0.0.1', self.vcenter.port, timeout=10
        )
        stranger.connect()
        self.addCleanup(stranger.close)
        self.assertIsNotNone(self.new_client().log_in())
        with self.assertRaises((http.client.HTTPException, OSError)):
            stranger.request('GET', '/')
            stranger.getresponse()


class TestCommand(unittest.TestCase):
    def start(self, *args):
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, '-m', 'vcenter_simulator', *args],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def read(self, process):
        """Read what it prints until all of it is there."""
        lines = []
        while not lines or 'base_folder' not in lines[-1]:
            lines.append(process.stdout.readline())
            self.assertTrue(lines[-1], process.stderr.read)
        return ''.join(lines)

    def test_it_tells_how_to_reach_it_and_ends_when_told_to(self):
        process = self.start('--images', '3', '--vms', '2', '--seed', '1')
        text = self.read(process)
        found = dict(re.findall(r'^    (\w+) = (.+)$', text, re.MULTILINE))
        self.assertEqual('vmware', found['handler'])
        context = ssl.create_default_context(cafile=found['ca_file'])
        host, port = found['url'].removeprefix('https://').split(':')
        connection = http.client.HTTPSConnection(
            host, int(port), timeout=10, context=context
        )
        connection.request('GET', '/sdk/vimServiceVersions.xml')
        self.assertEqual(200, connection.getresponse().status)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(0, process.wait(10))
        self.assertEqual('', process.stderr.read())
        connection.close()
        with self.assertRaises(OSError):
            connection.connect()

    def test_what_makes_no_sense_is_refused(self):
        for args in (
            ('--vms', '1'),
            ('--kinds', 'FLOPPY'),
            ('--datastores', '0'),
            ('--images', 'x'),
        ):
            process = self.start(*args)
            self.assertEqual(2, process.wait(20), args)
            self.assertIn('error: ', process.stderr.read())


class TestFixtures(unittest.TestCase):
    def test_a_vcenter_ends_with_its_test(self):
        inner = unittest.TestCase()
        vcenter = fixtures.start(inner, Scenario(images=1))
        client = Client(vcenter)
        self.addCleanup(client.close)
        client.log_in()
        self.assertTrue(client.retrieve(one_spec(ROOT, 'name')))
        client.close()
        inner.doCleanups()
        with self.assertRaises(OSError):
            client.retrieve(one_spec(ROOT, 'name'))


pytest_plugins = ['pytester']


def test_pytest_finds_the_fixtures(pytester):
    pytester.makeconftest(f'pytest_plugins = [{pytest_fixtures.__name__!r}]')
    pytester.makepyfile(
        """
        def test_one(vcenter):
            assert vcenter.url.startswith('http://127.0.0.1:')

        def test_two(start_vcenter):
            assert start_vcenter(tls=True).url.startswith('https://')
        """
    )
    pytester.runpytest_inprocess().assert_outcomes(passed=2)
