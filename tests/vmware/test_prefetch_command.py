"""``imagecache prefetch`` on a vCenter: what comes in, and what is left."""

import json
import os
import signal
import subprocess
import time

from tests.frontends.cli.command import PROGRAM
from tests.sources.lying_server import CONTENT
from tests.sources.lying_server import Fault
from tests.sources.lying_server import IMAGE
from tests.sources.lying_server import LyingServer
from tests.vmware.streams import PLACE
from tests.vmware.test_cli import OnCommand
from tests.vmware.vcenter import BASE
from tests.vmware.vcenter import STORE
from vcenter_simulator import fail

MOVE = 'MoveDatastoreFile_Task'
RAW = b'a disk of some guest'.ljust(2**12, b'.') * 2**9


class PrefetchCase(OnCommand):
    def setUp(self):
        super().setUp()
        self.file = self.conf.parent / 'disk.raw'
        self.file.write_bytes(RAW)
        self.staging = self.conf.parent / 'staging'
        self.configure(f'staging_path = {self.staging}')

    def serve(self):
        server = self.enterContext(LyingServer())
        with self.conf.open('a') as conf:
            conf.write(
                '[imagecache_glance]\nauth_type = none\n'
                f'endpoint = {server.url}\ntimeout_seconds = 2\n'
            )
        return server

    def convert(self, form, *options):
        """Give the disk in another format, as a file."""
        file = self.conf.parent / f'disk.{form}'
        make = ['qemu-img', 'convert', '-f', 'raw', '-O', form, *options]
        subprocess.run([*make, self.file, file], check=True)  # noqa: S603
        return str(file)

    def fetch_file(self, file=None, *more):
        place = str(file or self.file)
        return self.out('prefetch', 'debian', '--from', place, *more)

    def read(self, path):
        place = self.actors.place(f'[{STORE}] {BASE}/{path}')
        return place.node.content

    def tree(self, folder):
        place = self.actors.place(f'[{STORE}] {folder}')
        return {} if place.node is None else self.actors.tree(str(place))

    def assertNothingOnItsWay(self):
        """Neither room is reserved, nor is anything staged anywhere."""
        self.assertEqual({}, self.tree(f'{BASE}_coming'))
        self.assertEqual({}, self.tree('vmware_temp'))
        self.assertEqual([], list(self.staging.glob('*.stage')))


class TestPrefetch(PrefetchCase):
    def test_a_file(self):
        said = self.fetch_file()
        self.assertRegex(said, rf'^debian is cached in {STORE}: 2 MiB in ')
        self.assertEqual(['debian'], [row['image'] for row in self.rows()])
        self.assertEqual(RAW, self.read('debian/debian-flat.vmdk'))
        self.assertNothingOnItsWay()
        self.assertIn('already', self.fetch_file())

    def test_what_the_image_service_has(self):
        server = self.serve()
        server.faults.append(Fault(cut=1_000_000))
        [row] = json.loads(self.out('prefetch', IMAGE, '-f', 'json'))
        self.assertEqual(('cached', 2), (row['did'], row['tries']))
        self.assertEqual(CONTENT, self.read(f'{IMAGE}/{IMAGE}-flat.vmdk'))
        self.assertNothingOnItsWay()

    def test_another_format_is_converted(self):
        self.fetch_file(self.convert('qcow2'))
        self.assertEqual(RAW, self.read('debian/debian-flat.vmdk'))
        self.assertNothingOnItsWay()

    def test_a_sparse_disk(self):
        self.fetch_file(self.convert('vmdk'))
        self.assertEqual(
            {'debian.vmdk', 'debian-flat.vmdk'},
            {
                one
                for one in self.tree(f'{BASE}/debian')
                if one.startswith('debian')
            },
        )
        self.assertNothingOnItsWay()

    def test_a_streamed_disk(self):
        disk = self.convert('vmdk', '-o', 'subformat=streamOptimized')
        done = self.run_command('prefetch', 'debian', '--from', disk)
        self.assertIn('set import_pool and import_folder', done.stdout)
        self.assertEqual([], self.rows())
        self.configure(
            f'staging_path = {self.staging}',
            import_pool=PLACE.pool,
            import_folder=PLACE.folder,
        )
        self.fetch_file(disk)
        self.assertEqual(
            {'debian.vmdk', 'debian-flat.vmdk'},
            {
                one
                for one in self.tree(f'{BASE}/debian')
                if one.startswith('debian')
            },
        )
        self.assertNothingOnItsWay()

    def test_a_vcenter_that_breaks_leaves_no_half_image(self):
        with self.failing(MOVE, fail('CannotAccessFile', file='x')):
            done = self.run_command(
                'prefetch', 'debian', '--from', str(self.file)
            )
        self.assertEqual(3, done.returncode, done.stderr)
        self.assertIn('could not be fetched', done.stdout)
        self.assertEqual([], self.rows())
        self.assertEqual({}, self.tree(f'{BASE}_coming'))
        self.assertEqual({}, self.tree('vmware_temp'))

    def test_ctrl_c_gives_the_room_back(self):
        with self.begin_slowly() as process:
            process.send_signal(signal.SIGINT)
            said, complaint = process.communicate(timeout=30)
        self.assertEqual(3, process.returncode, complaint)
        self.assertIn('could not be fetched', said)
        self.assertEqual({}, self.tree(f'{BASE}_coming'))
        self.assertEqual([], self.rows())

    def begin_slowly(self):
        """Begin to fetch, and wait for the room to be reserved."""
        command = [*PROGRAM, 'prefetch', 'debian', '--from', str(self.file)]
        command += ['--max-rate', '100k', '--config-file', str(self.conf)]
        process = subprocess.Popen(  # noqa: S603 -- our own program
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {'COLUMNS': '200'},
        )
        while not list(self.staging.glob('*.stage')):
            time.sleep(0.05)
        self.assertEqual(1, len(self.tree(f'{BASE}_coming')))
        return process
