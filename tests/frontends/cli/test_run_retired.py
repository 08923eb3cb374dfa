"""SIGTERM while Glance is asked: nobody waits for its answer."""

import signal
import time

from tests.frontends.cli.test_run import Service
from tests.frontends.glance_api.glance_double import GlanceDouble
from tests.frontends.glance_api.glance_double import GlanceServer
from tests.frontends.glance_api.glance_double import make_id


class TestAskingGlance(Service):
    def setUp(self):
        super().setUp()
        # Enough to be asked for by several threads.
        for number in range(9):
            self.add(make_id(number))
        self.server = GlanceServer(GlanceDouble(9))
        self.enterContext(self.server)

    def be_silent(self, number, path, answer):
        """Answer what is asked first of all, and nothing else."""
        return None if number else answer

    def test_sigterm_does_not_wait_for_it(self):
        self.server.lie = self.be_silent
        self.configure('manager_interval = 1')
        with self.conf.open('a') as file:
            file.write(
                '[imagecache_glance]\nauth_type = none\n'
                f'endpoint = {self.server.url}\n'
            )
        counts = self.root / 'a.prom'
        self.start('--retired-from', 'glance', '--textfile', str(counts))
        status = {'STATUS': 'sweeps every 1 s'}
        self.assertEqual(status | {'READY': '1'}, self.heard())
        while len(self.server.paths) < 2:
            self.assertIsNone(self.process.poll())
            time.sleep(0.02)
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(status, self.heard())
        out, err = self.ended()
        self.assertIn('told to end before an answer came', err)
        self.assertIn('stopped before anything was to go', out)
        told = 'imagecache_sweeps_total{result="stopped"} 1.0\n'
        self.assertIn(told, counts.read_text())
