"""``imagecache prefetch`` on a pool: what comes in, and what is left."""

import hashlib
import json
import os
import signal
import subprocess
import time

from tests.sources.lying_server import CONTENT
from tests.sources.lying_server import Fault
from tests.sources.lying_server import IMAGE
from tests.sources.lying_server import LyingServer
from tests.staging import packed
from tests.xenapi.test_cli import CommandCase

RAW = b'a disk of some guest'.ljust(2**12, b'.') * 2**9
VISIBLE = 'storage-0'


class PrefetchCase(CommandCase):
    def setUp(self):
        super().setUp()
        self.folder = self.conf.parent
        self.file = self.folder / 'disk.raw'
        self.file.write_bytes(RAW)
        self.configure()

    def configure(self, *lines, **given):
        super().configure(f'srs = {VISIBLE}', *lines, **given)
        with self.conf.open('a') as conf:
            conf.write(f'[imagecache]\nstaging_path = {self.staging}\n')

    @property
    def staging(self):
        return self.conf.parent / 'staging'

    def serve(self, content=CONTENT, **changes):
        server = self.enterContext(LyingServer(content=content))
        server.image |= changes
        server.name_in(self.conf)
        return server

    def listed(self):
        rows = json.loads(self.out('list', '-f', 'json'))
        return {row['image']: row for row in rows}

    def only_disk(self):
        """Give the one that there is: no room is reserved any more."""
        [uuid] = self.vdis()
        return self.ref(uuid)

    def assertHas(self, content, image_id):
        ref = self.only_disk()
        config = self.record(ref)['other_config']
        self.assertEqual(image_id, config['image-id'])
        found = hashlib.sha256(content).hexdigest()
        self.assertEqual(found, self.actors.content(ref))


class TestPrefetch(PrefetchCase):
    def test_a_file(self):
        said = self.out('prefetch', 'debian', '--from', str(self.file))
        self.assertRegex(said, r'^debian is cached in storage-0: 2 MiB in ')
        self.assertHas(RAW, 'debian')
        self.assertEqual([], list(self.staging.glob('*.stage')))
        self.assertIn('held by prefetch', self.out('show', 'debian'))
        said = self.out('prefetch', 'debian', '--from', str(self.file))
        self.assertIn('already', said)

    def test_what_the_image_service_has(self):
        server = self.serve()
        server.faults.append(Fault(cut=1_000_000))
        [row] = json.loads(self.out('prefetch', IMAGE, '-f', 'json'))
        self.assertEqual(('cached', 2), (row['did'], row['tries']))
        self.assertHas(CONTENT, IMAGE)

    def test_another_format_is_converted(self):
        file = self.folder / 'disk.qcow2'
        make = ['qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2']
        subprocess.run([*make, str(self.file), str(file)], check=True)  # noqa: S603
        self.out('prefetch', 'debian', '--from', str(file))
        record = self.record(self.only_disk())
        self.assertEqual(len(RAW), int(record['virtual_size']))

    def test_the_disk_of_a_tar_gz_as_novas_plug_in_makes_it(self):
        vhd = packed.make_vhd(self.folder, RAW)
        server = self.serve(
            packed.pack(('0.vhd', vhd)),
            container_format='ovf',
            disk_format='vhd',
            virtual_size=1,
        )
        server.faults.append(Fault(cut=1_000))
        [row] = json.loads(self.out('prefetch', IMAGE, '-f', 'json'))
        self.assertEqual(('cached', ''), (row['did'], row['detail']))
        ref = self.only_disk()
        self.assertEqual(len(RAW), int(self.record(ref)['virtual_size']))
        self.assertHas(vhd, IMAGE)
        self.assertEqual([], os.listdir(self.staging))

    def test_a_chain_of_vhds_is_not_supported(self):
        vhd = packed.make_vhd(self.folder, RAW)
        child = packed.make_child(vhd)
        file = self.folder / 'chain.tgz'
        file.write_bytes(packed.pack(('0.vhd', child), ('1.vhd', vhd)))
        place = str(file)
        done = self.run_on('prefetch', 'debian', '--from', place, '-f', 'json')
        [row] = json.loads(done.stdout)
        self.assertEqual('unsupported', row['did'])
        self.assertIn('a chain of several VHDs', row['detail'])
        self.assertEqual(set(), self.vdis())

    def test_a_pool_that_breaks_leaves_no_half_image(self):
        with self.failing('VDI.set_name_label'):
            done = self.run_on('prefetch', 'debian', '--from', str(self.file))
        self.assertEqual(3, done.returncode, done.stderr)
        self.assertIn('could not be fetched', done.stdout)
        self.assertNotIn('Traceback', done.stderr)
        self.assertEqual(set(), self.vdis())

    def test_ctrl_c_gives_the_room_back(self):
        process = self.begin_slowly()
        process.send_signal(signal.SIGINT)
        said, complaint = process.communicate(timeout=30)
        self.assertEqual(3, process.returncode, complaint)
        self.assertIn('could not be fetched', said)
        self.assertEqual(set(), self.vdis())

    def begin_slowly(self):
        """Begin to fetch, and wait for the room to be reserved."""
        command = ['prefetch', 'debian', '--from', str(self.file)]
        process = self.begin(*command, '--max-rate', '100k')
        while not list(self.staging.glob('*.stage')):
            time.sleep(0.05)
        self.assertEqual(1, len(self.vdis()))
        return process

    def test_what_cannot_be_verified_is_said_to_be(self):
        self.out('prefetch', 'debian', '--from', str(self.file))
        said = self.out('verify')
        self.assertIn('debian in storage-0 cannot be verified', said)
