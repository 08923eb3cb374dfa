"""Arbitrary trees: no foreign file is touched, no image in use is lost."""

import contextlib
import datetime
import io
import os
import pathlib
import socket
import stat
import tempfile
import unittest

import hypothesis
from hypothesis import strategies as st

from imagecache_handlers import CachedImage
from imagecache_handlers import CacheError
from imagecache_handlers import Debris
from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.directory.hosts import places
from imagecache_handlers.directory.hosts import records
from imagecache_handlers.directory import notes
from imagecache_handlers.directory import sidecar
from imagecache_handlers import Evidence
from imagecache_handlers import ImageCache
from imagecache_handlers import ImageMeta
from imagecache_handlers.labels import unused_label
from imagecache_handlers import Rules
from tests.directory import disks
from tests.directory.place import no_space
from tests.directory.place import sha1
from tests.profile import PROFILE

NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
HOUR = datetime.timedelta(hours=1)


class Tree:
    """A folder of images and other things, and what must become of them.

    Every method after ``pose`` makes one thing; ``name`` is its own, and
    no other thing has it, or lies beside it.
    """

    layout = 'plain'

    def __init__(self, root, *, sees):
        self.root = pathlib.Path(root)
        self.disks = self.root / 'instances'
        self.outside = self.root / 'outside'
        self.folder = self.place()
        for path in self.disks, self.outside, self.folder:
            path.mkdir()
        # Where no disk is at all, a mount may be missing.
        disks.resident(self.disks)
        self.sees = sees
        self.unclear = False  # there is a disk that nobody can read
        self.is_murky = False  # there is one in the store itself
        self.told = {}  # image: who uses it, as the evidence says
        self.kept = {}  # images that must stay, with their content
        self.idle = set()  # images that must go, if nothing is unclear
        self.unknown = set()  # images of which nobody knows what they are
        self.mess = set()  # what must go, of what no image has
        self.ours = {  # whatever may change or go
            self.folder / records.entry_of(places.host_name())
        }

    def place(self):
        return self.root / 'images'

    def name(self, number):
        return f'image-{number}'

    def handler(self, now=NOW):
        more = {'instance_paths': [str(self.disks)]} if self.sees else {}
        path, layout = str(self.folder), self.layout
        return DirectoryHandler(
            [path], layout=layout, clock=lambda: now, **more
        )

    def file(self, name):
        return self.folder / name

    def beside(self, name, ending=sidecar.SIDECAR):
        return self.folder / sidecar.path(name, ending)

    def add(self, name):
        data = f'the image {name}'.encode() * 100
        meta = ImageMeta(image_id=name, size=len(data), disk_format='raw')
        self.handler().add(meta, io.BytesIO(data), str(self.folder))
        self.ours |= {self.file(name), self.beside(name)}
        return data

    def litter(self, entry):
        """Give the path of debris that is to be made."""
        path = self.folder / entry
        self.mess.add(path)
        self.ours.add(path)
        return path

    def pose(self, name, file=None, *, by='another'):
        """Write a sidecar by which something claims to be an image."""
        found = os.lstat(file or self.file(name))
        made = sidecar.Sidecar.of(by, NOW, set(), found)
        self.beside(name).write_bytes(made.dump())

    # Images.

    def idle_image(self, name):
        self.add(name)
        self.idle.add(name)

    def pinned_image(self, name):
        self.kept[name] = self.add(name)
        [image] = self.handler().enumerate(str(self.folder), {name})
        self.handler().pin(image, 'ops')

    def image_with_a_pin_that_is_noted(self, name):
        self.kept[name] = self.add(name)
        [image] = self.handler().enumerate(str(self.folder), {name})
        with no_space():
            self.handler().pin(image, 'ops')
        self.ours |= set(self.folder.glob(f'.{name}.imagecache+*'))

    def image_with_an_age_that_is_noted(self, name):
        self.idle_image(name)
        [image] = self.handler().enumerate(str(self.folder), {name})
        with no_space():
            self.handler().mark(image, {'site.a', unused_label(NOW)})
        self.ours |= set(self.folder.glob(f'.{name}.imagecache+*'))

    def told_image(self, name):
        self.kept[name] = self.add(name)
        self.told[name] = frozenset({'instance'})

    def linked_image(self, name):
        self.kept[name] = self.add(name)
        os.link(self.file(name), self.disks / f'{name}.disk')

    def image_linked_beside(self, name):
        self.kept[name] = self.add(name)
        os.link(self.file(name), self.file(f'{name}.copy'))

    def image_linked_by_dots(self, name):
        """A link that only looks like one of our own stages."""
        self.kept[name] = self.add(name)
        os.link(self.file(name), self.file(f'.{name}.imagecache-stages'))

    def image_with_overlay(self, name):
        self.lay_over(name, str(self.file(name)))

    def image_with_relative_overlay(self, name):
        path = os.path.relpath(self.file(name), self.disks / name)
        self.lay_over(name, path)

    def image_with_overlay_through_a_link(self, name):
        (self.outside / name).symlink_to(self.file(name))
        self.lay_over(name, str(self.outside / name))

    def image_below_two_overlays(self, name):
        middle = self.disks / f'{name}.middle'
        self.lay_over(name, str(self.file(name)))
        (self.disks / name / 'disk').rename(middle)
        disks.overlay(self.disks / name / 'disk', middle, form='qcow2')

    def lay_over(self, name, backing):
        data = self.add(name)
        disks.overlay(self.disks / name / 'disk', backing)
        if self.sees:
            self.kept[name] = data
        else:
            self.idle.add(name)

    # What broken operations left.

    def image_with_its_stage(self, name):
        self.idle_image(name)
        os.link(self.file(name), self.litter(sidecar.stage(name, '0bad')))

    def stage(self, name):
        stage = self.litter(sidecar.stage(name, '0bad'))
        stage.write_bytes(b'half an im')

    def orphan(self, name):
        self.add(name)
        self.file(name).unlink()
        self.litter(sidecar.path(name))

    def new_labels(self, name):
        self.litter(sidecar.path(name, sidecar.NEW)).write_bytes(b'{"vers')

    def image_with_new_labels(self, name):
        self.idle_image(name)
        self.new_labels(name)

    def notes_alone(self, name):
        for note in _notes(name):
            self.litter(note).touch()

    def image_with_notes_on_another(self, name):
        self.idle_image(name)
        self.notes_alone(name)

    def lock(self, name):
        self.litter(sidecar.path(name, sidecar.LOCK)).touch()

    # What is not ours.

    def bare_file(self, name):
        self.file(name).write_bytes(b'no sidecar')

    def file_with_a_poor_sidecar(self, name):
        self.bare_file(name)
        self.beside(name).write_bytes(b'{"version": 1')

    def file_that_poses(self, name):
        self.bare_file(name)
        self.pose(name)

    def file_with_the_sidecar_of_its_forerunner(self, name):
        self.add(name)
        self.ours.remove(self.file(name))
        new = self.outside / name
        new.write_bytes(b'put there by somebody')
        new.rename(self.file(name))

    def poor_sidecar_alone(self, name):
        self.beside(name).write_bytes(b'notes')

    def file_with_an_odd_name(self, name):
        for odd in f'{name} x', f'-{name}', f'.{name}', f'{name}\n', '\udcff':
            self.file(odd).write_bytes(b'odd')

    def link_out(self, name):
        target = self.outside / f'{name}.precious'
        target.write_bytes(b'precious')
        self.file(name).symlink_to(target)
        self.pose(name, target, by=name)

    def dangling_link(self, name):
        # Of a disk that is not there just now?
        self.file(name).symlink_to(self.outside / 'nothing')
        self.is_murky = True

    def links_where_ours_would_lie(self, name):
        target = self.outside / f'{name}.precious'
        target.write_bytes(b'precious')
        for ending in sidecar.SIDECAR, sidecar.NEW:
            self.beside(name, ending).symlink_to(target)
        for odd in sidecar.stage(name, '0bad'), *_notes(name):
            (self.folder / odd).symlink_to(target)

    def folder_with_an_image_in_it(self, name):
        self.file(name).mkdir()
        (self.file(name) / name).write_bytes(b'image')
        (self.file(name) / self.beside(name).name).write_bytes(b'{}')
        self.pose(name, by=name)

    def folders_where_ours_would_lie(self, name):
        for ending in sidecar.SIDECAR, sidecar.NEW:
            self.beside(name, ending).mkdir()
        for odd in sidecar.stage(name, '0bad'), *_notes(name):
            (self.folder / odd).mkdir()

    def pipe(self, name):
        os.mkfifo(self.file(name))
        self.pose(name, by=name)
        os.mkfifo(self.folder / sidecar.stage(name, '0bad'))

    def pipe_for_a_sidecar(self, name):
        self.bare_file(name)
        os.mkfifo(self.beside(name))

    def socket(self, name):
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(str(self.file(name)))
        self.pose(name, by=name)

    def device(self, name):
        # Not everybody may make one.
        with contextlib.suppress(PermissionError):
            os.mknod(self.file(name), stat.S_IFCHR | 0o600, os.makedev(1, 3))
            self.pose(name, by=name)

    def disk_that_nobody_can_read(self, name):
        disks.overlay(self.disks / name / 'disk', 'nbd:localhost:1')
        self.unclear = True

    def facts(self):
        """Tell everything of whatever is not ours."""
        paths = set(self.root.rglob('*')) - self.ours
        return {
            path: _facts(path)
            for path in paths - {self.folder, self.disks, self.outside}
        }


def _notes(name):
    """Name notes on a file, and on a sidecar, that nobody has."""
    subject = notes.Subject(1, 1, 'f' * 16)
    one, other = subject.has(name, 'site.a'), subject.over(name, 'pin.ops')
    return one.entry, other.entry


def _facts(path):
    found = os.lstat(path)
    content = None
    if stat.S_ISREG(found.st_mode):
        content = path.read_bytes()
    elif stat.S_ISLNK(found.st_mode):
        content = os.readlink(path)
    times = found.st_mtime_ns, found.st_uid, found.st_mode
    return found.st_ino, found.st_size, times, content


class NovaTree(Tree):
    """Nova's own folder, where a name makes an image of a file."""

    layout = 'nova'

    def place(self):
        return self.disks / '_base'

    def name(self, number):
        return sha1(super().name(number))

    # What is an image here, of which nothing is written, or nobody knows.

    def bare_file(self, name):
        self.file(name).write_bytes(b'as Nova fetched it')
        self.ours |= {self.file(name), self.beside(name)}
        self.idle.add(name)

    def file_with_the_sidecar_of_its_forerunner(self, name):
        super().file_with_the_sidecar_of_its_forerunner(name)
        self.ours.add(self.file(name))
        self.idle.add(name)

    def file_with_a_poor_sidecar(self, name):
        self.unknown_image(name)
        self.beside(name).write_bytes(b'{"version": 1')

    def file_that_poses(self, name):
        self.unknown_image(name)
        self.pose(name)

    def pipe_for_a_sidecar(self, name):
        self.unknown_image(name)
        os.mkfifo(self.beside(name))

    def unknown_image(self, name):
        self.file(name).write_bytes(b'of whom, and pinned by whom?')
        self.unknown.add(name)

    # What only Nova has.

    def resized_image(self, name):
        self.bare_file(name)
        self.bare_file(f'{name}_20')

    def resized_image_with_overlay(self, name):
        self.bare_file(name)
        self.bare_file(f'{name}_20')
        disks.overlay(self.disks / name / 'disk', self.file(f'{name}_20'))
        if self.sees:
            self.idle.remove(f'{name}_20')
            self.kept[f'{name}_20'] = b'as Nova fetched it'

    def image_fetched_again(self, name):
        """The pin was that of another file."""
        self.pinned_image(name)
        del self.kept[name]
        self.file(name).unlink()
        self.bare_file(name)

    def image_touched_while_it_aged(self, name):
        self.bare_file(name)
        self.idle.remove(name)
        self.kept[name] = b'as Nova fetched it'
        used = (NOW + 2.5 * HOUR).timestamp()
        os.utime(self.file(name), (used, used))

    def what_is_no_image(self, name):
        for entry in (
            f'{name}.part',
            f'{name}.converted',
            f'{name}_sm',
            f'{name}_20.part',
            f'swap_{int(name[:4], 16)}',
            f'ephemeral_20_{name[:7]}',
            name.upper(),
            name[:39],
        ):
            self.file(entry).write_bytes(b'not an image')


GIVEN = {
    'handler',
    'file',
    'beside',
    'add',
    'litter',
    'pose',
    'lay_over',
    'facts',
    'place',
    'name',
    'layout',
    'unknown_image',
}


def kinds(tree):
    """Give the things that such a tree may have in it."""
    names = [*vars(Tree), *vars(tree)]
    made = {name for name in names if not name.startswith('_')}
    return sorted(made - GIVEN)


KINDS = {tree: kinds(tree) for tree in (Tree, NovaTree)}
FORESTS = st.sampled_from([Tree, NovaTree]).flatmap(
    lambda tree: st.tuples(
        st.just(tree), st.lists(st.sampled_from(KINDS[tree]), max_size=10)
    )
)


class TestTrees(unittest.TestCase):
    @hypothesis.settings(max_examples=PROFILE.tree_examples)
    @hypothesis.given(forest=FORESTS, sees=st.booleans())
    def test_no_foreign_file_is_touched_and_no_image_lost(self, forest, sees):
        self.try_out(*forest, sees)

    def test_not_if_everything_lies_there(self):
        for tree, kinds in KINDS.items():
            unclear = {'disk_that_nobody_can_read', 'dangling_link'}
            clear = [one for one in kinds if one not in unclear]
            for chosen in kinds, clear:
                for sees in False, True:
                    self.try_out(tree, chosen, sees)

    def test_not_with_any_two_of_a_kind(self):
        for tree, kinds in KINDS.items():
            for kind in kinds:
                for sees in False, True:
                    with self.subTest(kind, tree=tree.layout, sees=sees):
                        self.try_out(tree, [kind, 'idle_image', kind], sees)

    def try_out(self, made_as, kinds, sees):
        with tempfile.TemporaryDirectory(prefix='imagecache-test-') as root:
            tree = made_as(root, sees=sees)
            for number, kind in enumerate(kinds):
                getattr(tree, kind)(tree.name(number))
            before = tree.facts()
            self.sweep(tree)
            self.clean(tree)
            self.attack(tree)
            self.assertEqual(before, tree.facts())
            self.judge(tree)

    def sweep(self, tree):
        """Sweep until everything goes that is ever to go."""
        for hours in 1, 3:
            now = NOW + hours * HOUR
            cache = ImageCache(
                tree.handler(now),
                Rules(min_age=HOUR),
                clock=lambda now=now: now,
            )
            users = Evidence(users=tree.told, complete=True, as_of=now)
            report = cache.sweep(lambda users=users: users)
            self.assertEqual({}, dict(report.plan.problems))

    def clean(self, tree):
        handler = tree.handler()
        for piece in handler.debris(str(tree.folder)):
            handler.clean(piece)
        self.assertEqual([], list(handler.debris(str(tree.folder))))

    def attack(self, tree):
        """Ask for whatever is foreign to be removed or labelled."""
        ours = tree.kept.keys() | tree.idle
        handler = tree.handler()
        for entry in set(os.listdir(tree.folder)) - ours:
            with contextlib.suppress(ValueError):
                handler.clean(_debris(tree, entry))
            for act in handler.evict, lambda one: handler.mark(one, {'a.b'}):
                # A name that cannot be an image's makes a ValueError.
                with contextlib.suppress(CacheError, ValueError):
                    act(_posing(tree, entry))
                if entry in tree.unknown:
                    [image] = handler.enumerate(str(tree.folder), {entry})
                    with self.assertRaises(CacheError):
                        act(image)

    def judge(self, tree):
        listed = tree.handler().enumerate(str(tree.folder))
        expected = {*tree.kept, *tree.unknown}
        if tree.is_murky or (tree.sees and tree.unclear):
            # Nobody knows what that disk lies above.
            expected |= tree.idle
        self.assertEqual(expected, {image.location for image in listed})
        for name, data in tree.kept.items():
            self.assertEqual(data, tree.file(name).read_bytes())
        gone = {tree.file(name) for name in tree.idle - expected}
        gone |= {tree.beside(path.name) for path in gone} | tree.mess
        left = {path for path in gone if os.path.lexists(path)}
        self.assertEqual(set(), left)


def _posing(tree, entry):
    return CachedImage(
        image_id=entry, store=str(tree.folder), location=entry, size=1
    )


def _debris(tree, entry):
    return Debris(
        store=str(tree.folder), location=entry, size=1, since=None, why=''
    )
