"""Prometheus itself scrapes the service, and node_exporter its file."""

import os
import re
import subprocess

from imagecache_handlers.frontends.metrics.alerts import make_rules
from imagecache_handlers.frontends.metrics.board import expressions_of
from imagecache_handlers.frontends.metrics.panels import PANELS
from imagecache_handlers.frontends.metrics.queries import Times
from tests.frontends.cli.command import Command
from tests.frontends.cli.command import IMAGE
from tests.frontends.cli.command import OTHER
from tests.functional.prometheus.servers import await_that
from tests.functional.prometheus.servers import exporting
from tests.functional.prometheus.servers import get
from tests.functional.prometheus.servers import Prometheus

QUICK = Times(pending='1s', blind='1s', growth='5s', memory='10m', step='1s')


class TestScrape(Command):
    def serve(self, *arguments):
        self.configure('manager_interval = 1')
        return self.begin('run', *arguments, stderr=subprocess.DEVNULL)

    def scraped(self, target):
        folder = self.root / 'prometheus'
        folder.mkdir()
        prometheus = Prometheus(folder, [target], make_rules(QUICK))
        return self.enterContext(prometheus.running())

    def test_the_board_is_drawn_and_alerts_come_and_go(self):
        self.add()
        self.add(OTHER)
        process = self.serve(
            '--metrics', '127.0.0.1:0', *self.in_use(f'{IMAGE} vm\n')
        )
        [target] = re.findall(r'http://(.*)/', process.stdout.readline())
        prometheus = self.scraped(target)
        await_that(
            lambda: prometheus.query('imagecache_sweeps_total > 2'), 'sweeps'
        )
        for expression in expressions_of(PANELS):
            with self.subTest(expression):
                await_that(lambda e=expression: prometheus.query(e), 'drawn')
        self.assertEqual(set(), prometheus.firing())
        away = self.root / 'away'
        os.rename(self.path, away)
        unreadable = {'ImagecacheStoreUnreadable'}
        await_that(lambda: prometheus.firing() == unreadable, 'fires')
        os.rename(away, self.path)
        await_that(lambda: not prometheus.firing(), 'silent again')

    def test_a_file_is_read_by_node_exporter(self):
        self.add()
        folder = self.root / 'textfiles'
        folder.mkdir()
        textfile = '--textfile', str(folder / 'imagecache.prom')
        self.out('sweep', *self.in_use(f'{IMAGE} vm\n'), *textfile)
        with exporting(folder) as address:
            text = get(f'http://{address}/metrics')
            self.assertIn('node_textfile_scrape_error 0', text)
            told = 'imagecache_sweeps_total{result="idle"} 1'
            self.assertIn(told, text)
            prometheus = self.scraped(address)
            query = 'imagecache_sweep_last_success_timestamp_seconds > 0'
            await_that(lambda: prometheus.query(query), 'scraped')
