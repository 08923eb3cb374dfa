"""A crash, or a failure, at every system call of a mark on a full disk.

Its sidecar cannot be written: what changes is written in names beside it,
and goes into the sidecar as soon as that can be written again.
"""

import errno
import os
from unittest import mock

from imagecache_handlers.directory import notes
from imagecache_handlers.directory.system import whole_files
from tests.directory.place import NovaPlace
from tests.directory.place import Place
from tests.directory.test_every_call import DONE
from tests.directory.test_every_call import Dying
from tests.directory.test_every_call import Failing
from tests.directory.test_every_call import OPEN
from tests.directory.test_every_call import REFUSED
from tests.directory.test_every_call import Work

# Of these the second is in the sidecar from the beginning, too.
PINNED = {'pin.ops', 'site.a'}
LEASED = {'lease.vm.20990101t000000z', 'pin.ops', 'site.b'}
AGAIN = {'pin.ops', 'site.a', 'site.c'}


class FullDisk(Work):
    """No sidecar is written while it is full; other tests have room."""

    # Where in their sidecar the labels lie at first.
    begin = PINNED

    def setUp(self):
        super().setUp()
        self.cached = self.fetch()
        self.content = self.file().read_bytes()
        self.mark_to(self.begin)

    def fetch(self):
        return self.add()

    def begin_anew(self):
        self.mark_to(self.begin)

    def mark_to(self, wanted):
        [image] = self.listed(self.image)
        old = image.marks.labels
        self.connect().mark(image, wanted - old, old - wanted)

    def full(self, act):
        error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        with mock.patch.object(whole_files, 'write_all', side_effect=error):
            act()

    def noted(self):
        return [one for one in self.entries() if notes.NOTE in one]

    def settle_mark(self, states, act, after):
        """Change the labels from the last of some states; all but that noted.

        Until it is done each label may be there that is to come, or to go;
        none goes before all have come.
        """

        def prepare():
            self.begin_anew()
            self.assertEqual([], self.noted())
            for state in states[1:]:
                self.full(lambda: self.mark_to(state))  # noqa: B023
            self.assertEqual(states[-1], self.labels())
            self.assertEqual(len(states) > 1, bool(self.noted()))

        before = states[-1]
        prepare()
        possible = [
            labels
            for labels in _subsets(before | after)
            if before <= labels or after <= labels
        ]

        def settle(ended):
            sure = {DONE: [after], REFUSED: [before]}
            [left] = self.whole(sure.get(ended, possible))
            self.clean(noted=True)
            self.assertEqual([left], self.whole(possible))
            self.at_once(prepare)

        # What lies there noted is nothing to clear up.
        with mock.patch.object(type(self), 'clean', _clean_noted(self)):
            self.at_each_call(act, settle)
        self.mark_to(PINNED)
        self.assertEqual([], self.noted())
        self.clean()

    def test_a_mark_notes_what_comes_and_then_what_goes(self):
        self.settle_mark(
            [self.begin],
            lambda: self.full(lambda: self.mark_to(LEASED)),
            LEASED,
        )

    def test_a_mark_notes_it_again(self):
        self.settle_mark(
            [self.begin, LEASED],
            lambda: self.full(lambda: self.mark_to(AGAIN)),
            AGAIN,
        )

    def test_a_mark_that_can_be_written_again_takes_all_in(self):
        self.settle_mark(
            [self.begin, LEASED], lambda: self.mark_to(AGAIN), AGAIN
        )

    def test_an_evict_leaves_an_image_or_none(self):
        def prepare():
            if not self.listed(self.image):
                self.cached = self.fetch()
                self.content = self.file().read_bytes()
            self.mark_to(PINNED)
            self.full(lambda: self.mark_to(LEASED))
            [self.cached] = self.listed(self.image)

        def settle(ended):
            listed = bool(self.whole([LEASED, set(), PINNED]))
            self.assertEqual(self.file().exists(), listed)
            if ended not in OPEN:
                self.assertEqual(ended == REFUSED, listed)
            self.clean(noted=True)
            if not listed:
                self.assertEqual([], self.noted())
                self.clean()
            self.at_once(prepare)

        prepare()
        with mock.patch.object(type(self), 'clean', _clean_noted(self)):
            self.at_each_call(self.evict, settle)


def _subsets(labels):
    made = [set()]
    for label in labels:
        made += [one | {label} for one in made]
    return made


def _clean_noted(test):
    clean = type(test).clean
    return lambda self, noted=True: clean(self, noted=noted)


class OfNova(FullDisk):
    """Nova's images have no sidecar at first: all is noted, then."""

    begin = frozenset()

    def clean(self, *, noted=False):
        super().clean(noted=noted)
        self.unlock()

    def unlock(self):
        # Each of these is looked at, as if it were a disk.
        for lock in self.locks.iterdir():
            lock.unlink()

    def begin_anew(self):
        self.evict_all()
        self.unlock()
        self.fetch()

    def fetch(self):
        part = self.root / 'part'
        self.content = os.urandom(8192)
        part.write_bytes(self.content)
        part.rename(self.file())
        [image] = self.listed(self.image)
        return image


class TestCrashes(Dying, FullDisk, Place):
    pass


class TestCrashesInNova(Dying, OfNova, NovaPlace):
    pass


class TestFailures(Failing, FullDisk, Place):
    pass


class TestFailuresInNova(Failing, OfNova, NovaPlace):
    pass
