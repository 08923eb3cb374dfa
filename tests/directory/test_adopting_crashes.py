"""Who adopts a file and dies leaves an image, or the file as it was."""

import os
import signal
from unittest import mock

from imagecache_handlers.directory import own_disks
from imagecache_handlers.directory.system import rename
from tests.directory.disks import create
from tests.directory.disks import overlay
from tests.directory.disks import qemu
from tests.directory import test_crashes

OLD, NEW = 'debian', 'other'


class TestDying(test_crashes.Mortal):
    def setUp(self):
        super().setUp()
        self.instances = self.root / 'instances'
        self.instances.mkdir()
        overlay(self.instances / 'resident' / 'disk', '')
        # Not those of whoever runs this.
        usual = mock.patch.object(own_disks, 'USUAL', str(self.root / 'none'))
        self.enterContext(usual)
        self.lay()

    def connect(self):
        return type(super().connect())(
            [self.path],
            instance_paths=[str(self.instances)],
            clock=self.clock,
        )

    def lay(self):
        for name in os.listdir(self.folder):
            os.unlink(self.folder / name)
        self.file(OLD).write_bytes(b'bytes' * 2000)

    def adopt(self, image_id):
        self.connect().adopt(self.path, OLD, image_id)

    def check_left(self, image_id):
        """Check what is left, and that it can be adopted then."""
        [there] = [one for one in self.entries() if not one.startswith('.')]
        images = [one.image_id for one in self.listed()]
        self.assertIn(images, ([], [there]))
        self.assertIn(there, (OLD, image_id))
        handler = self.connect()
        for piece in handler.debris(self.path):
            handler.clean(piece)
        self.assertEqual(images, [one.image_id for one in self.listed()])
        if not images:
            self.assertEqual(OLD, there)
            self.adopt(image_id)
        [image] = self.listed()
        self.assertEqual(image_id, image.image_id)
        self.assertEqual(b'bytes' * 2000, self.file(image_id).read_bytes())
        self.lay()

    def _doom(self, step, after):
        # What is opened changes nothing that the next call does not.
        left = [step]
        for name in 'write', 'fsync', 'rename', 'unlink':
            setattr(
                os, name, test_crashes.doomed(getattr(os, name), left, after)
            )
        call = test_crashes.doomed(rename.rename_alone, left, after)
        rename.rename_alone = call

    def test_at_each_call(self):
        for image_id in OLD, NEW:
            self.die_at_each_step(
                lambda image_id=image_id: self.adopt(image_id),
                lambda image_id=image_id: self.check_left(image_id),
            )

    def kill_at(self, turn, *, after):
        """Adopt in a process that is killed at the rename of that turn."""
        rename_alone, turns = rename.rename_alone, [turn]

        def die(*given):
            turns[0] -= 1
            if turns[0] == 0 and not after:
                os.kill(os.getpid(), signal.SIGKILL)
            rename_alone(*given)
            if turns[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        child = os.fork()
        if child == 0:
            rename.rename_alone = die
            self.adopt(NEW)
            os._exit(1)
        _, status = os.waitpid(child, 0)
        self.assertEqual(-signal.SIGKILL, os.waitstatus_to_exitcode(status))

    def test_at_the_rename(self):
        for after in False, True:
            self.kill_at(1, after=after)
            self.check_left(NEW)

    def test_killed_while_somebody_came_to_have_it(self):
        (self.instances / 'vm').mkdir()
        disk = self.instances / 'vm' / 'disk'
        judge = rename.rename_alone

        def come(*given):
            if not disk.exists():
                create(disk, self.file(OLD))
            judge(*given)

        for after in False, True:
            with mock.patch.object(rename, 'rename_alone', come):
                self.kill_at(2, after=after)
            [there] = [x for x in self.entries() if not x.startswith('.')]
            self.assertEqual(OLD if after else NEW, there)
            # Before it was renamed back nobody can tell, and all stays.
            for image in self.listed():
                self.assertIsNotNone(image.unknown)
            os.rename(self.file(there), self.file(OLD))
            qemu('check', '-q', disk)
            disk.unlink()
            self.lay()
