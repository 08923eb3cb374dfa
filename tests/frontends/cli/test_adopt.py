"""``imagecache adopt``, and what ``list`` says of what it would adopt."""

import json
import os
import pty
import signal
import subprocess
import time

from imagecache_handlers.directory import sidecar
from imagecache_handlers.directory.system import flock
from imagecache_handlers import units
from tests.directory.disks import create
from tests.directory.disks import qemu
from tests.frontends.cli.command import Command

NAME = 'debian.qcow2'
SPACED = 'two words.qcow2'


class TestAdopt(Command):
    def setUp(self):
        super().setUp()
        (self.root / 'instances').mkdir()
        (self.root / 'qemu').mkdir()
        (self.root / 'qemu' / 'web.xml').write_text('<domain type="kvm"/>')
        self.configure()
        self.disk(NAME)

    def configure(self, *lines, path=None):
        self.conf.write_text(
            '\n'.join(
                [
                    '[imagecache_directory]',
                    f'path = {path or self.path}',
                    f'instance_paths = {self.root}/instances',
                    f'libvirt_definitions = {self.root}/qemu',
                    *lines,
                    '',
                ]
            )
        )

    def disk(self, name):
        qemu('create', '-q', '-f', 'qcow2', self.folder / name, '1M')
        return self.folder / name

    def did(self, *arguments, code=0):
        said = self.out('adopt', '-f', 'json', *arguments, code=code)
        return {row['file']: row['did'] for row in json.loads(said)}

    def test_list_names_what_is_not_managed(self):
        said = self.out('list')
        self.assertIn(f'Not managed in {self.path}: 1 file (', said)
        self.assertIn(NAME, said)
        self.assertIn('imagecache adopt --all --dry-run', said)
        (self.folder / ('a' * 200)).write_text('x')
        for number in range(8):
            (self.folder / f'text\n{number}').write_text('x')
        said = self.out('list')
        self.assertIn('10 files', said)
        self.assertIn(', ..\n', said)
        self.assertIn('text\\n0', said)
        self.assertIn(f'  {"a" * 38}.., ', said)
        self.assertEqual([], json.loads(self.out('list', '-f', 'json')))

    def test_a_dry_run_then_all(self):
        self.disk('other.qcow2')
        before = self.entries()
        would = {NAME: 'would be adopted', 'other.qcow2': 'would be adopted'}
        self.assertEqual(would, self.did('--all', '--dry-run'))
        self.assertEqual(before, self.entries())
        self.assertEqual(
            dict.fromkeys(would, 'adopted'), self.did('--all', '--yes')
        )
        said = self.out('list')
        self.assertNotIn('Not managed', said)
        for name in would:
            self.assertIn(name, said)
        self.assertEqual(
            'There is nothing to adopt.\n', self.out('adopt', '--all')
        )

    def test_all_are_those_that_begin_as_a_disk(self):
        (self.folder / 'README').write_text('Read this\n' * 9)
        self.assertEqual(
            {NAME: 'adopted', 'README': 'left alone'}, self.did('--all')
        )
        self.assertEqual({'README': 'adopted'}, self.did('README'))

    def test_some_or_none(self):
        create(self.folder / 'over.qcow2', self.folder / NAME, 'qcow2')
        refused = {'over.qcow2': 'refused'}
        said = self.did('--all', code=1)
        self.assertEqual(refused | {NAME: 'adopted'}, said)
        self.assertEqual(refused, self.did('--all', code=3))
        said = self.out('adopt', 'over.qcow2', code=3)
        self.assertIn('names', said)
        self.assertIn('qemu-img convert', said)
        self.assertEqual(
            refused | {NAME: 'an image already'},
            self.did('over.qcow2', NAME, code=1),
        )

    def test_what_is_an_image_already(self):
        twice = NAME, str(self.folder / NAME)
        self.assertEqual({NAME: 'adopted'}, self.did(*twice))
        size = units.size((self.folder / NAME).stat().st_blocks * 512)
        said = self.out('adopt', *twice)
        self.assertEqual(
            f'{NAME} ({size}) in {self.path} is an image already\n', said
        )
        # By another id it is not that.
        said = self.out('adopt', NAME, '--id', 'other', code=3)
        self.assertIn('nothing to adopt', said)
        self.assertNotIn('0 B', self.out('adopt', 'none', code=3))

    def test_a_store_that_cannot_be_read(self):
        self.folder.rename(self.root / 'away')
        done = self.run_on('adopt', '--all')
        self.refused(done, 1, 'cannot be read')
        self.assertEqual(
            'There is nothing to adopt in what could be read.\n', done.stdout
        )

    def test_who_ends_it_is_told_what_was_adopted(self):
        for name in 'a', 'b', 'c':
            self.disk(name)
        # It cannot go beyond this one.
        folder = os.open(self.folder, os.O_RDONLY)
        self.addCleanup(os.close, folder)
        with (
            flock.held(folder, sidecar.path('c', sidecar.LOCK)),
            self.begin('adopt', '--all', stdin=subprocess.DEVNULL) as process,
        ):
            while not self.sidecar('b').exists():
                self.assertIsNone(process.poll())
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            out, error = process.communicate(timeout=60)
        self.assertEqual(1, process.returncode)
        self.assertTrue(error.startswith('imagecache: interrupted'), error)
        said = {line.split()[0] for line in out.splitlines()}
        self.assertIn('a', said)
        self.assertEqual({*self.rows()}, said)
        self.assertEqual(len(said), out.count('is an image now'))

    def test_a_name_that_is_no_id(self):
        self.disk(SPACED)
        said = self.out('adopt', SPACED, code=3)
        self.assertIn('--id', said)
        create(self.root / 'instances' / 'disk', self.folder / NAME, 'qcow2')
        said = self.out('adopt', str(self.folder / SPACED), '--id', 'words')
        self.assertIn(f'{SPACED} ', said)
        self.assertIn('is an image now as words', said)
        self.assertEqual({'words'}, {*self.rows()})

    def test_several_stores(self):
        other = self.root / 'more'
        other.mkdir()
        self.configure(path=f'{self.path}\npath = {other}')
        (other / NAME).write_bytes((self.folder / NAME).read_bytes())
        done = self.run_on('adopt', NAME)
        self.refused(done, 2, 'lies in', 'name one --store')
        said = self.out('adopt', NAME, '--store', str(other))
        self.assertIn(str(other), said)
        self.assertIn(
            'is an image now', self.out('adopt', str(self.folder / NAME))
        )

    def test_what_is_asked_wrongly(self):
        for line, said in {
            ('adopt',): 'name some files',
            ('adopt', '--all', NAME): 'name some files',
            ('adopt', '--all', '--id', 'x'): 'one file',
            ('adopt', '/etc/passwd'): 'lies in no store',
        }.items():
            self.refused(self.run_on(*line), 2, said)
        done = self.run_bare('adopt', '--all', '--handler', 'memory')
        self.refused(done, 2, 'only files of the handler directory')
        self.configure('layout = nova')
        done = self.run_on('adopt', '--all')
        self.refused(done, 2, 'is an image already')

    def test_somebody_at_a_terminal_is_asked(self):
        for answer, code in (b'n\n', 1), (b'y\n', 0):
            ours, theirs = pty.openpty()
            with self.begin('adopt', NAME, stdin=theirs) as process:
                os.write(ours, answer)
                out, error = process.communicate(timeout=60)
            os.close(ours)
            os.close(theirs)
            self.assertEqual(code, process.returncode, error)
            self.assertIn('would be adopted', error)
            self.assertIn('Adopt 1 file (', error)
            self.assertIn(
                'Nothing was changed' if code else 'is an image now', out
            )
