"""Servers: Prometheus and node_exporter, as Debian has them."""

import contextlib
import json
import pathlib
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import yaml

TIMEOUT = 60


def choose_port():
    with socket.create_server(('127.0.0.1', 0)) as free:
        return free.getsockname()[1]


def get(address):
    """Give what is answered at an address of our own."""
    request = urllib.request.urlopen(address, timeout=TIMEOUT)  # noqa: S310
    with request as answer:
        return answer.read().decode()


def await_that(is_true, what):
    """Wait for what must come, and give it."""
    end = time.monotonic() + TIMEOUT
    while True:
        with contextlib.suppress(urllib.error.URLError, OSError):
            if found := is_true():
                return found
        assert time.monotonic() < end, what
        time.sleep(0.1)


@contextlib.contextmanager
def run_server(*command, log):
    with open(log, 'wb') as file:
        process = subprocess.Popen(  # noqa: S603
            list(map(str, command)), stdout=file, stderr=file
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(TIMEOUT)


class Prometheus:
    """One that scrapes an address five times a second."""

    def __init__(self, folder: pathlib.Path, targets, rules):
        self.folder = folder
        self.address = f'127.0.0.1:{choose_port()}'
        (folder / 'rules.yaml').write_text(yaml.safe_dump(rules))
        scrape = {
            'job_name': 'imagecache',
            'static_configs': [{'targets': targets}],
        }
        every = {'scrape_interval': '200ms', 'scrape_timeout': '200ms'}
        settings = {
            'global': {**every, 'evaluation_interval': '200ms'},
            'rule_files': ['rules.yaml'],
            'scrape_configs': [scrape],
        }
        (folder / 'prometheus.yaml').write_text(yaml.safe_dump(settings))

    @contextlib.contextmanager
    def running(self):
        with run_server(
            'prometheus',
            f'--config.file={self.folder}/prometheus.yaml',
            f'--storage.tsdb.path={self.folder}/data',
            f'--web.listen-address={self.address}',
            log=self.folder / 'prometheus.log',
        ):
            await_that(
                lambda: get(f'http://{self.address}/-/ready'), 'no start'
            )
            yield self

    def query(self, expression):
        """Give the samples that an expression has now."""
        said = urllib.parse.urlencode({'query': expression})
        answer = get(f'http://{self.address}/api/v1/query?{said}')
        return json.loads(answer)['data']['result']

    def firing(self):
        """Name the alerts that fire."""
        found = self.query('ALERTS{alertstate="firing"}')
        return {one['metric']['alertname'] for one in found}


@contextlib.contextmanager
def exporting(folder):
    """Have node_exporter read text files; give its address."""
    address = f'127.0.0.1:{choose_port()}'
    with run_server(
        'prometheus-node-exporter',
        '--collector.disable-defaults',
        '--collector.textfile',
        f'--collector.textfile.directory={folder}',
        f'--web.listen-address={address}',
        log=folder / 'exporter.log',
    ):
        await_that(lambda: get(f'http://{address}/metrics'), 'no start')
        yield address
