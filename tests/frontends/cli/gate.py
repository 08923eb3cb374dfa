"""A handler that waits at a gate before each eviction, for tests to see it."""

import os

from tests.frontends.cli.command import Command
from tests.frontends.cli.command import environment

PLUGIN = """
import os

from imagecache_handlers import always, CacheError
from imagecache_handlers import ImageBusy
from imagecache_handlers.directory import DirectoryHandler


class Gated(DirectoryHandler):
    '''The folder handler, at a gate.'''

    def evict(self, image, alive):
        with open(os.environ['GATE_ASKED'], 'w') as asked:
            print(image.image_id, file=asked)
        with open(os.environ['GATE_OPENED']) as opened:
            opened.read()
        return super().evict(image, alive)

    def evict_many(self, images, in_time):
        for image in images:
            if in_time():
                yield self.evict_one(image)
            else:
                yield ImageBusy(image.image_id, 'no time is left')

    def evict_one(self, image):
        # What is at the gate has begun: only the claim counts from here on.
        try:
            return self.evict(image, always)
        except CacheError as error:
            return error
"""
POINTS = '[imagecache_handlers]\ngated = gated_plugin:Gated\n'
METADATA = 'Metadata-Version: 2.1\nName: gated\nVersion: 1\n'


class Gated(Command):
    """A command that stops at the gate."""

    handler = 'handler = gated'

    def setUp(self):
        super().setUp()
        self.configure(self.handler)
        info = self.root / 'gated-1.dist-info'
        info.mkdir()
        (info / 'METADATA').write_text(METADATA)
        (info / 'entry_points.txt').write_text(POINTS)
        (self.root / 'gated_plugin.py').write_text(PLUGIN)
        self.asked = self.root / 'asked'
        self.opened = self.root / 'opened'
        os.mkfifo(self.asked)
        os.mkfifo(self.opened)
        # Open in both directions: several may ask at once, none waits to.
        asked = os.open(self.asked, os.O_RDWR)
        self.questions = self.enterContext(open(asked))

    def gated(self):
        """Give the variables that lead to the handler and its gate."""
        path = [str(self.root), environment()['PYTHONPATH']]
        return {
            'PYTHONPATH': os.pathsep.join(path),
            'GATE_ASKED': str(self.asked),
            'GATE_OPENED': str(self.opened),
        }

    def await_eviction(self):
        """Give the id of the next image that is about to go."""
        return self.questions.readline().strip()

    def let_go(self):
        self.opened.write_text('go')
