"""What a service says is lost on a full disk, and the service is not."""

import errno
import io
import os
import time
import unittest

from imagecache_handlers.frontends.cli.output import ServiceOutput
from tests.frontends.cli.command import Command
from tests.frontends.cli.test_run import TIMEOUT


class Stream(io.StringIO):
    """One that refuses to write for a reason, while it has one."""

    reason = 0

    def flush(self):
        if self.reason:
            raise OSError(self.reason, os.strerror(self.reason))


class TestOutput(unittest.TestCase):
    def test_each_loss_is_told_once(self):
        stream = Stream()
        output = ServiceOutput(stream)
        with self.assertLogs('imagecache', 'ERROR') as log:
            for reason in (errno.ENOSPC, errno.EDQUOT, 0, errno.EIO):
                stream.reason = reason
                output.write('text')
        told = [line.partition('output: ')[2] for line in log.output]
        self.assertEqual(
            [
                'No space left on device; going on without it',
                'Input/output error; going on without it',
            ],
            told,
        )

    def test_a_reader_who_is_gone_ends_it(self):
        stream = Stream()
        stream.reason = errno.EPIPE
        with self.assertRaises(BrokenPipeError):
            ServiceOutput(stream).write('text')


class TestService(Command):
    def test_a_full_disk_of_logs_ends_no_service(self):
        for more in (), ('--log-json',):
            with self.subTest(more):
                self.sweep_without_output(*more)

    def sweep_without_output(self, *more):
        """Run the service on a full disk until it has swept."""
        self.configure('manager_interval = 1')
        marker = self.root / 'swept.prom'
        marker.unlink(missing_ok=True)
        with open('/dev/full', 'w', encoding='utf-8') as full:
            words = ['run', *more, '--textfile', str(marker)]
            service = self.begin(*words, stdout=full)
        self.wait_until_swept(marker, service)
        service.terminate()
        said = service.communicate(timeout=TIMEOUT)[1]
        self.assertEqual(1, said.count('going on without it'), said)
        self.assertEqual(1, service.returncode, said)

    def wait_until_swept(self, marker, service):
        """Wait for what each sweep writes at its end."""
        for _ in range(TIMEOUT * 20):
            if marker.exists():
                return
            if service.poll() is not None:
                break
            time.sleep(0.05)
        self.fail('the service has swept nothing')
