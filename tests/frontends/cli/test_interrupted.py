"""Ctrl-C while the command starts: one line and a code, at any moment."""

import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest

from tests.frontends.cli.command import environment
from tests.frontends.cli.command import PROGRAM

# Of what is loaded on the way, from the first to the last.
MOMENTS = (
    'cliff.help',
    'imagecache_handlers.frontends.cli.application',
    'imagecache_handlers.frontends.cli.commands.list',
    'oslo_config',
    'imagecache_handlers.directory.handler',
)
# The signal comes to a real process as it begins to load that.
PRESS = """
import os, signal, sys

class Press:
    def find_spec(self, name, *_):
        if name == {name!r}:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.{number})

sys.meta_path.insert(0, Press())
"""


class TestStart(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory(prefix='imagecache-test-')
        self.addCleanup(place.cleanup)
        self.root = pathlib.Path(place.name)
        (self.root / 'store').mkdir()
        self.conf = self.root / 'cache.conf'
        self.conf.write_text(
            f'[imagecache_directory]\npath = {self.root}/store\n'
        )

    def run_pressed(self, name, number='SIGINT', *, does=signal.SIG_DFL):
        hook = self.root / 'hook'
        hook.mkdir(exist_ok=True)
        code = PRESS.format(name=name, number=number)
        (hook / 'pressing.py').write_text(code)
        program = 'import pressing, runpy; runpy.run_module({!r}, {})'.format(
            PROGRAM[-1], "run_name='__main__', alter_sys=True"
        )
        variables = environment()
        path = f'{hook}:{variables["PYTHONPATH"]}'
        return subprocess.run(  # noqa: S603 -- our own program
            [sys.executable, '-c', program]
            + ['--config-file', str(self.conf), 'list'],
            cwd=self.root,
            env={**variables, 'PYTHONPATH': path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            # Whoever runs tests in the background has it ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, does),
        )

    def test_at_each_moment_it_is_one_line_and_a_code(self):
        for name in MOMENTS:
            with self.subTest(name):
                ended = self.run_pressed(name)
                self.assertEqual('imagecache: interrupted\n', ended.stderr)
                self.assertEqual((130, ''), (ended.returncode, ended.stdout))

    def test_one_that_is_to_ignore_it_goes_on(self):
        # As a shell has it for what runs in the background of a script.
        ended = self.run_pressed(MOMENTS[0], does=signal.SIG_IGN)
        self.assertEqual((0, ''), (ended.returncode, ended.stderr))
