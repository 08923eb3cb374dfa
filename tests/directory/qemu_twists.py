"""Twists of a world: what is not as one expects, one function each.

Each says what can be known then.  Those that take a mount, a device or a
server have a room of their own.
"""

import json
import os
import threading

from tests.directory.disks import qemu
from tests.directory.qemu_world import File
from tests.directory.qemu_world import NOTHING
from tests.directory.qemu_world import SOMETHING

_REMOTE = ['rbd:pool/x', 'https://host/x.img', 'iscsi://host/iqn/1']
# How much of a header is there while it is being written.
_CUT = 200
_DOMAIN = """<domain type='kvm'>
  <name>vm</name>
  <uuid>5eed0000-0000-4000-8000-000000000001</uuid>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw'/>
      <source file='{}'/>
      <target dev='vda' bus='virtio'/>
    </disk>
  </devices>
</domain>
"""
_TEXT = b'[    0.000000] Linux version 6.1\n' * 100


# Disks that name nothing, and who says so.


def raw_without_a_word(world):
    world.ask_for(world.fill(new_instance(world) / 'disk'), 'raw')
    world.doubt(NOTHING)


def raw_by_disk_info(world):
    _say_raw(world, world.fill(new_instance(world) / 'disk').path)


def raw_with_the_header_of_a_guest(world):
    path = new_instance(world) / 'disk'
    world.lay(path, world.some_image())
    del world.below[path]
    _say_raw(world, path)


def raw_by_libvirt(world):
    disk = world.fill(new_instance(world) / 'disk')
    world.ask_for(disk, 'raw')
    folder = world.outside / f'qemu-{world.number()}'
    folder.mkdir()
    (folder / 'vm.xml').write_text(_DOMAIN.format(disk.path))
    world.options['libvirt_definitions'] = [str(folder)]


def raw_that_is_ignored(world):
    folder = new_instance(world)
    world.ask_for(world.fill(folder / 'disk'), 'raw')
    which = world.random.choice([folder, folder / 'disk'])
    world.options['ignore'] = [str(which)]


def name_of_another_service(world):
    name = world.random.choice(_REMOTE)
    made = ['create', '-q', '-f', 'qcow2', '-u', '-F', 'raw', '-b', name]
    qemu(*made, new_instance(world) / 'disk', world.size)
    world.tell(f'a disk names {name}')


def console_log(world):
    (new_instance(world) / 'console.log').write_bytes(_TEXT)


def half_made(world):
    """An instance that is about to come."""
    folder = new_instance(world)
    (folder / 'disk').write_bytes(b'QFI\xfb'[: world.random.choice([0, 4])])


def half_written(world):
    path = new_instance(world) / 'disk'
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
    world.overlay(new_instance(world) / 'disk', above)


def idle_over_idle(world):
    world.image('qcow2', over=world.image())


def pinned(world):
    world.pin()


def in_another_store(world):
    """An image of one store is an overlay of an image of another."""
    below = world.image()
    other = world.host / f'store-{world.number()}'
    other.mkdir()
    first, world.store = world.store, other
    world.stores.append(other)
    world.pin('qcow2', over=below)
    world.store = first


def resized(world):
    """A copy that an older Nova made of an image, and that is used."""
    if world.layout == 'nova':
        image = world.image(variant='_20')
        world.overlay(new_instance(world) / 'disk', image)


def hard_link(world):
    image = world.some_image()
    link = new_instance(world) / 'base'
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


def store_by_a_link(world):
    world.overlay(new_instance(world) / 'disk', world.some_image())
    link = world.outside / f'store-{world.number()}'
    link.symlink_to(world.store)
    world.stores[0] = link
    world.doubt(SOMETHING)


def data_file_from_the_root(world):
    """A name that is not whole: QEMU takes it as from where it runs."""
    image = world.some_image('raw')
    path = new_instance(world) / 'disk'
    world.name_data(path, image, str(image.path).lstrip('/'))
    world.ask_for(File(path, 'qcow2'))
    world.doubt(SOMETHING)


def in_the_midst_of_elsewhere(world):
    """A chain that leads out of what was given, and back."""
    middle = world.lay(world.outside / 'middle', world.some_image())
    world.overlay(new_instance(world) / 'disk', middle)
    world.doubt(SOMETHING)


def linked_instance(world):
    far = world.outside / f'far-{world.number()}'
    far.mkdir()
    (world.instances / far.name).symlink_to(far)
    world.overlay(far / 'disk', world.some_image())
    world.doubt(SOMETHING)


def linked_disk(world):
    far = world.lay(world.outside / 'far-disk', world.some_image())
    path = new_instance(world) / 'disk'
    path.symlink_to(far.path)
    world.ask_for(File(path, 'qcow2'))
    world.doubt(SOMETHING)


def too_deep(world):
    path = new_instance(world)
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
    world.overlay(new_instance(world) / name, world.some_image())
    world.doubt(SOMETHING)


# What comes and moves meanwhile.


def moved(world):
    """An instance in the middle of a resize."""
    folder = new_instance(world)
    there = folder.with_name(f'{folder.name}_resize')
    folder.rename(there)
    world.overlay(there / 'disk', world.some_image(), way='relative')


def restless(world):
    """An instance whose folder has another name at any moment."""
    folder = new_instance(world)
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
            world.overlay(new_instance(world) / 'late', file)
            world.judge.note(world.disks[-1])

    world.at_turns.append(begin)


def late_after_a_long_look(world):
    crowd = new_instance(world)
    for number in range(4000):
        os.link(world.resident.path, crowd / str(number))
    late(world)


def new_instance(world):
    """Make the folder of one more instance."""
    return world.folder(f'vm-{world.number()}')


OTHERS = [
    raw_without_a_word,
    raw_by_disk_info,
    raw_with_the_header_of_a_guest,
    raw_by_libvirt,
    raw_that_is_ignored,
    name_of_another_service,
    console_log,
    half_made,
    half_written,
    pinned_over_idle,
    used_over_idle,
    idle_over_idle,
    pinned,
    in_another_store,
    resized,
    hard_link,
    parent_of_the_store,
    another_folder,
    beside_the_image,
    store_by_a_link,
    data_file_from_the_root,
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
