"""Many processes on each folder, killed at random: no image in use is lost.

The profile says how long they go on, all tests together.  All of that time
there is a folder of each layout, among which each process chooses.
"""

import collections
import datetime
import os
import pathlib
import random
import signal
import tempfile
import time
import unittest

import pytest

from imagecache_handlers.clocks import utc_now
from imagecache_handlers.directory.hosts import records
from imagecache_handlers import Evidence
from tests.directory import crowd
from tests.profile import PROFILE

pytestmark = pytest.mark.alone

SECONDS = PROFILE.crowd_seconds
CAST = [
    *[crowd.sweep] * 3,
    *[crowd.boot] * 5,
    *[crowd.add] * 3,
    *[crowd.pin] * 2,
    *[crowd.label] * 2,
    crowd.look,
    crowd.clean,
    crowd.fetch,
]
NOVA = [crowd.spawn] * 2
# Of each for a second that it lasts, at the least: without any luck.
FLOORS = {
    'kill': 2,
    'add': 1,
    'evicted': 1,
    'boot': 0.5,
    'pin': 0.3,
    'label': 10,
    'look': 10,
}
LATER = datetime.timedelta(hours=1)


class TestProcesses(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory(prefix='imagecache-test-')
        self.addCleanup(place.cleanup)
        self.root = pathlib.Path(place.name)
        self.playing = {}
        self.addCleanup(self.stop)

    def test_links_are_seen_and_overlays_are_told(self):
        self.play(CAST, overlays=False)

    def test_links_and_overlays_are_seen(self):
        self.play(CAST + NOVA, overlays=True)

    def play(self, cast, *, overlays):
        self.scenes = [
            crowd.Scene(
                root=self.root / layout, layout=layout, overlays=overlays
            )
            for layout in ('plain', 'nova')
        ]
        for part in cast:
            self.start(part)
        seconds = SECONDS / 2
        began = time.monotonic()
        while self.goes_on(time.monotonic() - began, seconds):
            time.sleep(random.random() / 4)
            self.kill(random.choice(list(self.playing)))
            for scene in self.scenes:
                self.end_some_instances(scene)
        self.stop()
        self.assertFalse(self.losses(), '\n'.join(self.losses()))
        for scene in self.scenes:
            self.end(scene)
        self.judge(seconds)

    def goes_on(self, passed, seconds):
        """On a slow machine it takes longer until enough has happened."""
        if self.losses() or passed > 6 * seconds:
            return False
        return passed < seconds or bool(self.missing(seconds))

    def losses(self):
        return [loss for scene in self.scenes for loss in scene.losses()]

    def start(self, part):
        self.playing[crowd.fork(self.scenes, part)] = part

    def kill(self, process):
        part = self.playing[process]
        self.put_an_end_to(process)
        for scene in self.scenes:
            scene.count('kill')
        self.start(part)

    def put_an_end_to(self, process):
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        del self.playing[process]

    def stop(self):
        for process in list(self.playing):
            self.put_an_end_to(process)

    def end_some_instances(self, scene):
        """End those whose process was killed, some time after it was."""
        old = time.time() - 3
        for folder in scene.folders():
            try:
                if folder.stat().st_mtime > old:
                    continue
                if (folder / 'made-of').exists():
                    name = (folder / 'made-of').read_text()
                    scene.verify_instance(folder, name)
                    scene.count('outlived')
                scene.delete(folder)
            except FileNotFoundError:
                continue  # its own process is at it

    def end(self, scene):
        """Have the folder empty after a last sweep and clean."""
        for folder, name in scene.instances():
            scene.verify_instance(folder, name)
        for folder in scene.folders():
            scene.delete(folder)
        self.clean(scene)
        # They all went at once, which is what this host is to be told.
        scene.handler().accept_host(scene.path)
        for image in scene.handler().enumerate(scene.path):
            scene.verify(image.location)
        for hours in 1, 2:
            self.sweep(scene, hours * LATER)
        self.clean(scene)
        left = {
            # What Nova was fetching when it died is its own to remove, and
            # this host is on record.
            one.name
            for one in scene.folder.iterdir()
            if one.suffix != '.part' and records.RECORD not in one.name
        }
        self.assertEqual(scene.foreign, left)

    def sweep(self, scene, ahead):
        """Sweep when every claim, lease and pin is long over."""

        def clock():
            return utc_now() + ahead

        scene.cache(clock=clock).sweep(
            lambda: Evidence(complete=True, as_of=clock())
        )

    def clean(self, scene):
        handler = scene.handler()
        for piece in handler.debris(scene.path):
            handler.clean(piece)
        self.assertEqual([], list(handler.debris(scene.path)))

    def judge(self, seconds):
        for scene in self.scenes:
            told = dict(sorted(scene.counts().items()))
            print(f'{scene.layout} for {seconds:.0f} s: {told}')
        self.assertEqual([], self.missing(seconds))

    def missing(self, seconds):
        """Tell what happened too seldom, in all folders or in one."""
        counts = [scene.counts() for scene in self.scenes]
        total = sum(counts, collections.Counter())
        return [
            f'{event}: {[one[event] for one in counts]}'
            for event, each in FLOORS.items()
            if total[event] < each * seconds
            or any(one[event] * 10 <= total[event] for one in counts)
        ]
