"""Real folders to test in, and other tools that work in them."""

import datetime
import io
import json
import os
import pathlib
import tempfile
import unittest

from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.directory import sidecar
from imagecache_handlers.model import ImageMeta

THEN = datetime.datetime(2026, 11, 1, 12, tzinfo=datetime.UTC)
IMAGE = 'c0ffee00-0000-4000-8000-000000000001'
OTHER = 'c0ffee00-0000-4000-8000-000000000002'


class Place(unittest.TestCase):
    """A folder of its own for every test."""

    def setUp(self):
        place = tempfile.TemporaryDirectory(prefix='imagecache-test-')
        self.addCleanup(place.cleanup)
        self.root = pathlib.Path(place.name)
        self.folder = self.root / 'images'
        self.folder.mkdir()
        self.path = str(self.folder)

    def connect(self):
        return DirectoryHandler([self.path], clock=lambda: THEN)

    def add(self, image_id=IMAGE, labels=(), size=8192):
        content = os.urandom(size)
        meta = ImageMeta(image_id=image_id, size=size, disk_format='raw')
        return self.connect().add(meta, io.BytesIO(content), self.path, labels)

    def listed(self, *image_ids):
        return list(self.connect().enumerate(self.path, image_ids or None))

    def labels(self, image_id=IMAGE):
        [image] = self.listed(image_id)
        return image.marks.labels

    def file(self, image_id=IMAGE):
        return self.folder / image_id

    def sidecar(self, image_id=IMAGE):
        return self.folder / f'.{image_id}.imagecache'

    def entries(self):
        return sorted(os.listdir(self.folder))

    def write_sidecar(self, name, **changes):
        """Write a sidecar as ours would be, but for some changes."""
        found = os.lstat(self.folder / name)
        made = sidecar.Sidecar.of(name, THEN, {'site.a'}, found)
        fields = json.loads(made.dump()) | changes
        self.sidecar(name).write_text(json.dumps(fields))
