"""The handler ``memory`` keeps every promise, whether or not it sees users."""

import contextlib
import datetime
import sys
import unittest
from unittest import mock

from imagecache_handlers import model
from imagecache_handlers.testing import conformance
from imagecache_handlers.testing.memory import Entry
from imagecache_handlers.testing.memory import MemoryHandler
from imagecache_handlers.testing.memory import Shelf

CACHED_AT = datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)
FOREIGN = {
    'vm-disk': None,
    conformance.ONE: None,
    'no id': '',
    '../../etc/passwd': '../../etc/passwd',
    'snapshot': f'{conformance.ONE}/..',
    'a\nb': '*',
    '-rf': '-rf',
}


class Latest(contextlib.AbstractContextManager):
    """A lock that calls somebody before an evict of ours takes it."""

    def __init__(self, lock, act):
        self.lock = lock
        self.act = act

    def __enter__(self):
        if sys._getframe(1).f_code.co_name == 'evict':
            self.act()
        return self.lock.__enter__()

    def __exit__(self, *error):
        return self.lock.__exit__(*error)


class ShelfHooks(conformance.HandlerHooks):
    """What the kit asks of an author, for a shelf."""

    sees_users = True
    holds_copies = True
    handler = MemoryHandler
    outages = doom = None
    absent = {
        'outages': 'a dict cannot be read by half',
        'doom': 'a dict is gone with its process',
    }

    def setUp(self):
        self.shelf = Shelf(sees_users=self.sees_users)
        self.seeded = 0

    def connect(self):
        return self.handler(self.shelf)

    def seed(self, image_id, *, size=2**20):
        self.seeded += 1
        location = f'object-{self.seeded}'
        entry = Entry(image_id=image_id, size=size, cached_at=CACHED_AT)
        self.shelf.entries[location] = entry
        return location

    def lose(self, image):
        del self.shelf.entries[image.location]

    def occupy(self, image, user):
        self.shelf.entries[image.location].users.add(user)

    def vacate(self, image, user):
        self.shelf.entries[image.location].users.remove(user)

    def last_step(self, act):
        latest = Latest(self.shelf.lock, act)
        return mock.patch.object(self.shelf, 'lock', latest)

    def foreign(self):
        for name, image_id in FOREIGN.items():
            self.shelf.entries[name] = Entry(image_id=image_id, size=2**30)
        return list(FOREIGN)

    def foreign_left(self):
        return [
            name
            for name, image_id in FOREIGN.items()
            if self.shelf.entries.get(name)
            == Entry(image_id=image_id, size=2**30)
        ]


class TestMemory(
    ShelfHooks, conformance.HandlerConformance, unittest.TestCase
):
    pass


class TestBlindMemory(TestMemory):
    sees_users = False


class TestReusedLocation(TestMemory):
    """A location that names the image, as paths do."""

    holds_copies = False

    def seed(self, image_id, *, size=2**20):
        location = super().seed(image_id, size=size)
        entry = self.shelf.entries.pop(location)
        self.shelf.entries[f'{image_id}.img'] = entry
        return f'{image_id}.img'


class TestHooks(unittest.TestCase):
    """An author who forgets a hook is told which, and what it is for."""

    def test_every_hook_raises_until_supplied(self):
        class Unfinished(conformance.HandlerConformance, unittest.TestCase):
            pass

        test = Unfinished('test_a_handler_is_truthy')
        image = model.CachedImage(
            image_id='a', store='s', location='l', size=0
        )
        for hook, arguments in {
            'connect': (),
            'seed': ('a',),
            'lose': (image,),
            'occupy': (image, 'vm'),
            'vacate': (image, 'vm'),
            'foreign': (),
            'foreign_left': (),
            'litter': (),
            'outages': (),
            'doom': (lambda: None,),
        }.items():
            with self.subTest(hook=hook):
                wanted = f'Unfinished must supply {hook}: [A-Z]'
                with self.assertRaisesRegex(NotImplementedError, wanted):
                    getattr(test, hook)(*arguments)

    def test_an_author_must_say_whether_users_are_seen(self):
        test = type('Mine', (conformance.HandlerHooks,), {})()
        with self.assertRaisesRegex(NotImplementedError, 'sees_users: Say'):
            self.assertIsNone(test.sees_users)

    def test_a_doom_without_a_step_is_told(self):
        class Deathless(
            ShelfHooks, conformance.HandlerConformance, unittest.TestCase
        ):
            def doom(self, step):
                pass

        result = unittest.TestResult()
        Deathless('test_a_mark_that_died_lost_no_label').run(result)
        [(_, told)] = result.failures
        self.assertIn('doom() has its step called nowhere', told)

    def test_the_kit_is_no_test_case_itself(self):
        self.assertFalse(
            issubclass(conformance.HandlerConformance, unittest.TestCase)
        )
