"""Processes sweep one datastore while Nova spawns there, and are killed."""

import collections
import random
import subprocess
import sys
import time

import pytest

from tests.profile import PROFILE
from tests.vmware.process import BASE
from tests.vmware.process import connect
from tests.vmware.process import IMAGES
from tests.vmware.process import MINUTE
from tests.vmware.process import now
from tests.vmware.process import STORE
from tests.vmware.process import sweep
from tests.vmware.vcenter import OnVcenter

pytestmark = pytest.mark.alone

SECONDS = PROFILE.vmware_seconds
ENOUGH = 5
HOSTS = 3
ASIDE = f'{BASE}_evict'


class TestProcesses(OnVcenter):
    def test_nothing_in_use_or_pinned_is_lost_though_hosts_are_killed(self):
        self.told = []
        self.machines, self.spawned = [], 0
        self.extents = {}  # machine: the file with its image's bytes
        chance = random.Random(1)
        hosts = [self.launch(number) for number in range(HOSTS)]
        kills, began = 0, time.monotonic()
        while self.goes_on(time.monotonic() - began, kills):
            self.fetch_missing()
            self.live_on(chance)
            time.sleep(0.02)
            if chance.random() < 0.03:
                victim = chance.randrange(HOSTS)
                self.kill(hosts[victim])
                kills += 1
                hosts[victim] = self.launch(HOSTS + kills)
        for host in hosts:
            self.kill(host)
        words = collections.Counter(one.split()[0] for one in self.told)
        print(f'{kills} kills, {self.moved()} moved, {self.spawned} spawned')
        print(dict(words))
        self.assertGreaterEqual(min(kills, self.moved()), ENOUGH)
        self.check_promises()
        self.check_recovery()

    def goes_on(self, seconds, kills):
        """On a slow machine it takes longer until enough has happened."""
        done = min(self.moved(), kills) >= ENOUGH and self.extents
        return not (done and seconds > SECONDS) and seconds < 12 * SECONDS

    def moved(self):
        return self.vcenter.counters.of('MoveDatastoreFile_Task')

    # What Nova does.

    def fetch_missing(self):
        for image in IMAGES:
            with self.vcenter.world.lock:
                if self.node(BASE, image) is None:
                    self.actors.cache(image, used=2**20)

    def live_on(self, chance):
        """Spawn a machine, or end one: its image may come to lie idle."""
        if chance.random() < 0.1 and len(self.machines) < 6:
            self.spawn(chance.choice(IMAGES))
        elif self.machines and chance.random() < 0.1:
            image, machine = self.machines.pop(0)
            self.end(image, machine)

    def spawn(self, image):
        with self.vcenter.world.lock:
            extent = self.node(BASE, image, f'{image}-flat.vmdk')
            if extent is None:
                return  # it was moved aside just now: Nova would fetch it
            machine = self.actors.spawn(image)
            self.machines.append((image, machine))
            self.extents[machine] = extent
            self.spawned += 1

    def end(self, image, machine):
        with self.vcenter.world.lock:
            self.actors.end(machine)
            extent = self.extents.pop(machine)
            if extent in self.extents.values():
                return
            # What vSphere keeps a disk for that was ever cloned from.
            for top in self.places(image):
                if self.node(*top, f'{image}-flat.vmdk') is extent:
                    path = f'[{STORE}] {"/".join(top)}/{image}.vmdk'
                    self.actors.set_deletable(path, is_deletable=True)

    # The truth.

    def node(self, *names):
        return self.actors.store(STORE).find_node(names)

    def places(self, image):
        """Name the folders in which an image lies, or lies aside."""
        aside = getattr(self.node(ASIDE), 'entries', {})
        return [
            (BASE, image),
            *((ASIDE, one) for one in aside if one.startswith(f'{image}.')),
        ]

    def check_promises(self):
        told = [line.split(maxsplit=1) for line in self.told]
        self.assertEqual([], [rest for word, rest in told if word == 'lost'])
        with self.vcenter.world.lock:
            there = [
                self.node(*top, f'{image}-flat.vmdk')
                for image in IMAGES
                for top in self.places(image)
            ]
            for machine, extent in self.extents.items():
                self.assertTrue(any(one is extent for one in there), machine)
            pinned = {rest for word, rest in told if word == 'pinned'}
            ended = {rest for word, rest in told if word == 'ended'}
            for one in pinned - ended:
                image, owner = one.split()
                folder = self.node(BASE, image)
                self.assertIn(f'ic-pin.{owner}', folder.entries)

    def check_recovery(self):
        """A sweep hours later finds what the dead left behind."""
        self.sweep_later()
        self.check_promises()
        used = {image for image, _ in self.machines}
        with self.vcenter.world.lock:
            for name in self.list_aside():
                # Fetched anew meanwhile, and maybe in use: it is explained.
                image = name.partition('.')[0]
                labels = self.node(ASIDE, name).entries
                is_pinned = any(one.startswith('ic-pin') for one in labels)
                self.assertTrue(image in used or is_pinned, name)
        for image, machine in self.machines:
            self.end(image, machine)
        self.machines.clear()
        self.remove_pins()
        self.sweep_later()
        with self.vcenter.world.lock:
            self.assertEqual([], self.list_aside())
            for image, folder in self.node(BASE).entries.items():
                disk = {f'{image}.vmdk', f'{image}-flat.vmdk'}
                self.assertLessEqual(disk, folder.entries.keys())
                claims = [one for one in folder.entries if 'claim' in one]
                self.assertEqual([], claims)

    def list_aside(self):
        return list(getattr(self.node(ASIDE), 'entries', {}))

    def remove_pins(self):
        with self.vcenter.world.lock:
            for image in IMAGES:
                for top in self.places(image):
                    names = getattr(self.node(*top), 'entries', {})
                    for name in list(names):
                        if name.startswith('ic-pin'):
                            path = '/'.join((*top, name))
                            self.actors.delete(f'[{STORE}] {path}')

    def sweep_later(self):
        def later():
            return now() + 120 * MINUTE

        vcenter = self.vcenter
        login = (vcenter.url, vcenter.username, vcenter.password)
        handler, cache = connect(*login, later)
        sweep(cache, later)
        handler.close()

    # The hosts.

    def launch(self, number):
        command = [sys.executable, '-m', 'tests.vmware.process']
        vcenter = self.vcenter
        login = (vcenter.url, vcenter.username, vcenter.password)
        return subprocess.Popen(  # noqa: S603
            [*command, f'host{number}', *login],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def kill(self, host):
        host.kill()
        told, _ = host.communicate()
        self.told += told.splitlines()
