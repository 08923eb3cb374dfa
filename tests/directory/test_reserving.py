"""Room that is reserved in a store, as all that share it see it."""

import dataclasses
import datetime
import os
import threading
from unittest import mock

from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.directory import reserving
from imagecache_handlers import Reservation
from imagecache_handlers import StoreFull
from imagecache_handlers import StoreUnavailable
from imagecache_handlers import Unsupported
from tests.directory.apart import as_root
from tests.directory.apart import NOBODY
from tests.directory.place import full
from tests.directory.place import IMAGE
from tests.directory.place import NovaPlace
from tests.directory.place import OTHER
from tests.directory.place import THEN
from tests.directory.staged import Staging

MINUTE = datetime.timedelta(minutes=1)
DAY = datetime.timedelta(days=1)


class Reserving:
    def setUp(self):
        super().setUp()
        self.now = THEN

    def clock(self):
        return self.now

    def one(self, token='host-a', **changes):
        changes.setdefault('until', THEN + 10 * MINUTE)
        changes.setdefault('image_id', IMAGE)
        return Reservation(
            store=self.path, token=token, **{'size': 2**30, **changes}
        )

    def reserve(self, *ones):
        for one in ones:
            self.connect().reserve(one)

    def listed_there(self):
        found = self.connect().reservations(self.path)
        return sorted(found, key=lambda one: one.token)

    def test_everybody_sees_what_was_reserved(self):
        self.assertEqual([], self.listed_there())
        ones = [self.one(), self.one('host-b', image_id=OTHER, size=0)]
        self.reserve(*ones)
        self.assertEqual(ones, self.listed_there())

    def test_it_says_the_very_same_to_the_microsecond(self):
        zone = datetime.timezone(datetime.timedelta(hours=-7))
        for until in (
            THEN.replace(microsecond=123456).astimezone(zone),
            datetime.datetime.max.replace(tzinfo=datetime.UTC),
        ):
            one = self.one(until=until, size=10**30)
            self.reserve(one)
            self.assertEqual([one], self.listed_there())

    def test_another_of_that_token_takes_its_place(self):
        for one in (
            self.one(),
            self.one(until=THEN + 20 * MINUTE),
            self.one(until=THEN + 5 * MINUTE, size=5),
            self.one(until=THEN + 5 * MINUTE, size=7),
            self.one(until=THEN + 5 * MINUTE, size=7),
        ):
            self.reserve(one)
            self.assertEqual([one], self.listed_there())
        self.assertEqual(1, len(self.staged()))

    def test_it_is_on_record_all_the_time(self):
        self.reserve(self.one())
        real, seen = os.unlink, []

        def unlink(name, **options):
            seen.append(self.listed_there())
            real(name, **options)
            seen.append(self.listed_there())

        new = self.one(until=THEN + 20 * MINUTE)
        with mock.patch.object(os, 'unlink', unlink):
            self.reserve(new)
        self.assertEqual([[new], [new]], seen)

    def test_of_two_that_were_left_the_later_counts(self):
        later = {'until': THEN + 20 * MINUTE}
        tokens = [f'host-{number:02}' for number in range(20)]
        with mock.patch.object(reserving, '_drop_others'):
            for token in tokens:
                self.reserve(self.one(token), self.one(token, **later))
        self.assertEqual(40, len(self.staged()))
        self.assertEqual(
            [self.one(token, **later) for token in tokens], self.listed_there()
        )

    def test_it_is_seen_while_it_is_replaced(self):
        """A list that was read while names changed may have neither."""
        old, new = self.one(), self.one(until=THEN + 20 * MINUTE)
        self.reserve(old)
        real, left = os.listdir, [1]

        def listdir(fd):
            if left:
                left.clear()
                self.reserve(new)
                return []
            return real(fd)

        with mock.patch.object(reserving.os, 'listdir', listdir):
            self.assertEqual([new], self.listed_there())

    def test_it_is_given_back_by_its_token(self):
        self.connect().unreserve(self.one())
        self.reserve(self.one(), self.one('host-b'), self.one('host'))
        self.connect().unreserve(self.one(image_id=OTHER, size=1))
        self.assertEqual(
            [self.one('host'), self.one('host-b')], self.listed_there()
        )
        self.connect().unreserve(self.one())

    def test_what_is_over_is_listed_for_a_day_and_then_debris(self):
        one = self.one()
        self.reserve(one, self.one('host-b', until=THEN + DAY))
        self.now = one.until + DAY - MINUTE
        self.assertIn(one, self.listed_there())
        self.assertEqual([], list(self.connect().debris(self.path)))
        self.now = one.until + DAY
        self.assertNotIn(one, self.listed_there())
        [piece] = self.connect().debris(self.path)
        self.assertEqual(0, piece.size)
        self.assertIn('reserved', piece.why)
        self.connect().clean(piece)
        self.assertEqual([], list(self.connect().debris(self.path)))
        self.assertEqual(1, len(self.staged()))

    def test_what_was_renewed_meanwhile_is_no_debris(self):
        one = self.one()
        self.reserve(one)
        self.now = one.until + 2 * DAY
        [piece] = self.connect().debris(self.path)
        renewed = dataclasses.replace(one, until=self.now + MINUTE)
        self.reserve(renewed)
        self.assertEqual(0, self.connect().clean(piece))
        self.assertEqual([renewed], self.listed_there())

    def test_it_is_no_image_nor_is_any_changed_by_it(self):
        self.add()
        before = self.listed()
        self.reserve(self.one(image_id=self.image))
        self.assertEqual(before, self.listed())
        self.assertEqual([], list(self.connect().debris(self.path)))

    def test_what_nobody_wrote_so_is_nothing(self):
        self.reserve(self.one())
        for name in (
            '+host-b.1.20261101t120000000000z',
            '+host-b.1.20261399t120000000000z.image',
            '+host-b.1.20261101t1200z.image',
            '+host-b.-1.20261101t120000000000z.image',
            '+host-b.x.20261101t120000000000z.image',
            '+HOST.1.20261101t120000000000z.image',
            '+host-b.1.20261101t120000000000z..image',
            '+host-b.1.20261101t120000000000z.ima ge',
            '+host-b.1.20261101t120000000000z.im\nage',
            '+.1.20261101t120000000000z.image',
            '++',
            'host-b.1.20261101t120000000000z.image',
        ):
            (self.incoming / name).write_bytes(b'whatever')
        link = self.incoming / '+host-b.1.20261101t120000000000z.link'
        link.symlink_to('/etc/passwd')
        (self.incoming / '+host-b.1.20261101t120000000000z.d').mkdir()
        self.assertEqual([self.one()], self.listed_there())

    @as_root
    def test_nor_is_what_belongs_to_others(self):
        self.reserve(self.one(), self.one('host-b'))
        [name] = [name for name in self.staged() if '+host-b' in name]
        os.chown(self.incoming / name, NOBODY, NOBODY)
        self.assertEqual([self.one()], self.listed_there())

    def test_what_lies_in_its_place_is_neither_followed_nor_written(self):
        """By the hand of who owns the folder, where root reserves."""
        self.reserve(self.one())
        [name] = self.staged()
        path, precious = self.incoming / name, self.root / 'precious'
        precious.write_bytes(b'precious')
        before = precious.stat()
        for put in (
            lambda: path.symlink_to(precious),
            lambda: path.symlink_to(self.root / 'new'),
            lambda: os.mkfifo(path),
            lambda: os.link(precious, path),
        ):
            path.unlink()
            put()
            self.reserve(self.one())
            self.listed_there()
        found = precious.stat()
        self.assertEqual(b'precious', precious.read_bytes())
        self.assertEqual(before.st_mtime_ns, found.st_mtime_ns)
        self.assertEqual(before.st_mode, found.st_mode)
        self.assertFalse((self.root / 'new').exists())

    def test_a_name_that_is_too_long_is_refused(self):
        longest = 255 - len('+host-a.1073741824.20261101t121000000000z.')
        self.reserve(self.one(image_id='x' * longest))
        with self.assertRaises(Unsupported):
            self.reserve(self.one(image_id='x' * (longest + 1)))
        [one] = self.listed_there()
        self.assertEqual('x' * longest, one.image_id)

    def test_no_block_is_written_for_it(self):
        """A disk that is full is to be freed for it, after all."""
        self.connect().staging(self.path)
        with (
            mock.patch.object(os, 'write', full),
            mock.patch.object(os, 'fsync', full),
        ):
            self.reserve(self.one())
        self.assertEqual([self.one()], self.listed_there())
        [name] = self.staged()
        self.assertEqual(0, (self.incoming / name).stat().st_blocks)

    def test_where_there_is_no_room_for_a_name_that_is_told(self):
        with (
            mock.patch.object(reserving.rights, 'make', full),
            self.assertRaises(StoreFull),
        ):
            self.reserve(self.one())
        self.assertEqual([], self.listed_there())

    def test_a_store_in_trouble_is_unavailable(self):
        self.reserve(self.one())
        self.incoming.chmod(0o755)
        handler = self.connect()
        for act in (
            lambda: handler.reservations(self.path),
            lambda: handler.reserve(self.one()),
            lambda: handler.unreserve(self.one()),
        ):
            with self.assertRaisesRegex(StoreUnavailable, 'may enter it'):
                list(act() or ())
        stranger = DirectoryHandler([str(self.root)], clock=self.clock)
        for act in (
            lambda: stranger.reservations(self.path),
            lambda: stranger.reserve(self.one()),
            lambda: stranger.unreserve(self.one()),
        ):
            with self.assertRaises(StoreUnavailable):
                list(act() or ())

    def test_many_at_once_lose_none(self):
        def work(number):
            for step in range(10):
                until = THEN + (step + 1) * MINUTE
                self.reserve(self.one(f'host-{number}', until=until))

        threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        last = THEN + 10 * MINUTE
        self.assertEqual(
            [self.one(f'host-{n}', until=last) for n in range(8)],
            self.listed_there(),
        )
        self.assertEqual(8, len(self.staged()))


class TestReserving(Reserving, Staging):
    pass


class TestReservingInNova(Reserving, NovaPlace, Staging):
    pass
