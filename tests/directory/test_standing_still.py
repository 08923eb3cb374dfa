"""Processes that stand still, at the worst of moments, and go on later.

Each case is a folder of its own and a process that stops itself there, by
SIGSTOP, until its claim is long over.  Others are granted the image then, or
are told in time that they are not; whatever was granted is never overtaken.
"""

import contextlib
import dataclasses
import datetime
import io
import os
import pathlib
import signal
import tempfile
import time
import traceback
import unittest
from unittest import mock

import pytest

from imagecache_handlers.clocks import utc_now
from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.directory import evicting
from imagecache_handlers.directory import folder
from imagecache_handlers.directory.system import flock
from imagecache_handlers import Evidence
from imagecache_handlers import ImageCache
from imagecache_handlers import ImageMeta
from imagecache_handlers import Rules
from imagecache_handlers import StoreUnavailable
from tests.directory.place import IMAGE
from tests.directory.place import no_space
from tests.directory.place import sha1

pytestmark = pytest.mark.alone

SECOND = datetime.timedelta(seconds=1)
CLAIM = 6 * SECOND
RULES = Rules(
    min_age=0 * SECOND,
    claim_ttl=CLAIM,
    clock_skew=SECOND / 5,
    removal=CLAIM / 2,
)
# An expiry is rounded up to a second, and live for a skew longer.
OVER = (CLAIM + 2 * SECOND).total_seconds()
TTL = 60 * SECOND
# For those that are to be in time, on however slow a machine.
AMPLE = dataclasses.replace(RULES, claim_ttl=4 * TTL, removal=2 * TTL)
PATIENCE = flock.PATIENCE
UNUSED = 'unused.20200101t000000z'


STOPPED = []


def stop():
    """Stand still, the first time in a process: who is late looks again."""
    if not STOPPED:
        STOPPED.append(os.getpid())
        os.kill(os.getpid(), signal.SIGSTOP)


def before(call):
    def stopping(*arguments, **options):
        stop()
        return call(*arguments, **options)

    return stopping


def after(call):
    def stopping(*arguments, **options):
        result = call(*arguments, **options)
        stop()
        return result

    return stopping


def standing(owner, name, when):
    return mock.patch.object(owner, name, when(getattr(owner, name)))


def at_last_look(when):
    """Stop where the claim is asked for as the last thing."""
    check = evicting.check_claimed

    def checking(image, labels, alive):
        check(image, labels, when(alive))

    return mock.patch.object(evicting, 'check_claimed', checking)


# Where an evictor stops while others can still get at the labels ...
OPEN = {
    'before evict': lambda: standing(DirectoryHandler, 'evict_many', before),
    'before its lock': lambda: standing(evicting, 'hold_image', before),
}
# ... and where it has the lock, before its last look at the claim and after.
LOCKED = {
    'before its last look': lambda: at_last_look(before),
    'after its last look': lambda: at_last_look(after),
    'before the unlink': lambda: standing(folder, 'unlink_image', before),
}


class Case:
    """A folder with one idle image, and a process that works on it."""

    rules = RULES

    def __init__(self, root, layout, labels):
        self.path = root / 'images'
        self.path.mkdir(parents=True)
        self.layout = layout
        nova = layout == 'nova'
        self.file = self.path / (sha1(IMAGE) if nova else IMAGE)
        self.put(labels)
        self.result = root / 'result'

    def put(self, labels):
        if self.layout == 'nova':
            self.file.write_bytes(b'an image')
            os.utime(self.file, (10**9, 10**9))
        else:
            self.add()
        [image] = self.handler().enumerate(str(self.path))
        self.handler().mark(image, labels)

    def add(self):
        meta = ImageMeta(image_id=IMAGE, size=4096, disk_format='raw')
        self.handler().add(meta, io.BytesIO(bytes(4096)), str(self.path))

    def handler(self):
        return DirectoryHandler([str(self.path)], layout=self.layout)

    def cache(self):
        return ImageCache(self.handler(), self.rules)

    def start(self, act, stopping):
        """Have a process act, and give it once it has stopped."""
        self.child = os.fork()
        if self.child == 0:
            self.act(act, stopping)
        _, status = os.waitpid(self.child, os.WUNTRACED)
        assert os.WIFSTOPPED(status), 'it stopped nowhere'

    def act(self, act, stopping):
        try:
            with stopping():
                self.result.write_text(act(self.cache()))
            os._exit(0)
        finally:
            traceback.print_exc()
            os._exit(1)

    def go_on(self):
        """Let it go on to its end; give what it says."""
        os.kill(self.child, signal.SIGCONT)
        _, status = os.waitpid(self.child, 0)
        self.child = 0
        assert os.waitstatus_to_exitcode(status) == 0, 'it failed'
        return self.result.read_text()

    def kill(self):
        if self.child:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.child, signal.SIGKILL)
                os.waitpid(self.child, 0)


def evidence():
    return Evidence(complete=True, as_of=utc_now())


def sweep(cache):
    return told(cache.sweep(evidence).outcomes)


def force(cache):
    return told(cache.evict(IMAGE, evidence(), force=True))


def told(outcomes):
    return ' '.join(f'{one.did}: {one.why}' for one in outcomes)


def pin(cache):
    return f'granted {len(cache.pin(IMAGE, "ops"))}'


def pin_on_a_full_disk(cache):
    with no_space():
        return pin(cache)


def hold(cache):
    return f'granted {len(cache.hold(IMAGE, "vm-1", TTL))}'


EVICTIONS = sweep, force
GRANTS = pin, hold, pin_on_a_full_disk


class Standing(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory(prefix='imagecache-test-')
        self.addCleanup(place.cleanup)
        self.root = pathlib.Path(place.name)
        self.made = 0

    def case(self, evict, layout='plain'):
        self.made += 1
        # Without a label that whoever holds it would take off.
        labels = {UNUSED} if evict is sweep else {}
        case = Case(self.root / f'{self.made}', layout, labels)
        self.addCleanup(case.kill)
        return case

    def impatient(self):
        return mock.patch.object(flock, 'PATIENCE', 0.1)


class TestEvictors(Standing):
    def test_what_is_granted_while_an_evictor_stands_still_stays(self):
        cases = []
        for where, stopping in OPEN.items():
            for evict in EVICTIONS:
                for number, grant in enumerate(GRANTS):
                    case = self.case(evict, ('plain', 'nova')[number % 2])
                    case.start(evict, stopping)
                    name = f'{evict.__name__}, {where}, {grant.__name__}'
                    cases.append((name, case, grant))
        time.sleep(OVER)
        for name, case, grant in cases:
            with self.subTest(name):
                self.assertEqual('granted 1', grant(case.cache()))
                self.assertRegex(
                    case.go_on(), '^kept: .*(label|held or pinned|out of time)'
                )
                self.assertTrue(case.file.exists())
                [image] = case.handler().enumerate(str(case.path))
                self.assertFalse(image.marks.claims)
                self.assertTrue(image.marks.pins or image.marks.leases)

    def test_nobody_is_granted_what_an_evictor_has_locked(self):
        cases = []
        for where, stopping in LOCKED.items():
            for evict in EVICTIONS:
                case = self.case(evict)
                case.start(evict, stopping)
                name = f'{evict.__name__}, {where}'
                cases.append((name, case, where != 'before the unlink'))
        time.sleep(OVER)
        for name, case, stays in cases:
            for grant in GRANTS:
                with self.subTest(name, grant=grant.__name__):
                    self.refused(case, grant)
            with self.subTest(name):
                said = case.go_on()
                self.assertEqual(stays, case.file.exists())
                if stays:
                    self.assertIn('kept: ', said)
                    self.assertIn('ran out of time', said)
                self.assertEqual(f'granted {stays:d}', pin(case.cache()))
                self.assertEqual(stays, case.file.exists())
                self.assertFalse(list(case.path.glob('*-lock')))

    def refused(self, case, grant):
        began = time.monotonic()
        with (
            self.impatient(),
            self.assertRaisesRegex(StoreUnavailable, 'was locked for'),
        ):
            grant(case.cache())
        self.assertLess(time.monotonic() - began, PATIENCE / 2)

    def test_one_that_stood_still_for_less_goes_on(self):
        for evict in EVICTIONS:
            case = self.case(evict)
            case.rules = AMPLE
            case.start(evict, OPEN['before its lock'])
            self.assertIn('evicted', case.go_on())
            self.assertFalse(case.file.exists())


class TestGranters(Standing):
    """The reverse: who asks for it stands still, and others evict."""

    def test_a_label_that_was_written_keeps_the_image(self):
        for evict, grant in (
            *((sweep, grant) for grant in GRANTS),
            (force, hold),
        ):
            with self.subTest(evict=evict, grant=grant):
                case = self.case(evict)
                case.start(grant, lambda: self.marking(after))
                self.assertNotIn('evicted', evict(case.cache()))
                self.assertEqual('granted 1', case.go_on())
                self.assertTrue(case.file.exists())

    def test_a_pin_that_was_seen_and_forced_was_not_granted(self):
        for grant in pin, pin_on_a_full_disk:
            case = self.case(force)
            case.start(grant, lambda: self.marking(after))
            self.assertIn('evicted', force(case.cache()))
            self.assertEqual('granted 0', case.go_on())

    def test_who_wrote_none_is_granted_nothing(self):
        for evict in EVICTIONS:
            for grant in GRANTS:
                with self.subTest(evict=evict, grant=grant):
                    case = self.case(evict)
                    case.start(grant, lambda: self.marking(before))
                    self.assertIn('evicted', evict(case.cache()))
                    self.assertEqual('granted 0', case.go_on())

    def marking(self, when):
        return standing(DirectoryHandler, 'mark', when)

    def test_one_that_stops_with_the_lock_keeps_it(self):
        case = self.case(force)
        case.start(pin, lambda: standing(os, 'rename', before))
        with self.impatient(), contextlib.suppress(StoreUnavailable):
            said = force(case.cache())
            self.assertIn('failed', said)
        self.assertTrue(case.file.exists())
        self.assertEqual('granted 1', case.go_on())
        self.assertTrue(case.file.exists())
