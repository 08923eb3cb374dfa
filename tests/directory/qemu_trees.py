"""Trees: worlds made of a number, and what became of each."""

import collections
import contextlib
import os
import pathlib
import random
import shutil
import subprocess
import traceback
from typing import NamedTuple

from tests.directory.disks import qemu
from tests.directory.qemu_judge import chain
from tests.directory.qemu_judge import Judge
from tests.directory import qemu_mount_twists
from tests.directory import qemu_names
from tests.directory import qemu_twists
from tests.directory.qemu_world import EVERYTHING
from tests.directory.qemu_world import File
from tests.directory.qemu_world import NOTHING
from tests.directory.qemu_world import SOMETHING
from tests.directory.qemu_world import World

TWISTS = [*qemu_twists.OTHERS, *qemu_mount_twists.MOUNTS]

_IMAGES = ['raw'] * 8 + ['qcow2'] * 3 + ['vmdk', 'vmdk', 'qed', 'qcow']
_IMAGES += ['vdi', 'vpc', 'vhdx']
_OVERLAYS = ['qcow2'] * 5 + ['qed', 'qed', 'qcow']
_ALONE = ['qcow2', 'qed', 'qcow', 'vmdk', 'vdi', 'vpc', 'vhdx', 'luks']
_VMDK = ['monolithicSparse', 'twoGbMaxExtentSparse', 'streamOptimized']
_PLACES = ['disk', '.hidden', 'x', 'a b', 'a:b', 'a,b', "a'b", 'a"b', 'a\\b']
_PLACES += ['a\nb', 'a\udce9b', '-rf', 'a%41', 'deep/er/disk']
_QCOW2 = [''] * 8 + ['compat=0.10'] * 3
_QCOW2 += ['compression_type=zstd', 'extended_l2=on', 'lazy_refcounts=on']
# A name has to fit into the first cluster.
_QCOW2 += ['cluster_size=4k', 'cluster_size=2M', 'refcount_bits=1']
# The type of an extension of its header, which may as well not be there.
_SAYS_FORMAT = b'\xe2\x79\x2a\xca'
_SHARE = 0.15
_NEED_A_FORMAT = {'json_copy_on_read', 'json_compress'}
_DEEPEST = 12
_COMMANDS = 0.06
_SECRET = '--object', 'secret,id=key,data=secret', '--image-opts'


class Result(NamedTuple):
    """What happened in one tree; ``failures`` are losses, mostly."""

    number: int
    counts: collections.Counter
    longest: int
    failures: list[str]
    story: list[str]


class Tree(World):
    """A world that grows by chance: always the same of one number."""

    def __init__(self, root, number):
        layout = random.Random(number).choice(['plain', 'nova'])
        super().__init__(root, layout=layout, seed=number)
        self.counts = collections.Counter()
        self.longest = 0
        # A share is swept by the real command: nothing can be done meanwhile.
        self.by_command = self.random.random() < _COMMANDS

    def some_image(self, *forms):
        fitting = [i for i in self.images if not forms or i.form in forms]
        return self.random.choice(fitting) if fitting else self.image(*forms)

    def grow(self, number):
        choose = self.random
        for _ in range(choose.randint(2, 4)):
            form = choose.choice(_IMAGES)
            noted = self.by_command or choose.random() < 0.7
            self.image(form, noted=noted)
        for _ in range(choose.randint(1, 3)):
            kind = choose.choices(
                [self.chain, self.vmdk, self.flat, self.data, self.alone],
                [12, 2, 1, 1.5, 2],
            )[0]
            kind()
            self.counts[f'kind {kind.__name__}'] += 1
        # Each twist in its turn, and every third tree as most are.
        twists = TWISTS
        which = [twists[(number // 3 * 2 + number % 3) % len(twists)]]
        if number % 3 == 0:
            which = []
        elif which[0] in qemu_twists.OTHERS and choose.random() < 0.4:
            which.append(choose.choice(qemu_twists.OTHERS))
        if self.by_command:
            which = [one for one in which if one.__name__ not in _UNCOMMON]
        for twist in dict.fromkeys(which):
            self.tell(f'twist {twist.__name__}')
            twist(self)
            self.features.append(twist.__name__)

    def place(self):
        name = self.random.choice(_PLACES)
        path = self.folder(f'vm-{self.number()}') / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def chain(self):
        """Lay overlays upon each other, the lowest upon an image."""
        below = self.some_image()
        lengths = [1, 1, 1, 1, 2, 2, 3, self.random.randint(4, _DEEPEST)]
        path = self.place()
        for step in range(self.random.choice(lengths)):
            form = self.random.choice(_OVERLAYS)
            way = self.random.choice(self.ways(form, below, step))
            options = []
            if form == 'qcow2' and (given := self.random.choice(_QCOW2)):
                options = ['-o', given]
                self.counts[given] += 1
            here = path if step == 0 else path.with_name(f'{step}-{path.name}')
            below = self.lay(here, below, form, way, options)
            is_old = form == 'qcow2' and way not in _NEED_A_FORMAT
            if is_old and self.random.random() < _SHARE:
                self.forget_format(below.path)
            self.counts[f'way {way}'] += 1
            self.counts[f'overlay {form}'] += 1
            self.longest = max(self.longest, step + 1)
        self.ask_for(below)

    def forget_format(self, path):
        """Have it say no more of which format that is, as long ago."""
        content = path.read_bytes()
        path.write_bytes(content.replace(_SAYS_FORMAT, b'\0old', 1))
        self.counts['without a format'] += 1
        self.tell('    of which it does not say the format')

    def ways(self, form, below, step):
        fitting = set(qemu_names.fitting(below))
        if step:
            # A relative name in there would lead from where the link is.
            fitting -= {'linked_file'}
        if form == 'qcow':
            # It has no room for the format beside the name.
            fitting -= _NEED_A_FORMAT
        return sorted(fitting)

    def vmdk(self):
        below = self.some_image('vmdk')
        path = self.place()
        path = path.with_name('disk.vmdk')
        kind = self.random.choice(_VMDK)
        way = self.random.choice(['absolute', 'relative'])
        options = ['-o', f'subformat={kind}']
        self.ask_for(self.lay(path, below, 'vmdk', way, options))
        self.counts['overlay vmdk'] += 1

    def flat(self):
        """Describe an image as the extent of a disk."""
        below = self.some_image('raw')
        path = self.place().with_name('disk.vmdk')
        name = self.random.choice(
            [str(below.path), os.path.relpath(below.path, path.parent)]
        )
        path.write_text(
            '# Disk DescriptorFile\nversion=1\nCID=fffffffe\n'
            'parentCID=ffffffff\ncreateType="monolithicFlat"\n\n'
            f'RW {self.size // 512} FLAT "{name}" 0\n'
        )
        self.below[path] = {below.path}
        self.ask_for(File(path, 'vmdk'))
        self.tell(f'flat {path} of {name}')

    def data(self):
        """Have an image for the data file of a disk."""
        below = self.some_image('raw')
        path = self.place()
        # Whole: QEMU takes another as from where it was itself started.
        self.name_data(path, below, str(below.path))
        self.ask_for(File(path, 'qcow2'))

    def alone(self):
        """Make a disk that has nothing below it."""
        form = self.random.choice(_ALONE)
        path = self.place().with_name('disk')
        self.counts[f'alone {form}'] += 1
        self.tell(f'alone {path} {form}')
        if form != 'luks':
            self.ask_for(self.fill(path, form))
            return
        shutil.copy(_luks(), path)
        # A format that names files might lie in it.
        self.doubt(SOMETHING)
        how = 'driver=luks,key-secret=key,file.driver=file,file.filename='
        self.ask_for(File(path, form), more=(*_SECRET, f'{how}{path}'))

    def play(self):
        """Sweep, and hold what is there against what was."""
        self.judge = Judge(self.disks, self.scratch)
        there = self.there()
        with contextlib.ExitStack() as around:
            for begin in self.around:
                around.enter_context(begin())
            if self.by_command:
                given = ','.join(self.given)
                conf = self.configure(f'instance_paths = {given}')
                told = self.run_sweep('--config-file', str(conf))[1:]
                self.counts['commands'] += 1
            else:
                told = self.sweep()
        for line in told:
            self.tell(f'told: {line}')
        gone = there - self.there()
        self.counts['evictions'] += len(gone)
        self.counts['sweeps'] += 1
        self.counts[f'layout {self.layout}'] += 1
        self.counts[f'trees of which one can know {self.known}'] += 1
        for feature in self.features:
            self.counts[f'twist {feature}'] += 1
            if self.known == EVERYTHING:
                self.counts[f'known {feature}'] += 1
                self.counts[f'evicted {feature}'] += len(gone)
        self.count_disks()
        return list(self.failures(there, gone))

    def count_disks(self):
        self.counts['disks'] += len(self.judge.whole)
        for disk in self.judge.whole[-3:]:
            forms = chain(disk) if not disk.more and not disk.within else []
            self.counts.update(f'format {form}' for form in forms)

    def failures(self, there, gone):
        for broken in self.judge.broken():
            yield f'QEMU could not open it even before: {broken}'
        for lost in self.judge.losses(but={str(path) for path in gone}):
            self.counts['losses'] += 1
            yield f'LOST {lost}'
        used = self.used()
        for path in gone & used:
            self.counts['losses'] += 1
            yield f'LOST {path}, which is used or kept'
        under = set().union(*self.below.values()) if self.below else set()
        left = there - gone - used - under
        if self.known == EVERYTHING and left:
            yield f'nobody uses {sorted(left)}, which stayed'
        if self.known == NOTHING and gone:
            yield f'nobody can know of {sorted(gone)}, which went'


# What the command is not given, or is not there to be done.
_UNCOMMON = {
    'raw_by_libvirt',
    'raw_that_is_ignored',
    'late',
    'late_after_a_long_look',
}
_MADE = {}


def _luks():
    """Make a disk that takes seconds to make, once."""
    if 'luks' not in _MADE or not _MADE['luks'].exists():
        path = _MADE['at'] / 'luks'
        _make_luks(path)
        _MADE['luks'] = path
    return _MADE['luks']


def _make_luks(path):
    key = '--object', 'secret,id=key,data=secret'
    given = 'key-secret=key,iter-time=10'
    for left in reversed(range(10)):
        try:
            qemu('create', '-q', '-f', 'luks', *key, '-o', given, path, 65536)
            return
        except subprocess.CalledProcessError:
            # It times its own work, and gives up where that took no time.
            if not left:
                raise


def try_out(number, at):
    """Grow one tree, sweep it, and tell what happened."""
    root = pathlib.Path(at) / f'tree-{number}'
    root.mkdir()
    _MADE.setdefault('at', pathlib.Path(at))
    tree = None
    try:
        tree = Tree(root, number)
        with tree.cleaning:
            tree.grow(number)
            failures = tree.play()
    except Exception:
        failures = [traceback.format_exc()]
    finally:
        shutil.rmtree(root)
    if tree is None:
        return Result(number, collections.Counter(), 0, failures, [])
    return Result(number, tree.counts, tree.longest, failures, tree.story)
