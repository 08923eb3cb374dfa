"""Metrics on their ways out: a port, a file, standard output."""

import os
import re
import signal
import socket
import threading
import time
import urllib.error
import urllib.request

from prometheus_client.parser import text_string_to_metric_families
import pytest

from tests.frontends.cli.command import Command
from tests.frontends.cli.command import environment
from tests.frontends.cli.command import IMAGE
from tests.frontends.cli.command import OTHER
from tests.frontends.cli.test_run import Service
from tests.frontends.cli.test_watchdog import SECONDS
from tests.frontends.cli.test_watchdog import Watched

SWEEPS = 'imagecache_sweeps_total'
SUCCESS = 'imagecache_sweep_last_success_timestamp_seconds'
NO_PROMETHEUS = 'import sys\nsys.modules["prometheus_client"] = None\n'


def read(text):
    """Give the samples that are not 0, by name and values of labels."""
    return {
        (one.name, *sorted(one.labels.values())): one.value
        for metric in text_string_to_metric_families(text)
        for one in metric.samples
        if one.value
    }


class TestMetrics(Command):
    def test_what_is_now_is_shown(self):
        self.add()
        self.add(OTHER)
        said = read(self.out('metrics', *self.in_use(f'{IMAGE} vm\n')))
        store = str(self.path)
        self.assertEqual(1, said['imagecache_images', store, 'in-use'])
        self.assertEqual(1, said['imagecache_images', store, 'too-young'])
        self.assertEqual(1, said['imagecache_evidence_complete',])
        self.assertEqual(2400, said['imagecache_sweep_interval_seconds',])
        self.assertNotIn((SUCCESS,), said)

    def test_a_store_that_cannot_be_read_is_told_and_fails_it(self):
        os.rmdir(self.path)
        done = self.run_on('metrics')
        self.refused(done, 1, 'cannot be read')
        self.assertIn('imagecache_store_readable{', done.stdout)
        self.assertNotIn(
            ('imagecache_store_readable', str(self.path)), read(done.stdout)
        )

    def test_sweeps_count_on_in_a_file(self):
        file = self.root / 'imagecache.prom'
        textfile = '--textfile', str(file)
        self.add()
        listed = self.in_use('# none\n')
        self.out('sweep', *listed, *textfile)
        first = read(file.read_text())
        self.assertEqual(1, first[SWEEPS, 'idle'])
        success = first[(SUCCESS,)]
        self.assertLess(abs(time.time() - success), 60)
        # It sweeps nothing, and loses nothing of what was counted.
        self.assertEqual('', self.out('metrics', *listed, *textfile))
        self.assertEqual(success, read(file.read_text())[(SUCCESS,)])
        self.out('sweep', *listed, *textfile)
        second = read(file.read_text())
        self.assertEqual(2, second[SWEEPS, 'idle'])
        self.assertGreater(second[(SUCCESS,)], success)

    def test_a_sweep_that_evicts_is_counted(self):
        file = self.root / 'imagecache.prom'
        self.add()
        self.age()
        self.out('sweep', *self.in_use('# none\n'), '--textfile', str(file))
        said = read(file.read_text())
        store = str(self.path)
        evicted = 'imagecache_evictions_total', store, 'evicted', 'expired'
        [count] = [
            value
            for key, value in said.items()
            if sorted(key) == sorted(evicted)
        ]
        self.assertEqual(1, count)
        self.assertEqual(1, said[SWEEPS, 'whole'])
        self.assertNotIn('imagecache_images', {key[0] for key in said})

    def test_sweeps_are_counted_by_how_they_end(self):
        file = self.root / 'imagecache.prom'
        textfile = '--textfile', str(file)
        self.add()
        self.run_on('sweep', *textfile)  # nobody says what is in use
        missing = '--in-use', str(self.root / 'nowhere')
        self.run_on('sweep', *missing, *textfile)
        os.rename(self.path, self.root / 'elsewhere')
        self.run_on('sweep', *textfile)
        counted = read(file.read_text())
        for result in 'blind', 'failed', 'partial':
            self.assertEqual(1, counted[SWEEPS, result], counted)
        self.assertNotIn((SUCCESS,), counted)

    def test_a_sweep_of_one_store_leaves_the_other_as_it_was(self):
        other = self.root / 'other'
        other.mkdir()
        one = f'path = {self.path}'
        both = self.conf.read_text().replace(one, f'{one}\npath = {other}')
        self.conf.write_text(both)
        file = self.root / 'imagecache.prom'
        textfile = '--textfile', str(file)
        os.rename(other, self.root / 'away')
        listed = self.in_use('# none\n')
        self.run_on('sweep', *listed, *textfile)
        self.out('sweep', '--store', str(self.path), *listed, *textfile)
        text = file.read_text()
        readable = f'imagecache_store_readable{{store="{other}"}} 0.0'
        self.assertIn(readable, text)
        counted = read(text)
        self.assertEqual(1, counted[SWEEPS, 'idle'])
        self.assertNotIn((SUCCESS,), counted)
        self.out('metrics', '--store', str(self.path), *listed, *textfile)
        self.assertIn(readable, file.read_text())
        os.rename(self.root / 'away', other)
        self.out('sweep', '--store', str(other), *listed, *textfile)
        # Each had its turn.
        self.assertIn((SUCCESS,), read(file.read_text()))

    def test_a_folder_in_place_of_the_file_is_told_before_the_sweep(self):
        self.add()
        self.age()
        folder = self.root / 'a.prom'
        folder.mkdir()
        listed = self.in_use('# none\n')
        done = self.run_on('sweep', *listed, '--textfile', str(folder))
        self.refused(done, 1, 'it is a folder', str(folder))
        self.assertIn(IMAGE, self.out('list'))

    def test_a_file_that_cannot_be_written_is_an_error(self):
        self.add()
        nowhere = str(self.root / 'nowhere' / 'a.prom')
        for command in 'metrics', 'sweep', 'run':
            done = self.run_on(command, '--textfile', nowhere)
            self.refused(done, 1, 'cannot be written', nowhere)
        done = self.run_on('metrics', '--textfile', str(self.root / 'a.txt'))
        self.refused(done, 2, '.prom')

    def test_without_the_library_it_says_what_to_install(self):
        (self.root / 'sitecustomize.py').write_text(NO_PROMETHEUS)
        path = f'{self.root}:{environment()["PYTHONPATH"]}'
        for arguments in (
            ('metrics',),
            ('run', '--metrics'),
            ('sweep', '--textfile', 'a.prom'),
        ):
            done = self.run_on(*arguments, PYTHONPATH=path)
            self.refused(done, 2, "'imagecache-handlers[metrics]'")
        self.assertIn(
            'Evicted 0', self.run_on('sweep', PYTHONPATH=path).stdout
        )


TRACED = """
import contextlib, sys, types

class Tracer:
    @contextlib.contextmanager
    def start_as_current_span(self, name):
        yield types.SimpleNamespace(
            set_attributes=lambda told: print(name, dict(told))
        )

api = types.ModuleType('opentelemetry.trace')
api.get_tracer = lambda name, version: Tracer()
sys.modules['opentelemetry.trace'] = api
"""


class TestTraced(Command):
    def test_a_sweep_is_a_span_where_the_process_is_traced(self):
        self.add()
        (self.root / 'sitecustomize.py').write_text(TRACED)
        path = f'{self.root}:{environment()["PYTHONPATH"]}'
        said = self.out('sweep', *self.in_use('# none\n'), PYTHONPATH=path)
        self.assertIn("imagecache.sweep {'imagecache.result': 'idle'", said)


class TestPrefetch(Command):
    def test_images_that_came_in_are_counted_on_in_a_file(self):
        content = self.root / 'content'
        content.write_bytes(b'x' * 8192)
        file = self.root / 'prefetch.prom'
        for image_id in IMAGE, IMAGE, OTHER:
            self.out(
                'prefetch',
                *(image_id, '--from', str(content)),
                *('--textfile', str(file)),
            )
        said = read(file.read_text())
        name = 'imagecache_prefetches_total'
        self.assertEqual(2, said[name, 'cached'])
        self.assertEqual(1, said[name, 'existing'])
        self.assertEqual(16384, said['imagecache_prefetch_bytes_total',])
        self.out('metrics', '--textfile', str(file))
        done = self.run_on(
            *('prefetch', OTHER, '--from', str(content)),
            *('--textfile', str(file)),
        )
        self.refused(done, 2, 'name another file', str(file))
        # Beside the file of a sweep, no series is there twice.
        names = {one[0] for one in said}
        self.assertTrue(all('prefetch' in one for one in names), names)


class Served(Service):
    def serve(self, *arguments):
        self.start('--metrics', '127.0.0.1:0', *arguments)
        line = self.process.stdout.readline()
        self.address = re.search(r'metrics at (http\S+)', line)[1]

    def scrape(self):
        request = urllib.request.urlopen(  # noqa: S310 -- at our own
            self.address, timeout=60
        )
        with request as answer:
            return answer.read().decode()

    def await_sample(self, *key, value):
        end = time.monotonic() + 60
        while read(self.scrape()).get(key) != value:
            self.assertLess(time.monotonic(), end, self.scrape())
            time.sleep(0.05)


class TestServed(Served):
    def test_counters_survive_a_reload(self):
        self.configure('manager_interval = 1')
        self.add()
        self.serve(*self.in_use(f'{IMAGE} vm\n'))
        self.await_sample(SWEEPS, 'idle', value=1)
        self.configure('manager_interval = -1')
        self.process.send_signal(signal.SIGHUP)
        self.await_sample('imagecache_sweep_interval_seconds', value=None)
        counted = read(self.scrape())
        self.assertGreaterEqual(counted[SWEEPS, 'idle'], 1)
        self.assertIn(('imagecache_images', str(self.path), 'in-use'), counted)
        # A scrape calls nobody.
        name = 'imagecache_backend_calls_total'
        calls = {key: one for key, one in counted.items() if key[0] == name}
        self.assertIn((name, 'done', 'enumerate'), calls)
        again = read(self.scrape())
        for key, number in calls.items():
            self.assertEqual(number, again[key])
        self.end()
        with self.assertRaises(urllib.error.URLError):
            self.scrape()

    def test_before_the_first_sweep_the_counters_are_there(self):
        self.configure('manager_interval = -1')
        self.serve()
        end = time.monotonic() + 60
        names = 'imagecache_evictions_total', 'imagecache_hits_total'
        while not all(f'{name}{{' in self.scrape() for name in names):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)
        self.assertIn(f'store="{self.path}"', self.scrape())
        self.end()

    def test_a_busy_port_is_an_error_at_start(self):
        with socket.create_server(('127.0.0.1', 0)) as busy:
            port = busy.getsockname()[1]
            done = self.run_on('run', '--metrics', str(port))
        self.refused(done, 1, f'127.0.0.1 port {port}', 'already in use')

    def test_what_does_not_go_together_is_refused(self):
        for arguments, said in (
            (('--metrics', 'nowhere'), 'HOST:PORT'),
            (('--metrics-auth', 'x'), 'goes with --metrics'),
            (('--metrics', '--metrics-key', 'x'), 'goes with --metrics-cert'),
        ):
            self.refused(self.run_on('run', *arguments), 2, said)


@pytest.mark.alone
class TestWatched(Served, Watched):
    def test_scrapes_are_not_taken_for_sweeps(self):
        self.add()
        self.age()
        self.configure('handler = gated', 'manager_interval = 1')
        free = socket.create_server(('127.0.0.1', 0))
        port = free.getsockname()[1]
        free.close()
        listed = self.in_use('# none\n')
        self.watch('--metrics', str(port), *listed)
        self.address = f'http://127.0.0.1:{port}/metrics'
        self.await_status('READY=1')
        self.settle()
        end = threading.Event()
        thread = threading.Thread(target=self.scrape_until, args=[end])
        thread.start()
        try:
            heard = self.pings(3 * SECONDS)
        finally:
            end.set()
            thread.join()
        self.assertLessEqual(len(heard), 2)
        self.let_go()

    def scrape_until(self, end):
        while not end.wait(0.02):
            self.scrape()
