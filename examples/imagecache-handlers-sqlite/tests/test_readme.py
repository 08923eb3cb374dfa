"""The commands of the README work where both packages are installed."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import textwrap
import unittest

README = pathlib.Path(__file__).parents[1] / 'README.rst'
BLOCK = re.compile(r'\.\. code-block:: shell\n\n((?: {4}.*\n|\n)+)')


class TestReadme(unittest.TestCase):
    def test_its_commands_lead_to_a_plan(self):
        [block] = BLOCK.findall(README.read_text())
        here = pathlib.Path(sys.executable).parent
        path = f'{here}{os.pathsep}{os.environ["PATH"]}'
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                ['sh', '-eu', '-c', textwrap.dedent(block)],
                cwd=folder,
                env=os.environ | {'PATH': path},
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
        self.assertRegex(done.stdout, r'debian-12 .* keep +in-use .*vm-1')
        self.assertRegex(done.stdout, r'cirros .* keep +too-young')

    def test_what_the_backend_refuses_is_said_in_one_line(self):
        done = subprocess.run(
            [
                sys.executable,
                *('-m', 'imagecache_handlers_sqlite'),
                *('remove', '/nowhere', 'disk'),
            ],
            capture_output=True,
            text=True,
        )
        self.assertEqual(1, done.returncode)
        self.assertEqual(
            'imagecache_handlers_sqlite: unable to open database file\n',
            done.stderr,
        )
