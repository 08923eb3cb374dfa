"""Two hosts of one name and one store that prefetch the same image."""

import contextlib
import datetime
import unittest

from imagecache_handlers.clocks import utc_now
from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers import ImageCache
from imagecache_handlers import Rules
from tests.frontends.cli.test_prefetch import PrefetchCase
from tests.sources.lying_server import CONTENT
from tests.sources.lying_server import Fault
from tests.sources.lying_server import IMAGE

DAY = datetime.timedelta(days=1)


class TestTogether(PrefetchCase, unittest.TestCase):
    def check(self, ttls):
        """Have the second come while the first has half of it."""
        self.configure()
        server = self.serve(60)
        server.faults.append(Fault(stall=len(CONTENT) // 2))
        first = self.begin('prefetch', IMAGE, '--ttl', ttls[0])
        while not server.ranges:
            self.assertIsNone(first.poll())
        second = self.begin('prefetch', IMAGE, '--ttl', ttls[1])
        said = second.stderr.readline()
        self.assertIn(f'somebody else fetches it into {self.path}', said)
        # The first goes on where it was cut off, for nobody else may.
        server.stopped.set()
        for process, word in (first, 'cached'), (second, 'already'):
            out, err = process.communicate(timeout=60)
            self.assertEqual((0, ''), (process.returncode, err))
            self.assertIn(word, out)
        # One download in all, of which a piece came twice.
        whole, rest = server.ranges
        self.assertIsNone(whole)
        self.assertGreater(int(rest[6:-1]) + 2**18, len(CONTENT) // 2)
        self.assertEqual({IMAGE}, self.rows().keys())
        with contextlib.closing(DirectoryHandler([self.path])) as handler:
            [image] = ImageCache(handler, Rules()).find(IMAGE)
        return image.marks.leases['prefetch']

    def test_one_fetches_and_the_other_makes_the_lease_longer(self):
        until = self.check(('1d', '3d'))
        self.assertGreater(until, utc_now() + 2 * DAY)

    def test_nobody_makes_it_shorter(self):
        until = self.check(('3d', '1d'))
        self.assertGreater(until, utc_now() + 2 * DAY)
