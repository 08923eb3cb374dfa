"""Twists of a world that take a mount, a device or a server.

To be used where mounts are nobody else's: see ``apart``.
"""

import os
import shutil
import stat

from tests.directory import qemu_mounts as mounts
from tests.directory.qemu_twists import new_instance
from tests.directory.qemu_world import File
from tests.directory.qemu_world import NOTHING
from tests.directory.qemu_world import SOMETHING


def named_through_a_bind(world):
    _name_through(world, mounts.bind)


def named_through_fuse(world):
    _name_through(world, mounts.fuse)


def named_through_layers(world):
    _name_through(world, mounts.layered)


def _name_through(world, show):
    image = world.some_image()
    shown = show(world, world.store, world.outside / f's-{world.number()}')
    path = new_instance(world) / 'disk'
    world.overlay(path, image._replace(path=shown / image.path.name))
    world.below[path] = {image.path}


def instances_through_fuse(world):
    shown = mounts.fuse(world, world.instances, world.outside / 'instances')
    world.given = [str(shown)]
    world.doubt(SOMETHING)


def instances_on_a_tmpfs(world):
    place = mounts.tmpfs(world, new_instance(world))
    world.overlay(place / 'disk', world.some_image())


def named_as_in_a_container(world):
    image = world.some_image()
    stale = world.outside / f'stale-{world.number()}'
    stale.mkdir()
    shutil.copy(image.path, stale)
    path = new_instance(world) / 'disk'
    world.lay(path, image._replace(path=stale / image.path.name))
    world.below[path] = {image.path}
    if image.form != 'raw':
        # Its name proves nothing of what lies below that.
        world.doubt(SOMETHING)
    within = ((str(world.store), str(stale)),)
    world.ask_for(File(path, 'qcow2'), within=within)


def not_mounted(world):
    """Folders, or nothing that is a disk, lie below the mount point."""
    if world.layout == 'nova':
        # Its store would be gone with it.
        return
    place, real = world.instances, world.root / 'real'
    place.rename(real)
    place.mkdir()
    left = world.random.choice(['locks', 'vm', 'note'])
    if left == 'note':
        (place / left).write_text('to be mounted here\n')
    else:
        (place / left).mkdir()
    mounts.bind(world, real, place)
    world.around.append(lambda: mounts.away(real, place))
    world.doubt(NOTHING)


def disk_on_a_device(world):
    file = world.outside / f'volume-{world.number()}'
    file.write_bytes(bytes(2**20))
    device = mounts.loop(world, file)
    path = new_instance(world) / 'disk'
    world.lay(device, world.some_image())
    if world.random.random() < 0.5:
        path.symlink_to(device)
    else:
        os.mknod(path, stat.S_IFBLK | 0o600, device.stat().st_rdev)
    world.ask_for(File(path, 'qcow2'), 'qcow2')
    world.doubt(SOMETHING)


def device_of_an_image(world):
    image = world.image()
    device = mounts.loop(world, image.path, '--read-only')
    path = new_instance(world) / 'disk'
    world.overlay(path, image._replace(path=device))
    world.kept.add(image.path)
    world.doubt(SOMETHING)


def served_with_a_snapshot(world):
    image = world.image('qcow2')
    mounts.serve(world, image.path, 'qcow2', '--snapshot')
    world.kept.add(image.path)


def served_read_only(world):
    image = world.image()
    mounts.serve(world, image.path, 'raw', '--read-only')
    world.kept.add(image.path)


MOUNTS = [
    named_through_a_bind,
    named_through_fuse,
    named_through_layers,
    instances_through_fuse,
    instances_on_a_tmpfs,
    named_as_in_a_container,
    not_mounted,
    disk_on_a_device,
    device_of_an_image,
    served_with_a_snapshot,
    served_read_only,
]
