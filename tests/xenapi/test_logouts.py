"""Whatever ends a command, it logs out; and soon, whoever is away."""

import signal
import threading
import time
from unittest import mock

from imagecache_handlers.transport.errors import Unreachable
from imagecache_handlers_xenapi.port.dialling import ConnectionOptions
from imagecache_handlers_xenapi.port import session
from tests.xenapi.pool import SEEN
from tests.xenapi.port.test_session import PortCase
from tests.xenapi.test_cli import CommandCase
from tests.xenapi.test_cli import LONG_AGO
from xapi_simulator import fail
from xapi_simulator import hang

FIND = 'VDI.get_all_records_where'
DESTROY = 'Async.VDI.destroy'
# For a busy machine, beside the five seconds.
SLACK = 10


def sessions(pool):
    return dict(pool.world.records.rows('session'))


class TestPort(PortCase):
    def test_a_logout_that_is_not_answered_is_not_waited_for(self):
        port = self.open(dialling=ConnectionOptions(timeout=60, insecure=True))
        port.login()
        self.pool.before('session.logout', hang(50))
        began = time.monotonic()
        port.close()
        self.assertLess(time.monotonic() - began, 5 + SLACK)

    def test_nor_one_that_cannot_be_sent(self):
        port = self.open()
        port.login()
        with self.host_away():
            port.close()

    def test_a_login_that_was_given_up_is_logged_out_too(self):
        port = self.open()
        port.login()
        with (
            mock.patch.object(session, 'PROMPT', -1),
            self.assertRaises(Unreachable),
        ):
            port.once('pool.get_all')
        port.call('pool.get_all')
        port.close()
        self.assertEqual({}, sessions(self.pool))

    def test_what_is_closed_logs_in_no_more(self):
        port = self.open()
        port.login()
        port.close()
        with self.assertRaisesRegex(Unreachable, 'closed'):
            port.call('pool.get_all')
        self.assertEqual({}, sessions(self.pool))


class TestCommands(CommandCase):
    def setUp(self):
        super().setUp()
        self.cache('debian', labels=[SEEN, LONG_AGO])
        self.cache('alpine', labels=[SEEN, LONG_AGO])
        self.old('debian', 'alpine')

    def tearDown(self):
        # Logged in it was, and is no more.
        self.assertGreater(
            self.pool.counters.of('session.login_with_password'), 0
        )
        self.assertEqual({}, sessions(self.pool))
        super().tearDown()

    def end(self, numbers, *arguments, at, for_seconds):
        """Send signals while a call is under way; give what was said."""
        begun = threading.Event()

        def meet():
            begun.set()
            time.sleep(for_seconds)

        self.pool.steering.clear()
        self.pool.before(at, meet)
        process = self.begin(*arguments)
        self.assertTrue(begun.wait(60))
        for number in numbers:
            process.send_signal(number)
            time.sleep(0.3)
        _, errors = process.communicate(timeout=60)
        self.assertNotIn('Traceback', errors)
        return process.returncode, errors

    def test_an_end_as_it_should_be(self):
        for command in 'list', 'plan', 'sweep':
            self.assertEqual(0, self.run_on(command).returncode)
            self.assertEqual({}, sessions(self.pool))

    def test_an_error_in_the_middle(self):
        for number in range(1, 9):
            self.pool.before(FIND, fail('INTERNAL_ERROR', 'x'), number)
        self.assertEqual(1, self.run_on('plan').returncode)

    def test_signals_to_what_only_reads(self):
        for numbers in (
            [signal.SIGINT],
            [signal.SIGTERM],
            [signal.SIGINT, signal.SIGINT],
            [signal.SIGTERM, signal.SIGINT],
        ):
            with self.subTest(numbers):
                code, errors = self.end(
                    numbers, 'plan', at=FIND, for_seconds=3
                )
                # The second may come when all has been done.
                self.assertIn(code, (130, -signal.SIGINT))
                self.assertIn('interrupted', errors)
                self.assertEqual({}, sessions(self.pool))

    def test_signals_to_a_sweep(self):
        for numbers in (
            [signal.SIGINT, signal.SIGINT],
            [signal.SIGTERM, signal.SIGTERM],
            [signal.SIGTERM],
        ):
            with self.subTest(numbers):
                # What the last one left wears its claims.
                image_id = f'image-{len(self.vdis())}'
                self.cache(image_id, labels=[SEEN, LONG_AGO])
                self.old(image_id)
                code, errors = self.end(
                    numbers, 'sweep', at=DESTROY, for_seconds=3
                )
                self.assertEqual(1 if len(numbers) == 1 else 130, code)
                self.assertIn('ending after the current image', errors)
                self.assertEqual({}, sessions(self.pool))

    def test_a_service_that_is_ended(self):
        self.conf.write_text(
            self.conf.read_text().replace(
                '[imagecache]', '[imagecache]\nmanager_interval = 1'
            )
        )
        code, _ = self.end([signal.SIGTERM], 'run', at=FIND, for_seconds=1)
        self.assertEqual(0, code)
