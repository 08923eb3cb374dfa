"""A chain of disks makes all that lies in it used, however long it is."""

import time
import tracemalloc

from tests.directory.disks import create
from tests.directory.disks import descriptor
from tests.directory.disks import overlay
from tests.directory.test_overlays import Used

LENGTH = 12
SECONDS = 30
BYTES = 64 << 20


class TestChains(Used):
    def test_whoever_has_the_top_of_twelve_uses_the_bottom(self):
        below, form = self.file(), 'raw'
        for number in range(LENGTH):
            # All of another instance, but for the top.
            user = 'vm-1' if number == LENGTH - 1 else 'vm-0'
            top = self.disk(user, f'layer-{number:02}')
            top.parent.mkdir(exist_ok=True)
            create(top, below, form)
            below, form = top, 'qcow2'
        users = ' '.join(self.users())
        self.assertIn('vm-0', users)
        self.assertIn('vm-1', users)


class TestWithoutEnd(Used):
    """What names itself, or more than anybody can follow, hangs nobody."""

    def setUp(self):
        super().setUp()
        self.disk('vm-1').parent.mkdir()

    def names(self, *paths):
        extents = [f'RW 2048 SPARSE "{path}"' for path in paths]
        self.disk('vm-1').write_bytes(descriptor(*extents))

    def look(self):
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        began = time.process_time()
        found = self.disks_of()
        self.assertLess(time.process_time() - began, SECONDS)
        self.assertLess(tracemalloc.get_traced_memory()[1], BYTES)
        return found

    def test_one_that_names_itself_by_many_paths(self):
        for number in range(6):
            self.disk('vm-1', f'l{number}').symlink_to('.')
        up = '../' * len(self.disk('vm-1').parent.parts)
        self.names(
            *(f'l{number}/disk' for number in range(6)),
            f'{up}proc/self/root{self.disk("vm-1")}',
            self.file(),
        )
        self.assertEqual(({'vm-1'}, None), self.look())

    def test_ones_that_name_each_other_in_many_folders(self):
        content = descriptor(*(f'RW 1 SPARSE "../{n}/x"' for n in range(300)))
        for number in range(300):
            folder = self.disk('vm-1').parent / str(number)
            folder.mkdir()
            (folder / 'x').write_bytes(content)
        why = self.look()[1]
        self.assertIn(str(self.disk('vm-1').parent), why)
        self.assertIn('can be followed', why)

    def test_a_chain_that_is_longer_than_any(self):
        for number in range(300):
            below = f'{number + 1}' if number < 299 else self.file()
            overlay(self.disk('vm-1', str(number)), below, form='qcow2')
        self.assertIn('can be followed', self.look()[1])

    def test_many_that_are_missing(self):
        self.names(*(f'missing-{number}' for number in range(30_000)))
        self.assertIn('missing-0', self.look()[1])
