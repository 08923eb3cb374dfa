"""Standard streams that are closed or full lose nothing and say so."""

import subprocess
import unittest

from tests.directory.place import IMAGE
from tests.frontends.cli.command import Command
from tests.frontends.cli.command import environment
from tests.frontends.cli.command import PROGRAM


class TestStreams(Command, unittest.TestCase):
    def in_a_shell(self, line):
        command = ' '.join(PROGRAM)
        return subprocess.run(  # noqa: S602 -- redirections are the point
            f'run() {{ {command} --config-file {self.conf} "$@"; }}; {line}',
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
        done = self.in_a_shell('run sweep --in-use none --in-use-complete >&-')
        self.assertEqual(('', 0), (done.stderr, done.returncode))
        self.assertEqual('', self.out('list', '-f', 'value'))

    def test_with_output_closed_a_list_is_no_error(self):
        self.add(IMAGE)
        done = self.in_a_shell('run list >&-')
        self.assertEqual(('', 0), (done.stderr, done.returncode))

    def test_with_errors_closed_the_code_tells(self):
        done = self.in_a_shell('run --handler nobody list 2>&-')
        self.assertEqual(2, done.returncode)

    def test_a_list_from_closed_input_is_refused(self):
        done = self.in_a_shell('run plan --in-use - <&-')
        self.assertEqual(2, done.returncode)
        self.assertEqual(
            'imagecache: cannot read standard input: it is closed\n',
            done.stderr,
        )

    def test_what_cannot_be_written_is_told_in_a_line_and_nothing_is_lost(
        self,
    ):
        self.add(IMAGE)
        self.age()
        (self.root / 'none').write_text('# none\n')
        evidence = '--in-use none --in-use-complete'
        for line in (
            f'sweep {evidence}',
            'list -f json',
            'config',
            '--version',
            'handlers',
            f'pin {IMAGE} --owner ops',
            'plan',
            f'show {IMAGE}',
        ):
            with self.subTest(line):
                done = self.in_a_shell(f'run {line} >/dev/full')
                code = 1
                said = 'cannot write the output: No space left on device'
                self.refused(done, code, said)
            if line.startswith('sweep'):
                # What was to be done was done all the same.
                self.assertFalse(self.file().exists())
                self.add(IMAGE)
        self.assertEqual({'pin.ops'}, self.labels())

    def test_what_is_not_held_back_is_told_in_the_same_words(self):
        self.add(IMAGE)
        for line in 'plan', 'list -f json', f'unpin {IMAGE} --owner ops':
            with self.subTest(line):
                at_once = f'export PYTHONUNBUFFERED=1; run {line} >/dev/full'
                done = self.in_a_shell(at_once)
                said = 'cannot write the output: No space left on device'
                self.refused(done, 1, said)

    def test_a_reader_who_is_gone_is_told_nothing(self):
        self.add(IMAGE)
        for line in 'plan', 'list -f csv', 'usage':
            with self.subTest(line):
                done = self.in_a_shell(f'{{ run {line}; echo $? >code; }} | :')
                self.assertEqual('', done.stderr)
                # It may have been quicker than the reader.
                code = (self.root / 'code').read_text()
                self.assertIn(code, ('0\n', '1\n'))

    def test_with_all_streams_closed_every_command_ends_as_it_should(self):
        self.add(IMAGE)
        commands = {
            'plan': 0,
            'sweep': 1,
            'usage': 0,
            f'show {IMAGE}': 0,
            f'evict {IMAGE}': 1,
            f'hold {IMAGE} --owner vm': 0,
            f'release {IMAGE} --owner vm': 0,
            'debris list': 0,
            'debris clean': 0,
            f'add {IMAGE} cache.conf': 1,
            'policies': 0,
            'config': 0,
            'complete': 0,
            'help': 0,
            'plan --help': 0,
            'nope': 2,
        }
        lines = [f'run {one} <&- >&- 2>&-; echo $?' for one in commands]
        done = self.in_a_shell('; '.join(lines))
        self.assertEqual('', done.stderr)
        codes = map(int, done.stdout.split())
        self.assertEqual(commands, dict(zip(commands, codes, strict=True)))

    def test_complaints_that_cannot_be_written_keep_their_code(self):
        done = self.in_a_shell('run plan --handler no 2>/dev/full')
        self.assertEqual((2, ''), (done.returncode, done.stdout))
