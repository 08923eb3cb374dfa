"""Standard streams that are closed or full lose nothing and say so."""

import subprocess
import sys
import unittest

from tests.cli.command import Command
from tests.cli.command import environment
from tests.directory.place import IMAGE


class TestStreams(Command, unittest.TestCase):
    def in_a_shell(self, line):
        command = f'{sys.executable} -m imagecache_handlers.frontends.cli'
        return subprocess.run(  # noqa: S602 -- redirections are the point
            f'{command} --config-file {self.conf} {line}',
            shell=True,
            cwd=self.root,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def test_with_output_closed_a_sweep_is_done_and_told_by_its_code(self):
        self.add(IMAGE)
        self.age()
        (self.root / 'none').write_text('# none\n')
        done = self.in_a_shell('sweep --in-use none --in-use-complete >&-')
        self.assertEqual(('', 0), (done.stderr, done.returncode))
        self.assertEqual('', self.out('list', '-f', 'value'))

    def test_with_output_closed_a_list_is_no_error(self):
        self.add(IMAGE)
        done = self.in_a_shell('list >&-')
        self.assertEqual(('', 0), (done.stderr, done.returncode))

    def test_with_errors_closed_the_code_tells(self):
        done = self.in_a_shell('--handler nobody list 2>&-')
        self.assertEqual(2, done.returncode)

    def test_a_list_from_closed_input_is_refused(self):
        done = self.in_a_shell('plan --in-use - <&-')
        self.assertEqual(2, done.returncode)
        self.assertEqual(
            'imagecache: cannot read standard input: it is closed\n',
            done.stderr,
        )
