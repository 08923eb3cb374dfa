"""Twists of a world: what is not as one expects, one function each.

Each says what can be known then.  Those in ``MOUNTS`` take a mount, a
device or a server.
"""

import json
import os
import shutil
import stat
import threading

from tests.directory import qemu_mounts as mounts
from tests.directory.disks import qemu
from tests.directory.qemu_world import File
from tests.directory.qemu_world import NOTHING
from tests.directory.qemu_world import SOMETHING

_REMOTE = ['rbd:pool/x', 'https://host/x.img', 'iscsi://host/iqn/1']
# How much of a header is there while it is being written.
_CUT = 200
_TEXT = b'[    0.000000] Linux version 6.1\n' * 100


# Disks that name nothing, and who says so.


def raw_without_a_word(world):
    world.ask_for(world.fill(_new(world) / 'disk'), 'raw')
    world.doubt(NOTHING)


def raw_by_disk_info(world):
    _say_raw(world, world.fill(_new(world) / 'disk').path)


def raw_with_the_header_of_a_guest(world):
    path = _new(world) / 'disk'
    world.lay(path, world.some_image())
    del world.below[path]
    _say_raw(world, path)


def raw_that_is_ignored(world):
    folder = _new(world)
    world.ask_for(world.fill(folder / 'disk'), 'raw')
    which = world.random.choice([folder, folder / 'disk'])
    world.options['ignore'] = [str(which)]


def name_of_another_service(world):
    name = world.random.choice(_REMOTE)
    made = ['create', '-q', '-f', 'qcow2', '-u', '-F', 'raw', '-b', name]
    qemu(*made, _new(world) / 'disk', world.size)
    world.tell(f'a disk names {name}')


def console_log(world):
    (_new(world) / 'console.log').write_bytes(_TEXT)


def half_made(world):
    """An instance that is about to come."""
    folder = _new(world)
    (folder / 'disk').write_bytes(b'QFI\xfb'[: world.random.choice([0, 4])])


def half_written(world):
    path = _new(world) / 'disk'
    world.lay(path, world.some_image())
    del world.below[path]
    os.truncate(path, _CUT)
    world.doubt(NOTHING)


def _say_raw(world, path):
    word = json.dumps({str(path): 'raw'})
    (path.parent / 'disk.info').write_text(word)
    world.ask_for(File(path, 'raw'), 'raw')


# Images.


def pinned_over_idle(world):
    form = world.random.choice(['qcow2', 'qed', 'qcow'])
    world.pin(form, over=world.image())


def used_over_idle(world):
    above = world.image('qcow2', over=world.image())
    world.overlay(_new(world) / 'disk', above)


def idle_over_idle(world):
    world.image('qcow2', over=world.image())


def pinned(world):
    world.pin()


def hard_link(world):
    image = world.some_image()
    link = _new(world) / 'base'
    os.link(image.path, link)
    world.overlay(link.parent / 'disk', image._replace(path=link))
    world.doubt(SOMETHING)


# Places.


def parent_of_the_store(world):
    world.given[0] = str(world.host)
    world.overlay(world.store / f'vm-{world.number()}', world.some_image())


def another_folder(world):
    folder = world.host / f'more-{world.number()}'
    (folder / 'vm').mkdir(parents=True)
    world.given.append(str(folder))
    world.overlay(folder / 'vm' / 'disk', world.some_image())


def beside_the_image(world):
    image = world.some_image()
    name = world.random.choice(
        [f'{image.path.name}.part', f'.{image.path.name}.ov', '.x', 'x.img']
    )
    world.overlay(world.store / name, image, way='relative')


def in_the_midst_of_elsewhere(world):
    """A chain that leads out of what was given, and back."""
    middle = world.lay(world.outside / 'middle', world.some_image())
    world.overlay(_new(world) / 'disk', middle)
    world.doubt(SOMETHING)


def linked_instance(world):
    far = world.outside / f'far-{world.number()}'
    far.mkdir()
    (world.instances / far.name).symlink_to(far)
    world.overlay(far / 'disk', world.some_image())
    world.doubt(SOMETHING)


def linked_disk(world):
    far = world.lay(world.outside / 'far-disk', world.some_image())
    path = _new(world) / 'disk'
    path.symlink_to(far.path)
    world.ask_for(File(path, 'qcow2'))
    world.doubt(SOMETHING)


def too_deep(world):
    path = _new(world)
    for _ in range(20):
        path /= 'x'
    path.mkdir(parents=True)
    world.overlay(path / 'disk', world.some_image())
    world.doubt(SOMETHING)


def lost_and_found(world):
    path = world.folder('lost+found')
    world.overlay(path / '#12345', world.some_image())
    world.doubt(SOMETHING)


def named_like_what_is_no_disk(world):
    name = world.random.choice(['console.log', 'console.log.1', 'disk.info'])
    world.overlay(_new(world) / name, world.some_image())
    world.doubt(SOMETHING)


# What comes and moves meanwhile.


def moved(world):
    """An instance in the middle of a resize."""
    folder = _new(world)
    there = folder.with_name(f'{folder.name}_resize')
    folder.rename(there)
    world.overlay(there / 'disk', world.some_image(), way='relative')


def restless(world):
    """An instance whose folder has another name at any moment."""
    folder = _new(world)
    world.overlay(folder / 'disk', world.some_image(), way='relative')
    other = folder.with_name(f'{folder.name}_resize')
    world.around.append(lambda: _Restless(folder, other))
    world.doubt(SOMETHING)


class _Restless:
    def __init__(self, one, other):
        self._names = [one, other]
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._go)

    def __enter__(self):
        self._thread.start()

    def __exit__(self, *error):
        self._enough.set()
        self._thread.join()

    def _go(self):
        one, other = self._names
        while not self._enough.wait(0.0003):
            one.rename(other)
            self._enough.wait(0.0003)
            other.rename(one)


def late(world):
    """Somebody who holds nothing begins to use an image at its turn."""
    turns = [world.random.choice([1, 2, 2])]

    def begin(image):
        turns[0] -= 1
        path = world.store / image.location
        if turns[0] == 0 and path.exists():
            form = next(i.form for i in world.images if i.path == path)
            file = File(path, form)
            world.overlay(_new(world) / 'late', file)
            world.judge.note(world.disks[-1])

    world.at_turns.append(begin)


def late_after_a_long_look(world):
    crowd = _new(world)
    for number in range(4000):
        os.link(world.resident.path, crowd / str(number))
    late(world)


# Mounts, devices and servers.


def named_through_a_bind(world):
    _name_through(world, mounts.bind)


def named_through_fuse(world):
    _name_through(world, mounts.fuse)


def named_through_layers(world):
    _name_through(world, mounts.layered)


def _name_through(world, show):
    image = world.some_image()
    shown = show(world, world.store, world.outside / f's-{world.number()}')
    path = _new(world) / 'disk'
    world.overlay(path, image._replace(path=shown / image.path.name))
    world.below[path] = {image.path}


def instances_through_fuse(world):
    shown = mounts.fuse(world, world.instances, world.outside / 'instances')
    world.given = [str(shown)]
    world.doubt(SOMETHING)


def instances_on_a_tmpfs(world):
    place = mounts.tmpfs(world, _new(world))
    world.overlay(place / 'disk', world.some_image())


def named_as_in_a_container(world):
    image = world.some_image()
    stale = world.outside / f'stale-{world.number()}'
    stale.mkdir()
    shutil.copy(image.path, stale)
    path = _new(world) / 'disk'
    world.lay(path, image._replace(path=stale / image.path.name))
    world.below[path] = {image.path}
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
    path = _new(world) / 'disk'
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
    path = _new(world) / 'disk'
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


def _new(world):
    """Make the folder of one more instance."""
    return world.folder(f'vm-{world.number()}')


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
OTHERS = [
    raw_without_a_word,
    raw_by_disk_info,
    raw_with_the_header_of_a_guest,
    raw_that_is_ignored,
    name_of_another_service,
    console_log,
    half_made,
    half_written,
    pinned_over_idle,
    used_over_idle,
    idle_over_idle,
    pinned,
    hard_link,
    parent_of_the_store,
    another_folder,
    beside_the_image,
    in_the_midst_of_elsewhere,
    linked_instance,
    linked_disk,
    too_deep,
    lost_and_found,
    named_like_what_is_no_disk,
    moved,
    restless,
    late,
    late_after_a_long_look,
]
ALL = [*OTHERS, *MOUNTS]
