"""A handler that does not return: who is told of it, and when."""

import os
import signal

from tests.frontends.cli.packages import Packages
from tests.frontends.cli.packages import SOUND

HANGING = f"""
{SOUND}
from imagecache_handlers import Store
import time

class Handler(Sound):
    def stores(self):
        return [Store(name='bay 7')]

    def enumerate(self, store, image_ids=None):
        # Nothing of it runs before somebody takes the first.
        with open('began', 'w'):
            pass
        while True:
            time.sleep(0.01)
        yield
"""


class Hanging(Packages):
    def setUp(self):
        super().setUp()
        self.install('hangs', handler=HANGING)

    def begin(self, *line):
        return super().begin(*line, variables=self.variables)


class TestSlow(Hanging):
    def test_it_is_told_while_it_hangs_with_store_and_method(self):
        self.configure('handler = hangs', 'call_timeout = 1')
        process = self.begin('list')
        # It hangs for ever: that this line comes is the promise.
        said = process.stderr.readline()
        self.assertIsNone(process.poll())
        self.assertIn('warning: the handler has not returned', said)
        self.assertIn('enumerate in the store bay 7', said)
        self.assertIn('(call_timeout)', said)


class TestInterrupted(Hanging):
    def test_what_ends_it_says_what_it_was_at(self):
        self.configure('handler = hangs', 'call_timeout = 0')
        for number in signal.SIGINT, signal.SIGTERM:
            with self.subTest(number):
                os.mkfifo(self.root / 'began')
                process = self.begin('list')
                with open(self.root / 'began') as began:
                    began.read()
                process.send_signal(number)
                out, err = process.communicate()
                self.assertEqual((130, ''), (process.returncode, out))
                said = 'interrupted enumerate in the store bay 7 ('
                self.assertIn(said, err)
                self.assertEqual(1, err.count('\n'), err)
                (self.root / 'began').unlink()
