"""Processes that die at any step of what is staged, reserved or set aside."""

import contextlib
import datetime
import os

from imagecache_handlers import Reservation
from tests.directory.place import IMAGE
from tests.directory.place import NovaPlace
from tests.directory.place import THEN
from tests.directory.staged import STAGED
from tests.directory.staged import Staging
from tests.directory.test_crashes import Mortal

LABELS = {'site.a', 'lease.prefetch.20991101t000000z'}
HOUR = datetime.timedelta(hours=1)


class Steps(Mortal):
    def clean(self):
        """Clear up as a later pass would; no image may go by that."""
        before = self.listed()
        handler = self.connect()
        for piece in handler.debris(self.path):
            handler.clean(piece)
        self.assertEqual([], list(handler.debris(self.path)))
        self.assertEqual(before, self.listed())

    def left(self):
        """Name what lies there but for what was set aside."""
        return [one for one in self.entries() if 'quarantine' not in one]


class Dying:
    def test_an_add_by_link_leaves_all_or_nothing(self):
        self.stage()
        ends = set()

        def settle():
            listed = self.listed()
            for image in listed:
                self.assertEqual(LABELS, image.marks.labels)
                self.assertEqual(self.bytes, self.file().read_bytes())
                # What was staged is no user, nor is a stage of ours.
                self.assertFalse(image.users)
                self.assertIsNone(image.unknown)
                # Nobody who goes on with it ever writes in an image.
                self.assertEqual([], self.staged())
            self.clean()
            for image in listed:
                self.assertEqual(1, self.file().stat().st_nlink)
                self.connect().evict(image)
            self.assertEqual([], self.left())
            ends.add((bool(listed), bool(self.staged())))
            if self.staged():
                self.assertEqual([STAGED], self.staged())
                path = self.incoming / STAGED
                self.assertEqual(self.bytes, path.read_bytes())
                self.assertEqual(1, path.stat().st_nlink)
            else:
                self.stage()
            self.add_staged(LABELS)
            self.assertEqual(LABELS, self.labels())
            self.connect().evict(*self.listed())
            self.assertEqual([], self.left())
            self.stage()

        self.die_at_each_step(lambda: self.add_staged(LABELS), settle)
        # Lost between two calls, had anew, and nothing of it stays.
        self.assertLessEqual({(False, True), (True, False)}, ends)
        self.assertNotIn((True, True), ends)

    def test_setting_aside_leaves_it_here_or_there(self):
        image = self.add(labels=LABELS)
        content = self.file().read_bytes()

        def settle():
            aside = self.set_aside()
            self.assertEqual(1, len(self.listed()) + len(aside))
            self.clean()
            for name in aside:
                path = self.quarantine / name
                self.assertEqual(content, path.read_bytes())
                self.assertFalse(self.sidecar().exists())
                self.assertEqual([], self.left())
                self.move_back(path)
            self.assertEqual([], self.set_aside())
            self.assertEqual(LABELS, self.labels())

        self.die_at_each_step(lambda: self.connect().quarantine(image), settle)

    @property
    def quarantine(self):
        return self.folder / '.imagecache-quarantine'

    def set_aside(self):
        """Name the images there, of which each may have a sidecar."""
        with contextlib.suppress(FileNotFoundError):
            names = os.listdir(self.quarantine)
            return [name for name in names if not name.startswith('.')]
        return []

    def move_back(self, path):
        path.rename(self.file())
        beside = self.quarantine / f'.{path.name}.imagecache'
        if beside.exists():
            beside.rename(self.sidecar())
        else:
            self.write_sidecar(self.image, labels=sorted(LABELS))

    def test_a_reservation_is_there_or_the_one_before(self):
        old = self.reservation(size=1)
        new = self.reservation(size=2, until=THEN + 2 * HOUR)
        self.connect().reserve(old)

        def settle():
            [found] = self.connect().reservations(self.path)
            self.assertIn(found, (old, new))
            self.connect().unreserve(new)
            self.assertEqual([], self.staged())
            self.connect().reserve(old)

        self.die_at_each_step(lambda: self.connect().reserve(new), settle)

    def test_the_first_one_is_there_or_none_is(self):
        new = self.reservation(size=2)

        def settle():
            found = list(self.connect().reservations(self.path))
            self.assertIn(found, ([], [new]))
            self.connect().unreserve(new)
            if self.incoming.exists():
                self.incoming.rmdir()
            self.assertEqual([], self.left())

        self.die_at_each_step(lambda: self.connect().reserve(new), settle)

    def reservation(self, **said):
        said.setdefault('until', THEN + HOUR)
        return Reservation(
            image_id=IMAGE, store=self.path, token='host-a', **said
        )


class TestPlain(Dying, Steps, Staging):
    pass


class TestNova(Dying, Steps, NovaPlace, Staging):
    pass
