"""Odd surroundings, and words that nobody should have chosen."""

import functools
import json
import os
import resource
import subprocess

from tests.frontends.cli.command import Command
from tests.frontends.cli.command import environment
from tests.frontends.cli.command import IMAGE
from tests.frontends.cli.command import PROGRAM


class TestSurroundings(Command):
    def test_any_width_or_language_will_do(self):
        self.add()
        for variables in (
            {'COLUMNS': '0'},
            {'COLUMNS': '-5'},
            {'COLUMNS': 'wide'},
            {'COLUMNS': '1'},
            {'COLUMNS': '9' * 30},
            {'LANG': 'C', 'LC_ALL': 'C'},
            {'LC_ALL': 'no_SUCH.locale', 'TZ': 'No/Where'},
            {'HOME': '/nowhere', 'TERM': ''},
        ):
            with self.subTest(variables):
                said = self.out('plan', **variables)
                self.assertIn('Nothing', said)

    def test_a_narrow_terminal_is_told_remarks_as_well(self):
        self.conf.write_text(
            f'{self.conf.read_text()}instance_paths = {self.root}\n'
        )
        self.add()
        for line in ['plan'], ['handlers'], ['host', 'list']:
            for columns in '1', '2', '4':
                with self.subTest(line, columns=columns):
                    self.assertTrue(self.out(*line, COLUMNS=columns))

    def test_sweep_with_dry_run_shows_the_plan_and_does_nothing(self):
        self.add()
        self.age()
        none = self.in_use('# none\n')
        pages = [
            [line for line in said.splitlines() if ' free' not in line]
            for said in (
                self.out('plan', *none),
                self.out('sweep', '--dry-run', *none),
            )
        ]
        self.assertEqual(*pages)
        self.assertTrue(self.file().exists())


class TestFiles(Command):
    def test_a_configuration_that_is_no_text_is_named(self):
        folder = self.root / 'conf.d'
        folder.mkdir()
        bad = folder / 'bad.conf'
        bad.write_bytes(b'[imagecache]\nhandler = \xff\n')
        for option in f'--config-file={bad}', f'--config-dir={folder}':
            done = self.run_on('config', option)
            self.refused(done, 2, f'{bad} is not UTF-8 text')

    def test_a_list_that_is_no_text_is_named(self):
        bad = self.root / 'list'
        bad.write_bytes(b'\xff\n')
        for command in ['prefetch', '--list'], ['fleet', 'diff']:
            done = self.run_on(*command, str(bad))
            self.refused(done, 2, f'{bad} is not UTF-8 text')

    def test_a_sidecar_of_nonsense_shows_no_controls(self):
        self.add()
        whole = json.loads(self.sidecar().read_text())
        for number, content in enumerate(
            (
                b'\xff\x00\x1b[31m',
                b'{"labels": ["\\u001b]0;title\\u0007"]}',
                json.dumps(whole | {'labels': ['pin.\x1b[2J']}).encode(),
                json.dumps(whole | {'image_id': '\x1b[31m'}).encode(),
                b'',
            )
        ):
            self.add(f'image{number}')
            self.sidecar(f'image{number}').write_bytes(content)
        for line in ['list'], ['plan'], ['debris', 'list']:
            with self.subTest(line):
                done = self.run_on(*line)
                self.assertIn(done.returncode, (0, 1))
                self.assertNotIn('Traceback', done.stderr)
                for text in done.stdout, done.stderr:
                    printed = text.replace('\n', '')
                    self.assertTrue(printed.isprintable(), text)

    def test_files_with_hostile_names_are_no_images(self):
        for name in b'\xff\xfe', b'\x1b[31mred', b'a\nb', b'-f', b'..x':
            with open(os.fsencode(self.folder) + b'/' + name, 'wb') as file:
                file.write(b'x')
        for line in ['list'], ['debris', 'list'], ['usage']:
            done = self.run_on(*line)
            self.assertNotIn('Traceback', done.stderr)
            for text in done.stdout, done.stderr:
                self.assertTrue(text.replace('\n', '').isprintable(), text)


class TestWords(Command):
    def test_what_is_no_name_is_refused_in_a_line(self):
        self.add()
        for line, said in {
            ('show', ''): 'cannot name an image',
            ('show', '\udcff'): 'cannot name an image',
            ('evict', 'a\nb'): 'cannot name an image',
            ('pin', '.' * 9, '--owner', 'x'): 'cannot name an image',
            ('pin', IMAGE, '--owner', 'x' * 99): 'cannot be written',
            ('pin', IMAGE, '--owner', '\udcff'): 'cannot be written',
            ('plan', ''): 'unrecognized arguments',
            ('',): 'nothing is not a command',
            ('debris', 'clean', '\udcff'): 'there is no debris at',
            ('plan', '--in-use', ''): 'cannot read',
            ('plan', '--in-use', self.path): 'Is a directory',
        }.items():
            with self.subTest(line):
                self.refused(self.run_on(*line), 2, said)
        done = self.run_on('plan', '--store', '\udcff\x1b')
        self.refused(done, 2, 'there are only: ')


class TestTroubledWrites(Command):
    def test_one_trouble_is_told_in_one_line(self):
        self.add()
        for line in (
            ['pin', IMAGE, '--owner', 'ops'],
            ['hold', IMAGE, '--owner', 'vm'],
            ['add', 'new', str(self.conf)],
        ):
            with self.subTest(line):
                self.refused(self.run_on_full(*line), 1, 'File too large')
        self.assertEqual(frozenset(), self.labels())
        self.assertNotIn('new', self.entries())

    def run_on_full(self, *line):
        """Run where no file can grow: pipes can, so that all is heard."""
        return subprocess.run(  # noqa: S603 -- our own program
            [*PROGRAM, *line, '--config-file', str(self.conf)],
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=functools.partial(
                resource.setrlimit, resource.RLIMIT_FSIZE, (0, 0)
            ),
        )
