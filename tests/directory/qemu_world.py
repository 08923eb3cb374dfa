"""Worlds: a store, instances and disks, made by the real qemu-img.

A world notes how it was made (``story``), which images surely have a user
that no disk names (``kept``), and whether everything in it can be known.
"""

import contextlib
import datetime
import itertools
import os
import pathlib
import random
import subprocess
import sys
from typing import NamedTuple

from imagecache_handlers.actions.report import Did
from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.directory import sidecar
from imagecache_handlers.directory.system import birth_time
from imagecache_handlers import Evidence
from imagecache_handlers import ImageCache
from imagecache_handlers.labels import pin_label
from imagecache_handlers.labels import unused_label
from imagecache_handlers import Rules
from tests.directory.disks import qemu
from tests.directory.place import sha1
from tests.directory.qemu_judge import Disk
from tests.directory import qemu_names

NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
HOUR = datetime.timedelta(hours=1)
DAY = datetime.timedelta(days=1)
ROOT = str(pathlib.Path(__file__).parents[2])
PROGRAM = [sys.executable, '-m', 'imagecache_handlers.frontends.cli']

# What can be known of the users of images.
EVERYTHING, SOMETHING, NOTHING = 'everything', 'something', 'nothing'


class File(NamedTuple):
    """A file that QEMU reads, and the format of it."""

    path: pathlib.Path
    form: str


def _why(verdict):
    return [(sorted(why.who), why.detail) for why in verdict.blockers]


class World:
    """A store, the folder of instances, and whatever lies elsewhere."""

    size = 65536

    def __init__(self, root, *, layout='plain', seed=0):
        self.root = pathlib.Path(root)
        self.layout = layout
        self.random = random.Random(seed)
        self._numbers = itertools.count(1)
        self.host = self.root / 'host'
        self.instances = self.host / 'instances'
        self.outside = self.root / 'outside'
        self.scratch = self.root / 'scratch'
        is_nova = layout == 'nova'
        self.store = self.instances / '_base' if is_nova else self.host / 'im'
        for path in (self.instances, self.outside, self.scratch, self.store):
            path.mkdir(parents=True)
        # What the sweeper is told.
        self.stores = [self.store]
        self.given = [str(self.instances)]
        self.options = {}
        self.images = []
        self.disks = []
        self.kept = set()
        self.idle = set()
        self.known = EVERYTHING
        self.story = []
        self.features = []
        self.below = {}
        # What is done around a sweep, and when an image's turn comes.
        self.around = []
        self.at_turns = []
        self.judge = None
        self.cleaning = contextlib.ExitStack()
        # A look that met no disk is no look: there is an ordinary one.
        path = self.folder('resident') / 'disk'
        qemu('create', '-q', '-f', 'qcow2', path, self.size)
        self.resident = File(path, 'qcow2')
        self.ask_for(self.resident)

    def number(self):
        return next(self._numbers)

    def folder(self, name):
        path = self.instances / name
        path.mkdir(exist_ok=True)
        return path

    def tell(self, text):
        self.story.append(text.replace(str(self.root), ''))

    def doubt(self, known):
        """Note that not everything can be known, or not for sure."""
        order = [EVERYTHING, SOMETHING, NOTHING]
        self.known = max(self.known, known, key=order.index)

    # Files that QEMU reads.

    def fill(self, path, form='raw'):
        """Make a disk of any format, with content of its own."""
        content = self.random.randbytes(self.size)
        if form == 'raw':
            path.write_bytes(content)
            return File(path, form)
        source = self.scratch / 'source'
        source.write_bytes(content)
        qemu('convert', '-f', 'raw', '-O', form, source, path)
        source.unlink()
        return File(path, form)

    def image(self, form='raw', *labels, over=None, noted=True, variant=''):
        """Put an image into the store that nobody used for days.

        In layout ``nova`` nothing needs to be noted of it.
        """
        number = len(self.images) + 1
        # Of its own: a loop device of another world is known by a name.
        name = f'image-{number}-{self.root.name}'
        if self.layout == 'nova':
            name = f'{sha1(name)}{variant}'
        path = self.store / name
        if over is None:
            file = self.fill(path, form)
        else:
            file = self.lay(path, over, form)
        if noted or self.layout == 'plain':
            self.adopt(path, labels)
        self.images.append(file)
        # Until it is used: what QEMU reads, if it is there at all.
        self.ask_for(file)
        self.tell(f'image {path.name} {form} {list(labels)}')
        return file

    def adopt(self, path, labels=()):
        """Write a sidecar as if that image had been idle for days."""
        then = (NOW - 5 * DAY).timestamp()
        os.utime(path, (then, then))
        fd = os.open(path.parent, os.O_RDONLY)
        try:
            born = birth_time.read(fd, path.name)
        finally:
            os.close(fd)
        made = sidecar.Sidecar.of(
            path.name,
            NOW - 5 * DAY,
            {unused_label(NOW - 3 * DAY), *labels},
            path.stat(),
            born,
        )
        beside = path.parent / sidecar.path(path.name)
        beside.write_bytes(made.dump())

    def pin(self, form='raw', over=None):
        """Put an image there that is not to go, whoever uses it."""
        image = self.image(form, pin_label('ops', None), over=over)
        self.kept.add(image.path)
        return image

    def lay(self, path, below, form='qcow2', way='absolute', options=()):
        """Lay an overlay with the name that such a way gives."""
        if form == 'vmdk':
            # Which looks at what it is to lie upon.
            way = way if way in ('absolute', 'relative') else 'absolute'
        name, said = qemu_names.give(way, self, path, below)
        blind = [] if form == 'vmdk' else ['-u']
        size = [] if form == 'vmdk' else [self.size]
        made = ['create', '-q', '-f', form, *options, *blind, '-F', said]
        qemu(*made, '-b', name, path, *size, cwd=path.parent)
        self.below.setdefault(path, set()).add(below.path)
        self.tell(f'{form} {str(path)!r} names {name!r} as {said}')
        return File(path, form)

    def name_data(self, path, image, name):
        """Make a disk whose data are those of an image."""
        spare = self.scratch / 'data'
        made = ['create', '-q', '-f', 'qcow2']
        given = f'data_file={spare},data_file_raw=on'
        qemu(*made, '-o', given, path, self.size)
        # It looks whether that is there.
        qemu('amend', '-f', 'qcow2', '-o', f'data_file={name}', path, cwd='/')
        spare.unlink()
        self.below[path] = {image.path}
        self.tell(f'{str(path)!r} has the data file {name}')

    def ask_for(self, file, form='', **how):
        self.disks.append(Disk(str(file.path), form, **how))
        return file

    def overlay(self, path, below, form='qcow2', way='absolute', **how):
        """Lay an overlay that somebody has for a disk."""
        return self.ask_for(self.lay(path, below, form, way, **how))

    # Sweeps.

    def made_as(self):
        """Give the handler to sweep with: others act while it does."""
        if not self.at_turns:
            return DirectoryHandler
        at_turns = self.at_turns

        class Crossed(DirectoryHandler):
            def evict(self, image, *given):
                for act in list(at_turns):
                    act(image)
                return super().evict(image, *given)

            def evict_many(self, images, in_time):
                for image in images:
                    for act in list(at_turns):
                        act(image)
                    yield from super().evict_many([image], in_time)

        return Crossed

    def used(self):
        """Give whatever lies below a disk that is no image, or one kept."""
        images = {image.path for image in self.images}
        pending = [path for path in self.below if path not in images]
        pending += self.kept
        used = set()
        while pending:
            path = pending.pop()
            for lower in self.below.get(path, ()):
                if lower not in used:
                    used.add(lower)
                    pending.append(lower)
        return used | self.kept

    def there(self):
        """Give the images that the store has."""
        return {one.path for one in self.images if one.path.exists()}

    def handler(self, now=None, made_as=DirectoryHandler, **more):
        now = now or datetime.datetime.now(datetime.UTC)
        return made_as(
            [*map(str, self.stores)],
            layout=self.layout,
            instance_paths=self.given,
            clock=lambda: now,
            **self.options,
            **more,
        )

    def sweep(self):
        """Sweep until everything goes that is ever to go."""
        made_as = self.made_as()
        return [
            one for hours in (1, 3) for one in self.sweep_at(hours, made_as)
        ]

    def sweep_at(self, hours, made_as):
        """Sweep once, and give what became of each image, and why."""
        now = NOW + hours * HOUR
        cache = ImageCache(
            self.handler(now, made_as),
            Rules(min_age=HOUR),
            clock=lambda: now,
        )
        report = cache.sweep(lambda: Evidence(complete=True, as_of=now))
        return [
            *map(str, report.plan.problems.values()),
            *(
                f'{one.verdict.image.location} {one.did}: {one.why}'
                for one in report.outcomes
                if one.did is not Did.EVICTED
            ),
            *(
                f'{one.image.location} {one.reason} {_why(one)}'
                for one in report.plan.verdicts
            ),
        ]

    def configure(self, *given, folder=None):
        """Write a file for the command; each of ``given`` is one line."""
        lines = [
            '[imagecache_directory]',
            *(f'path = {store}' for store in self.stores),
            f'layout = {self.layout}',
            *given,
        ]
        conf = (folder or self.scratch) / 'cache.conf'
        conf.write_text('\n'.join([*lines, '']))
        return conf

    def run_sweep(self, *arguments, before=()):
        """Sweep by the real command, and give what it said."""
        done = subprocess.run(  # noqa: S603 -- our own program
            [*before, *PROGRAM, 'sweep', *arguments],
            env={**os.environ, 'PYTHONPATH': ROOT},
            cwd=self.scratch,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr
