"""Ctrl-C in a sweep: after the current image, or at once."""

import signal

from tests.directory.place import Place
from tests.frontends.cli.command import Command
from tests.frontends.cli.command import IMAGE
from tests.frontends.cli.command import OTHER
from tests.frontends.cli.gate import Gated

IMAGES = {IMAGE, OTHER}


class Stopped(Gated):
    """A sweep that has come to its first image."""

    def setUp(self):
        super().setUp()
        for image_id in IMAGES:
            self.add(image_id)
        self.age()
        self.prepare()
        words = ['sweep', *self.in_use('# none\n')]
        self.process = self.begin(*words, variables=self.gated())
        self.first = self.await_eviction()
        [self.second] = IMAGES - {self.first}

    def prepare(self):
        """Do what else is to be done before the sweep."""

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)

    def said(self):
        """Wait until the first Ctrl-C is answered."""
        assert self.process.stderr
        return [self.process.stderr.readline() for _ in range(2)]


class TestStopping(Stopped):
    def test_once_it_ends_after_the_current_image_with_a_report(self):
        self.interrupt()
        said = self.said()[1]
        self.assertIn('ending after the current image', said)
        self.assertIn(
            f'waiting for evict_many in the store {self.path} (', said
        )
        self.let_go()
        out, err = self.process.communicate()
        self.assertEqual((1, ''), (self.process.returncode, err))
        self.assertIn(f'evicted    {self.first}', out)
        self.assertIn(
            'Stopped: the rest of the plan was not carried out.', out
        )
        self.assertIn('Evicted 1 image, freed 8 KiB; 1 stayed.', out)
        self.assertEqual([], self.claims(self.second))
        self.assertFalse(self.file(self.first).exists())

    def test_twice_it_ends_at_once_and_says_what_it_was_at(self):
        self.interrupt()
        self.said()
        self.interrupt()
        out, err = self.process.communicate()
        self.assertEqual((130, ''), (self.process.returncode, out))
        said = f'imagecache: interrupted evict_many in the store {self.path} ('
        self.assertTrue(err.startswith(said), err)
        self.assertEqual(1, err.count('\n'), err)
        for image_id in IMAGES:
            self.assertTrue(self.file(image_id).exists())

    def claims(self, image_id):
        labels = self.labels(image_id)
        return [one for one in labels if one.startswith('claim')]


class TestSeveralStores(Stopped):
    def prepare(self):
        self.other = Place('setUp')
        self.other.setUp()
        self.addCleanup(self.other.doCleanups)
        self.other.add()
        Command.age(self.other)
        with open(self.conf, 'a') as file:
            file.write(f'path = {self.other.path}\n')

    def test_twice_it_waits_for_none_of_them(self):
        self.interrupt()
        self.said()
        self.interrupt()
        # The gate stays shut for both.
        self.process.communicate(timeout=60)
        self.assertEqual(130, self.process.returncode)
        self.assertTrue(self.other.file().exists())
