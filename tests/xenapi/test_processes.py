"""Several processes sweep and boot on one SR, and are killed in it."""

import random
import subprocess
import sys
import time
import unittest

import pytest

from tests.profile import PROFILE
from tests.xenapi.pool import Pooled
from tests.xenapi.process import IMAGES
from xapi_simulator import Scenario

pytestmark = pytest.mark.alone

SECONDS = PROFILE.hosts_seconds
ENOUGH = 8
HOSTS = 3


class TestProcesses(Pooled, unittest.TestCase):
    scenario = Scenario(other=3)

    def test_nothing_in_use_is_lost_though_hosts_are_killed(self):
        others = self.vdis()
        self.told = []
        chance = random.Random(1)
        hosts = [self.launch(number) for number in range(HOSTS)]
        fetched, kills, began = 0, 0, time.monotonic()
        while self.goes_on(time.monotonic() - began, kills):
            fetched += self.fetch()
            time.sleep(0.1)
            if chance.random() < 0.04:
                victim = chance.randrange(HOSTS)
                self.kill(hosts[victim])
                kills += 1
                hosts[victim] = self.launch(HOSTS + kills)
        for host in hosts:
            self.kill(host)
        removed = self.removed()
        told = [line.split(maxsplit=1) for line in self.told]
        made = {rest for word, rest in told if word == 'made'}
        ended = {rest for word, rest in told if word == 'ended'}
        print(f'{kills} kills, {fetched} fetched, {removed} removals asked')
        print(f'{len(made)} machines, {len(ended)} ended')
        self.assertEqual([], [rest for word, rest in told if word == 'lost'])
        for count in kills, removed, len(made), len(ended):
            self.assertGreaterEqual(count, ENOUGH)
        self.assertLessEqual(others | (made - ended), self.vdis())

    def goes_on(self, seconds, kills):
        """On a slow machine it takes longer until enough has happened."""
        enough = min(self.removed(), kills) >= ENOUGH and seconds > SECONDS
        return not enough and seconds < 12 * SECONDS

    def removed(self):
        return self.pool.counters.of('Async.VDI.destroy')

    def fetch(self):
        """Cache what is missing, as Nova does on a miss."""
        listed = {
            row['other_config'].get('image-id')
            for row in self.pool.do('VDI.get_all_records').values()
        }
        missing = [one for one in IMAGES if one not in listed]
        for image_id in missing:
            self.actors.cache(image_id, used=2**20)
        return len(missing)

    def launch(self, number):
        command = [sys.executable, '-m', 'tests.xenapi.process']
        return subprocess.Popen(  # noqa: S603
            [*command, self.pool.url, self.pool.password, f'host{number}'],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def kill(self, host):
        host.kill()
        told, _ = host.communicate()
        self.told += told.splitlines()
