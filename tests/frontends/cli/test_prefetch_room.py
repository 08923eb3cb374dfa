"""``imagecache prefetch`` in a small store: room, and what is made for whom.

It takes root, for the store is a disk of its own.
"""

import hashlib
import os
import signal
import subprocess
import time

import pytest

from tests.frontends.cli.test_prefetch import PrefetchCase
from tests.sources.lying_server import IMAGE

MIB = 2**20


class SmallStore(PrefetchCase):
    """A store of 20 MiB, as a disk of its own."""

    def setUp(self):
        super().setUp()
        mount = ['mount', '-t', 'tmpfs', '-o', 'size=20M', 'tmpfs', self.path]
        subprocess.run(mount, check=True)  # noqa: S603, S607
        self.addCleanup(
            subprocess.run,
            ['umount', '-l', self.path],  # noqa: S607
            check=True,
        )
        os.chmod(self.path, 0o755)  # noqa: S103

    def write_file(self, name, size):
        file = self.root / name
        file.write_bytes(os.urandom(size))
        return file


@pytest.mark.xdist_group('machine')
class TestRoom(SmallStore):
    def test_the_next_run_goes_on_where_it_was_cut(self):
        # 12 of the 17 MiB below the mark; six of these are staged already.
        file = self.write_file('big.raw', 12 * MIB)
        hashed = hashlib.sha256(file.read_bytes()).hexdigest()
        words = ['big', '--from', str(file), '--checksum', f'sha256:{hashed}']
        self.configure('high_watermark = 85', 'low_watermark = 80')
        running = self.begin('prefetch', *words, '--max-rate', '3M')
        deadline = time.monotonic() + 30
        while (
            time.monotonic() < deadline
            and sum(
                os.stat(os.path.join(folder, one)).st_size
                for folder, _, files in os.walk(self.path)
                for one in files
            )
            < 6 * MIB
        ):
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=20)
        done = self.run_on('prefetch', *words)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)

    def cache_idle(self):
        self.run_on('add', 'idle', str(self.write_file('idle.raw', 9 * MIB)))
        self.age(days=5)
        time.sleep(2)
        users = self.in_use('# nobody\n')
        self.assertIn('idle', self.rows())
        return users

    def test_a_refusal_says_that_users_are_not_known(self):
        self.run_on('add', 'idle', str(self.write_file('idle.raw', 9 * MIB)))
        self.configure('high_watermark = 85', 'low_watermark = 80')
        words = ['new', '--from', str(self.write_file('new.raw', 10 * MIB))]
        said = self.out('prefetch', *words, code=3)
        self.assertIn('; who uses 9 MiB more is not known. Tell who', said)
        self.assertIn('--in-use, --in-use-complete.', said)
        users = self.in_use('# nobody\n')
        said = self.out('prefetch', *words, *users, code=3)
        self.assertIn('and what may go frees 0 B\n', said)

    def prefetch_new(self, option):
        """Fetch what takes the room of an image that may go."""
        users = self.cache_idle()
        self.configure(
            'high_watermark = 85',
            'low_watermark = 80',
            'remove_unused_original_minimum_age_seconds = 1',
            option,
        )
        file = self.write_file('new.raw', 10 * MIB)
        return self.run_on('prefetch', 'new', '--from', str(file), *users)

    def test_a_staging_path_of_no_use_costs_no_image(self):
        done = self.prefetch_new('staging_path = /nonexistent/folder')
        self.assertNotEqual(0, done.returncode)
        self.assertIn('idle', self.rows(), done.stdout)

    def test_an_image_that_is_known_to_be_too_large_costs_no_image(self):
        done = self.prefetch_new('max_image_size_bytes = 1000000')
        self.assertEqual(3, done.returncode, done.stdout)
        self.assertIn('idle', self.rows(), done.stdout)


class TestSizes(PrefetchCase):
    def test_no_byte_of_what_is_announced_too_large_is_fetched(self):
        self.configure('max_image_size_bytes = 1000000')
        server = self.serve()
        self.assertEqual(3, self.run_on('prefetch', IMAGE).returncode)
        self.assertEqual([], server.ranges)

    def test_a_disk_of_100_tib_in_2_mib_is_refused(self):
        file = self.root / 'huge.qcow2'
        make = ['qemu-img', 'create', '-q', '-f', 'qcow2', str(file), '100T']
        subprocess.run(make, check=True)  # noqa: S603
        done = self.run_on('prefetch', 'huge', '--from', str(file))
        self.assertEqual(3, done.returncode, done.stdout)
