"""Real folders to test in, and other tools that work in them."""

import datetime
import errno
import hashlib
import io
import json
import os
import pathlib
import tempfile
import types
import unittest
from unittest import mock

from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.directory.hosts import records
from imagecache_handlers.directory import labelling
from imagecache_handlers.directory import sidecar
from imagecache_handlers.model import ImageMeta
from tests.directory.disks import resident

THEN = datetime.datetime(2026, 11, 1, 12, tzinfo=datetime.UTC)
IMAGE = 'c0ffee00-0000-4000-8000-000000000001'
OTHER = 'c0ffee00-0000-4000-8000-000000000002'


def sha1(image_id):
    """Give the name of an image in Nova's own folder."""
    return hashlib.sha1(image_id.encode(), usedforsecurity=False).hexdigest()


def full(*ignored):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def no_space(which=full):
    """Have no sidecar written any more but that of an image that comes."""
    shown = types.SimpleNamespace(Sidecar=sidecar.Sidecar, write=which)
    return mock.patch.object(labelling, 'sidecar', shown)


class Place(unittest.TestCase):
    """A folder of its own for every test."""

    # Of which most tests speak; both are names of files as well.
    image = IMAGE
    other = OTHER

    def setUp(self):
        place = tempfile.TemporaryDirectory(prefix='imagecache-test-')
        self.addCleanup(place.cleanup)
        self.root = pathlib.Path(place.name)
        self.folder = self.root / 'images'
        self.folder.mkdir()
        self.path = str(self.folder)

    def connect(self):
        return DirectoryHandler([self.path], clock=self.clock)

    def clock(self):
        return THEN

    def add(self, image_id=None, labels=(), size=8192):
        image_id = self.image if image_id is None else image_id
        content = os.urandom(size)
        meta = ImageMeta(image_id=image_id, size=size, disk_format='raw')
        return self.connect().add(meta, io.BytesIO(content), self.path, labels)

    def listed(self, *image_ids):
        return list(self.connect().enumerate(self.path, image_ids or None))

    def labels(self, image_id=None):
        [image] = self.listed(image_id or self.image)
        return image.marks.labels

    def file(self, image_id=None):
        return self.folder / (image_id or self.image)

    def sidecar(self, image_id=None):
        return self.folder / f'.{image_id or self.image}.imagecache'

    def entries(self):
        """Name what lies there, but for what this host looks at.

        A folder for reservations that has none is nothing.
        """
        return sorted(
            name
            for name in os.listdir(self.folder)
            if not name.endswith(records.RECORD)
            and not (
                name == '.imagecache-incoming'
                and not os.listdir(os.path.join(self.folder, name))
            )
        )

    def write_sidecar(self, name, **changes):
        """Write a sidecar as ours would be, but for some changes."""
        found = os.lstat(self.folder / name)
        made = sidecar.Sidecar.of(name, THEN, {'site.a'}, found)
        fields = json.loads(made.dump()) | changes
        self.sidecar(name).write_text(json.dumps(fields))


class NovaPlace(Place):
    """Nova's own folder, where Nova has it: among the instances."""

    image = sha1(IMAGE)
    other = sha1(OTHER)

    def setUp(self):
        super().setUp()
        self.instances = self.root / 'instances'
        self.locks = self.instances / 'locks'
        self.locks.mkdir(parents=True)
        resident(self.instances)
        self.folder = self.folder.rename(self.instances / '_base')
        self.path = str(self.folder)
        resident(self.instances)

    def connect(self):
        return DirectoryHandler(
            [self.path],
            layout='nova',
            instance_paths=[str(self.instances)],
            clock=self.clock,
        )
