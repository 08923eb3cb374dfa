"""Labels in names, as on a disk that is full: what counts, and what not."""

import contextlib
import errno
import os
from unittest import mock

from imagecache_handlers.directory import notes
from imagecache_handlers.directory.system import birth_time
from imagecache_handlers.directory.system import flock
from imagecache_handlers.directory.system import mounts
from imagecache_handlers.labels import LABEL
from imagecache_handlers.model import check_image_id
from imagecache_handlers import StoreUnavailable
from imagecache_handlers.testing.conformance import TWO
from tests.directory import disks
from tests.directory.place import full
from tests.directory.place import IMAGE
from tests.directory.place import no_space
from tests.directory.place import NovaPlace
from tests.directory.place import Place
from tests.directory.place import sha1
from tests.directory import test_conformance

LONGEST = 'x' * 96


class FullKit:
    """Every promise of the kit, while no sidecar can be written."""

    def setUp(self):
        super().setUp()
        self.enterContext(no_space())


class TestKit(FullKit, test_conformance.TestDirectory):
    pass


class TestKitWithInstances(
    FullKit, test_conformance.TestDirectoryWithInstances
):
    pass


class Nova:
    def litter(self):
        before = set(self.entries())
        self.connect().mark(self._seeded(TWO), {'site.a'})
        [note] = set(self.entries()) - before - {sha1(TWO)}
        self.file(sha1(TWO)).unlink()
        return [note]


class TestKitOfNova(Nova, FullKit, test_conformance.TestNova):
    pass


class TestKitOfNovaWithInstances(
    Nova, FullKit, test_conformance.TestNovaWithInstances
):
    pass


class Noted(Place):
    def noted(self):
        return sorted(one for one in self.entries() if notes.NOTE in one)

    def mark(self, add=(), remove=()):
        [image] = self.listed(self.image)
        self.connect().mark(image, add, remove)

    def note(self, add=(), remove=()):
        with no_space():
            self.mark(add, remove)

    def refused(self, *changes):
        before = self.entries(), self.labels()
        with self.assertRaises(StoreUnavailable) as caught:
            self.note(*changes)
        self.assertIn('No space left', str(caught.exception))
        self.assertEqual(before, (self.entries(), self.labels()))

    def cleaned(self):
        handler = self.connect()
        for piece in handler.debris(self.path):
            handler.clean(piece)
        self.assertEqual([], list(handler.debris(self.path)))


class TestNotes(Noted):
    def test_a_label_that_comes_and_one_that_goes_are_noted(self):
        self.add(labels=['site.a', 'site.b'])
        self.note({'site.c'}, {'site.a'})
        self.assertEqual({'site.b', 'site.c'}, self.labels())
        has, over = self.noted()
        inode = os.lstat(self.file()).st_ino
        self.assertRegex(
            has, rf'^\.{IMAGE}\.imagecache\+{inode:x}-[0-9a-f]+\.site\.c$'
        )
        self.assertRegex(
            over, rf'^\.{IMAGE}\.imagecache\+not-[0-9a-f]{{16}}\.site\.a$'
        )
        for name in has, over:
            self.assertEqual(0, os.lstat(self.folder / name).st_blocks)

    def test_what_went_can_come_again_and_go_again(self):
        self.add(labels=['site.a'])
        for _ in range(2):
            self.note((), {'site.a'})
            self.assertEqual(set(), self.labels())
            self.note({'site.a'})
            self.assertEqual({'site.a'}, self.labels())
        self.mark({'site.b'})
        self.assertEqual({'site.a', 'site.b'}, self.labels())
        self.assertEqual([], self.noted())

    def test_any_mark_takes_them_into_the_sidecar(self):
        image = self.add(labels=['site.a'])
        self.note({'site.b'}, {'site.a'})
        self.mark()
        self.assertEqual([], self.noted())
        self.assertEqual({'site.b'}, self.labels())
        # Whatever its caller knew of them.
        self.note({'site.c'})
        self.connect().mark(image, {'site.d'}, {'site.c'})
        self.assertEqual([], self.noted())
        self.assertEqual({'site.b', 'site.d'}, self.labels())

    def test_notes_on_a_former_edition_mean_nothing(self):
        self.add(labels=['site.a'])
        self.note((), {'site.a'})
        [over] = self.noted()
        self.mark({'site.a'})
        (self.folder / over).touch()
        self.assertEqual({'site.a'}, self.labels())
        self.cleaned()
        self.assertEqual([], self.noted())
        self.assertEqual({'site.a'}, self.labels())

    def test_notes_on_another_file_mean_nothing(self):
        self.add()
        self.note({'site.a'})
        [note] = self.noted()
        self.file().unlink()
        self.sidecar().unlink()
        self.add()
        self.assertEqual([], self.noted())
        (self.folder / note).touch()
        self.assertEqual(set(), self.labels())
        self.mark({'site.b'})
        self.assertEqual({'site.b'}, self.labels())
        self.cleaned()
        self.assertEqual([], self.noted())

    def test_another_file_of_the_same_number_is_told_by_its_birth(self):
        self.add()
        born = birth_time.read
        with mock.patch.object(birth_time, 'read', lambda *at: born(*at) - 1):
            self.note({'site.a'})
        self.assertEqual(set(), self.labels())
        self.cleaned()
        self.assertEqual([], self.noted())

    def test_where_no_birth_is_known_labels_protect(self):
        self.add(labels=['site.z'])
        unknown = mock.patch.object(birth_time, 'read', lambda *at: None)
        anywhere = contextlib.nullcontext()
        for first, then in (unknown, anywhere), (anywhere, unknown):
            with first:
                self.note({'site.a'})
            with then:
                self.assertEqual({'site.a', 'site.z'}, self.labels())
                self.note((), {'site.a'})
                self.assertEqual({'site.z'}, self.labels())
                self.mark({'site.z'})
            self.assertEqual([], self.noted())
        note = notes.Note(IMAGE, '1-', 'site.a')
        (self.folder / note.entry).touch()
        self.assertEqual({'site.z'}, self.labels())

    def test_they_go_with_their_image(self):
        self.add(labels=['site.a'])
        self.note({'site.b'}, {'site.a'})
        [image] = self.listed()
        self.assertEqual(image.size, self.connect().evict(image))
        self.assertEqual([], self.entries())

    def test_those_that_nobody_saw_go_with_it_as_well(self):
        image = self.add(labels=['site.a'])
        self.note({'site.b'})
        self.connect().evict(image)
        self.assertEqual([], self.entries())

    def test_those_that_outlive_their_image_are_debris(self):
        self.add(labels=['site.a'])
        self.note({'site.b'})
        self.file().unlink()
        self.assertEqual(1, len(self.noted()))
        self.cleaned()
        self.assertEqual([], self.entries())

    def test_what_may_say_something_is_no_debris(self):
        self.add(labels=['site.a'])
        self.note({'site.b'}, {'site.a'})
        self.assertEqual([], list(self.connect().debris(self.path)))
        # A sidecar that cannot be understood may be of that edition.
        self.sidecar().write_bytes(b'{')
        self.assertEqual([], list(self.connect().debris(self.path)))

    def test_a_mark_is_refused_where_it_cannot_be_noted(self):
        self.add(labels=['site.a'])
        with mock.patch.object(notes, 'write_note', full):
            self.refused({'site.b'}, {'site.a'})
        with mock.patch.object(mounts, 'is_local', lambda _: False):
            self.refused({'site.b'})
        # No name is longer than 255 bytes.
        self.image = 'i' * 200
        self.add(self.image, labels=['site.a'])
        self.refused({'site.b', LONGEST})

    def test_all_of_it_is_undone_where_only_a_part_can_be_noted(self):
        self.add(labels=['site.a', 'site.b'])
        for wanted in 2, 3, 4:
            left = [wanted]

            def make(folder, note, left=left, make=notes.write_note):
                left[0] -= 1
                return make(folder, note) if left[0] else full()

            with mock.patch.object(notes, 'write_note', make):
                self.refused({'site.c', 'site.d'}, {'site.a'})

    def test_the_last_room_for_a_name_is_that_of_a_claim(self):
        self.add(labels=['site.a'])
        make = notes.write_note

        def small(folder, note):
            return full() if len(note.entry) == 255 else make(folder, note)

        with mock.patch.object(notes, 'write_note', small):
            self.refused({'site.b'})
            self.note({'claim.t.20990101t000000z'})
        self.assertEqual(2, len(self.labels()))
        # One that was left, for its maker died, is debris.
        left = notes.make_longest(IMAGE).entry
        self.assertEqual(255, len(left))
        (self.folder / left).touch()
        self.assertEqual(2, len(self.noted()))
        self.cleaned()
        self.assertEqual(1, len(self.noted()))

    def test_a_sidecar_without_an_edition_stays_as_it_is(self):
        self.add()
        self.write_sidecar(IMAGE, edition='')
        self.refused({'site.b'}, {'site.a'})
        self.note({'site.b'})
        self.assertEqual({'site.a', 'site.b'}, self.labels())
        for edition in '../../x', 7, None:
            self.write_sidecar(IMAGE, edition=edition)
            self.assertEqual([], self.listed())

    def test_another_failure_is_no_full_disk(self):
        self.add()

        def broken(*ignored):
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        with no_space(broken), self.assertRaises(StoreUnavailable):
            self.mark({'site.a'})
        self.assertEqual([], self.noted())

    def test_a_link_that_looks_so_stays(self):
        self.add()
        self.note({'site.a'})
        [note] = self.noted()
        (self.folder / note).unlink()
        (self.folder / note).symlink_to(self.root / 'nothing')
        self.note((), {'site.a'})
        self.mark({'site.b'})
        self.cleaned()
        self.assertEqual([note], self.noted())

    def test_any_label_of_any_image_of_nova_fits(self):
        name = f'{sha1(IMAGE)}_{2**63}'
        subject = notes.Subject(2**64 - 1, 2**63, 'f' * 16)
        for note in (
            subject.has(name, LONGEST),
            subject.over(name, LONGEST),
        ):
            self.assertLessEqual(len(note.entry), 255)
            self.assertEqual(note, notes.Note.parse(note.entry))
        self.assertTrue(LABEL.fullmatch(LONGEST))
        check_image_id(name)


class TestNovasOwn(Noted, NovaPlace):
    """What Nova's own cleaner makes of them."""

    def test_it_passes_them_over(self):
        self.file().write_bytes(b'image')
        self.note({'site.a'})
        [note] = self.noted()
        # By these it tells what is an image, original or resized.
        self.assertNotEqual(40, len(note))
        self.assertNotEqual('_', note[40])
        self.assertFalse(note.startswith(('swap_', 'ephemeral_')))


class TestTurns(Noted):
    """Whoever looks while a label takes another's place sees one of them."""

    many = 3000

    def test_none_is_missed(self):
        self.add(labels=['lease.vm.0'])
        for number in range(self.many):
            (self.folder / f'foreign-{number:060}').touch()
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                disks.die_with_parent()
                self.renew()
            os._exit(1)
        try:
            for _ in range(150):
                self.assertTrue(self.labels())
        finally:
            os.kill(child, 9)
            os.waitpid(child, 0)

    def renew(self):
        [image] = self.listed(self.image)
        number = 0
        with no_space():
            while True:
                new, old = f'lease.vm.{number + 1}', f'lease.vm.{number}'
                self.connect().mark(image, {new}, {old})
                number += 1

    def test_nothing_goes_while_somebody_lists(self):
        self.add(labels=['site.a'])
        fd = os.open(self.folder, os.O_RDONLY)
        self.addCleanup(os.close, fd)
        with (
            mock.patch.object(flock, 'PATIENCE', 0.1),
            flock.folder_lock(fd),
        ):
            self.refused({'site.b'}, {'site.a'})
            self.note({'site.b'})
            # Where it can be written it goes at once, as ever.
            self.mark((), {'site.a'})
        self.assertEqual({'site.b'}, self.labels())


class TestLocal(Place):
    def test_a_folder_here_is_local(self):
        fd = os.open(self.folder, os.O_RDONLY)
        self.addCleanup(os.close, fd)
        self.assertTrue(mounts.is_local(fd))
        self.assertFalse(mounts.is_local(2**20))

    def test_what_others_share_is_not(self):
        lines = [
            '36 35 98:0 / /a rw,noatime - ext4 /dev/root rw',
            '37 35 0:45 / /b rw shared:1 - nfs4 filer:/x rw',
            '38 35 0:46 / /c rw - fuse.glusterfs filer:/x rw',
        ]
        for number, local in ('36', 1), ('37', 0), ('38', 0), ('3', 0):
            kind = mounts.find_mount_kind(lines, number)
            self.assertEqual(local, mounts.is_local_kind(kind))
