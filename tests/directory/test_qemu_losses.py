"""What was lost before QEMU was asked: each way is a test of its own."""

import os
import pathlib
import shutil
import tempfile
import unittest

import pytest

from tests.directory.apart import Apart
from tests.directory.disks import qemu
from tests.directory.qemu_judge import Judge
from tests.directory import qemu_mounts as mounts
from tests.directory.qemu_world import World

# One at a time: devices, mounts and locks are the machine's.
pytestmark = pytest.mark.xdist_group('machine')

# So many disks that one look at them is long.
MANY = 12_000


class Losses(unittest.TestCase, Apart):
    def setUp(self):
        place = tempfile.TemporaryDirectory(prefix='imagecache-test-')
        self.addCleanup(place.cleanup)
        self.root = pathlib.Path(place.name)
        self.worlds = []

    def world(self, **options):
        path = self.root / f'world-{len(os.listdir(self.root))}'
        path.mkdir()
        world = World(path, **options)
        # Its servers are gone before its folder is.
        self.addCleanup(world.cleaning.close)
        self.worlds.append(world)
        return world

    def judge(self, world, *, goes=1, sweep=None, but=()):
        """Sweep; nothing that QEMU could open is lost, but images go."""
        judge = Judge(world.disks, world.scratch)
        self.assertEqual([], judge.broken())
        there = world.there()
        told = (sweep or world.sweep)()
        gone = there - world.there()
        # An image that nobody has may go, and is no disk from then on.
        judged = judge.losses(but={str(one) for one in gone} | set(but))
        used = world.used()
        self.assertEqual([], judged, told)
        self.assertEqual(set(), gone & used, told)
        self.assertEqual(goes, len(gone), told)

    def run_apart(self, act):
        """Act where it may mount, and end there what was begun there."""

        def act_and_clean():
            try:
                act()
            finally:
                for world in self.worlds:
                    world.cleaning.close()

        if os.geteuid() != 0:
            self.fail('this test mounts disks: run it as root')
        self.where_it_mounts_disks(act_and_clean)


class TestFormats(Losses):
    def test_an_overlay_in_qed(self):
        world = self.world()
        world.overlay(world.folder('vm') / 'disk', world.image(), 'qed')
        world.image()
        self.judge(world)

    def test_an_overlay_in_qcow(self):
        world = self.world()
        world.overlay(world.folder('vm') / 'disk', world.image(), 'qcow')
        world.image()
        self.judge(world)

    def test_an_overlay_in_vmdk(self):
        world = self.world()
        below = world.image('vmdk')
        world.overlay(world.folder('vm') / 'disk', below, 'vmdk')
        world.image()
        self.judge(world)

    def test_a_name_in_json_whose_backing_is_the_image(self):
        for way in 'json_backing', 'json_backing_dotted':
            with self.subTest(way):
                world = self.world()
                path = world.folder('vm') / 'disk'
                world.overlay(path, world.image(), way=way)
                world.image()
                self.judge(world)


class TestMounts(Losses):
    """One file system under two device numbers."""

    def test_the_name_leads_through_another_mount(self):
        def act():
            for show in mounts.bind, mounts.fuse, mounts.layered:
                world = self.world()
                below = world.image()
                there = show(world, world.store, world.outside / 'shown')
                path = world.folder('vm') / 'disk'
                again = below._replace(path=there / below.path.name)
                world.overlay(path, again)
                world.below[path] = {below.path}
                world.image()
                self.judge(world)

        self.run_apart(act)

    def test_the_sweeper_sees_the_store_through_another_mount(self):
        def act():
            for show in mounts.bind, mounts.fuse:
                world = self.world()
                path = world.folder('vm') / 'disk'
                world.overlay(path, world.image())
                world.image()
                shown = show(world, world.store, world.outside / 'shown')
                world.stores[0] = shown
                self.judge(world)

        self.run_apart(act)

    def test_the_name_is_that_in_a_container(self):
        """On the host a stale copy lies where the container has the store."""

        def act():
            world = self.world()
            below = world.image()
            stale = world.outside / 'im'
            shutil.copytree(world.store, stale)
            path = world.folder('vm') / 'disk'
            world.lay(path, below._replace(path=stale / below.path.name))
            world.below[path] = {below.path}
            within = ((str(world.store), str(stale)),)
            world.ask_for(below._replace(path=path), within=within)
            (stale / below.path.name).write_bytes(bytes(world.size))
            world.image()
            self.judge(world)

        self.run_apart(act)

    def test_instances_are_not_mounted_and_something_is_left(self):
        def act():
            for left in 'locks', 'vm-that-was', 'README':
                world = self.world()
                self.unmounted(world, left)
                self.judge(world, goes=0, sweep=self.around(world))

        self.run_apart(act)

    def test_instances_are_not_mounted_and_a_disk_is_left(self):
        """A look that meets far fewer disks than the last one is none."""

        def act():
            world = self.world()
            self.unmounted(world, 'vm-that-was')
            for number in range(12):
                path = world.folder(f'vm-{number}') / 'disk'
                world.overlay(path, world.images[0])
            with mounts.away(world.root / 'real', world.instances):
                left = world.instances / 'vm-that-was' / 'disk'
                qemu('create', '-q', '-f', 'qcow2', left, world.size)

            def sweep():
                return world.sweep() + self.around(world)()

            self.judge(world, sweep=sweep)

        self.run_apart(act)

    def unmounted(self, world, left):
        place = world.instances
        place.rename(world.root / 'real')
        place.mkdir()
        if left == 'README':
            (place / left).write_text('to be mounted here\n')
        else:
            (place / left).mkdir()
        mounts.bind(world, world.root / 'real', place)
        world.overlay(world.folder('vm') / 'disk', world.image())
        world.image()

    def around(self, world):
        def sweep():
            with mounts.away(world.root / 'real', world.instances):
                return world.sweep()

        return sweep


class TestPlaces(Losses):
    def test_an_overlay_in_the_store_whose_parent_was_given(self):
        world = self.world()
        world.given = [str(world.host)]
        world.overlay(world.store / 'vm.qcow2', world.image(), way='relative')
        world.image()
        self.judge(world)

    def test_an_overlay_in_the_store_beside_the_image(self):
        for layout in 'plain', 'nova':
            with self.subTest(layout):
                world = self.world(layout=layout)
                world.overlay(world.store / '.snap', world.image())
                world.image()
                self.judge(world)

    def test_a_pinned_image_is_an_overlay_of_an_idle_one(self):
        for layout in 'plain', 'nova':
            with self.subTest(layout):
                world = self.world(layout=layout)
                world.pin('qcow2', over=world.image())
                world.image()
                self.judge(world)

    def test_an_image_in_use_is_an_overlay_of_an_idle_one(self):
        for layout in 'plain', 'nova':
            with self.subTest(layout):
                world = self.world(layout=layout)
                above = world.image('qcow2', over=world.image())
                world.overlay(world.folder('vm') / 'disk', above)
                world.image()
                self.judge(world)


class TestMeanwhile(Losses):
    def test_an_overlay_that_comes_before_the_turn_of_its_image(self):
        world = self.world()
        crowd = world.folder('many')
        for number in range(MANY):
            os.link(world.resident.path, crowd / str(number))
        images = [world.image() for _ in range(3)]
        coming = []

        def begin(image):
            """Begin to use, at the second turn, what is there still."""
            there = [one for one in images if one.path.exists()]
            if len(there) < len(images) and not coming:
                for one in there:
                    path = world.folder('late') / one.path.name
                    coming.append(world.overlay(path, one))

        world.at_turns.append(begin)
        told = world.sweep()
        self.assertEqual(2, len(coming), told)
        judge = Judge(world.disks[-2:], world.scratch)
        self.assertEqual([], judge.broken(), told)


class TestConfigured(Losses):
    """What was given twice, to the real command."""

    def test_instance_paths_in_two_lines(self):
        world, other = self.two()
        conf = world.configure(
            f'instance_paths = {other}', f'instance_paths = {world.instances}'
        )
        self.judge_command(world, '--config-file', str(conf))

    def test_instance_paths_in_two_files(self):
        world, other = self.two()
        folder = world.scratch / 'conf.d'
        folder.mkdir()
        world.configure(f'instance_paths = {other}', folder=folder)
        (folder / 'more.conf').write_text(
            f'[imagecache_directory]\ninstance_paths = {world.instances}\n'
        )
        self.judge_command(world, '--config-dir', str(folder))

    def test_what_is_given_once_is_swept(self):
        world, other = self.two()
        conf = world.configure(f'instance_paths = {other},{world.instances}')
        self.judge_command(world, '--config-file', str(conf), goes={1})

    def two(self):
        world = self.world()
        other = world.root / 'more-instances'
        (other / 'vm').mkdir(parents=True)
        world.overlay(other / 'vm' / 'disk', world.image())
        world.image()
        return world, other

    def judge_command(self, world, *arguments, goes=frozenset({0, 1})):
        judge = Judge(world.disks, world.scratch)
        there = world.there()
        code, told = world.run_sweep(*arguments)
        gone = there - world.there()
        lost = judge.losses(but={str(one) for one in gone})
        self.assertEqual([], lost, told)
        # Joined, or refused: then it does not end as if all were well.
        self.assertIn(len(gone), goes, told)
        self.assertEqual(len(gone) == 0, code != 0, told)


class TestHosts(Losses):
    """A store that two hosts share, each with instances of its own."""

    def test_each_host_sees_only_its_own_instances(self):
        def act():
            world = self.world()
            others = world.root / 'instances-of-2'
            (others / 'vm').mkdir(parents=True)
            world.overlay(others / 'vm' / 'disk', world.image())
            mine = world.overlay(world.folder('vm') / 'disk', world.image())
            self.assertTrue(mine.path.exists())
            hosts = {'host-2': str(others), 'host-1': str(world.instances)}

            def sweep():
                told = []
                # Each in its turn, as they do long before an image is old:
                # a host that never swept is known to nobody.
                for hours in 0, 1, 3:
                    for name, folder in hosts.items():
                        mounts.be_host(name)
                        world.given = [folder]
                        made_as = world.made_as()
                        if hours:
                            told += world.sweep_at(hours, made_as)
                        else:
                            handler = world.handler()
                            handler.record_host(str(world.store))
                return told

            self.judge(world, goes=0, sweep=sweep)

        self.run_apart(act)


class TestOpen(Losses):
    """An image that is open, and that no disk names."""

    def test_it_is_served_with_a_snapshot(self):
        world = self.world()
        with world.cleaning:
            image = world.image('qcow2')
            mounts.serve(world, image.path, 'qcow2', '--snapshot')
            world.kept.add(image.path)
            world.image()
            self.judge(world)

    def test_it_is_an_iso_that_is_attached(self):
        world = self.world(layout='nova')
        with world.cleaning:
            image = world.image()
            mounts.serve(world, image.path, 'raw', '--read-only')
            world.kept.add(image.path)
            world.image()
            self.judge(world)

    def test_it_is_a_loop_device(self):
        if os.geteuid() != 0:
            self.fail('this test makes a loop device: run it as root')
        world = self.world()
        with world.cleaning:
            image = world.image()
            mounts.loop(world, image.path, '--read-only')
            world.kept.add(image.path)
            world.image()
            self.judge(world)


class TestKnown(Losses):
    """What is known to use nothing does not keep images for ever."""

    def test_images_that_nobody_uses_go(self):
        for layout in 'plain', 'nova':
            with self.subTest(layout):
                world = self.world(layout=layout)
                world.overlay(world.folder('vm') / 'disk', world.image())
                for form in 'raw', 'qcow2', 'vmdk', 'qed':
                    world.image(form)
                self.judge(world, goes=4)

    def test_a_name_that_cannot_be_a_local_file(self):
        world = self.world()
        for number, name in enumerate(['rbd:pool/x', 'https://h/x.img']):
            path = world.folder(f'vm-{number}') / 'disk'
            made = ['create', '-q', '-f', 'qcow2', '-u', '-F', 'raw']
            qemu(*made, '-b', name, path, world.size)
        world.image()
        self.judge(world)

    def test_a_raw_disk_by_the_word_of_nova(self):
        world = self.world()
        disk = world.fill(world.folder('vm') / 'disk')
        word = f'{{"{disk.path}": "raw"}}'
        (disk.path.parent / 'disk.info').write_text(word)
        world.ask_for(disk, 'raw')
        world.image()
        self.judge(world)

    def test_a_raw_disk_that_is_to_be_ignored(self):
        world = self.world()
        disk = world.fill(world.folder('vm') / 'disk')
        world.options['ignore'] = [str(disk.path)]
        world.ask_for(disk, 'raw')
        world.image()
        self.judge(world)

    def test_a_raw_disk_of_which_nobody_says_so(self):
        world = self.world()
        world.ask_for(world.fill(world.folder('vm') / 'disk'), 'raw')
        world.image()
        self.judge(world, goes=0)
