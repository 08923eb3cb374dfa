"""A signal that the main thread does not see, for it waits already."""

import signal
import subprocess
import sys
import unittest

# A signal that comes just before a wait cannot be timed.  One that another
# thread takes is left as it is: noted, while the main thread sleeps.
PROGRAM = """
import signal, threading

from imagecache_handlers.frontends.cli.interrupt import terminable

def take_signal():
    while not main_waits.wait(0.1):
        pass
    signal.pthread_kill(threading.get_ident(), signal.{name})

main_waits = threading.Event()
with terminable():
    threading.Thread(target=take_signal, daemon=True).start()
    main_waits.set()
    threading.Event().wait()
"""


class TestWaking(unittest.TestCase):
    def test_it_is_acted_on_all_the_same(self):
        for number in signal.SIGINT, signal.SIGTERM:
            with self.subTest(number):
                ended = self.run_program(number.name)
                self.assertIn('KeyboardInterrupt', ended.stderr)
                self.assertIn('imagecache: interrupted', ended.stderr)

    def run_program(self, name):
        return subprocess.run(  # noqa: S603 -- our own program
            [sys.executable, '-c', PROGRAM.format(name=name)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
