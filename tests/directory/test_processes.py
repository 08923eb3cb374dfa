"""Many processes on one folder, killed at random: no image in use is lost.

``IMAGECACHE_SECONDS`` says how long they go on, all tests together.
"""

import datetime
import os
import pathlib
import random
import signal
import tempfile
import time
import unittest

from imagecache_handlers import Evidence
from imagecache_handlers.timing import utc_now
from tests.directory import crowd

SECONDS = float(os.environ.get('IMAGECACHE_SECONDS', '180'))
CAST = [
    *[crowd.sweep] * 3,
    *[crowd.boot] * 5,
    *[crowd.add] * 3,
    *[crowd.pin] * 2,
    *[crowd.label] * 2,
    crowd.look,
    crowd.clean,
]
# Of each in a second, at the least: on any machine, without any luck.
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
        self.play(overlays=False)

    def test_links_and_overlays_are_seen(self):
        self.play(overlays=True)

    def play(self, *, overlays):
        self.scene = crowd.Scene(root=self.root / 'all', overlays=overlays)
        for part in CAST:
            self.start(part)
        seconds = SECONDS / 2
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.scene.losses():
            time.sleep(random.random() / 4)
            self.kill(random.choice(list(self.playing)))
            self.end_some_instances()
        self.stop()
        losses = self.scene.losses()
        self.assertFalse(losses, '\n'.join(losses))
        self.end()
        self.judge(seconds)

    def start(self, part):
        self.playing[crowd.fork(self.scene, part)] = part

    def kill(self, process):
        part = self.playing[process]
        self.put_an_end_to(process)
        self.scene.count('kill')
        self.start(part)

    def put_an_end_to(self, process):
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        del self.playing[process]

    def stop(self):
        for process in list(self.playing):
            self.put_an_end_to(process)

    def end_some_instances(self):
        """End those whose process was killed, some time after it was."""
        old = time.time() - 3
        for folder in (self.root / 'all' / 'instances').iterdir():
            try:
                if folder.name == 'resident' or folder.stat().st_mtime > old:
                    continue
                if (folder / 'made-of').exists():
                    image_id = (folder / 'made-of').read_text()
                    self.scene.verify_instance(folder, image_id)
                    self.scene.count('outlived')
                self.scene.delete(folder)
            except FileNotFoundError:
                continue  # its own process is at it

    def end(self):
        """Have the folder empty after a last sweep and clean."""
        for folder, image_id in self.scene.instances():
            self.scene.verify_instance(folder, image_id)
        for folder in (self.root / 'all' / 'instances').iterdir():
            if folder.name != 'resident':
                self.scene.delete(folder)
        self.clean()
        for image in self.scene.handler().enumerate(self.scene.path):
            self.scene.verify(image.image_id)
        for hours in 1, 2:
            self.sweep(hours * LATER)
        self.clean()
        self.assertEqual([], os.listdir(self.scene.path))

    def sweep(self, ahead):
        """Sweep when every claim, lease and pin is long over."""

        def clock():
            return utc_now() + ahead

        self.scene.cache(clock=clock).sweep(
            lambda: Evidence(complete=True, as_of=clock())
        )

    def clean(self):
        handler = self.scene.handler()
        for piece in handler.debris(self.scene.path):
            handler.clean(piece)
        self.assertEqual([], list(handler.debris(self.scene.path)))

    def judge(self, seconds):
        counts = self.scene.counts()
        print(f'in {seconds:.0f} s: {dict(sorted(counts.items()))}')
        for event, each in FLOORS.items():
            self.assertGreaterEqual(counts[event], each * seconds, event)
