"""What the tests have in common: two pools, and handlers on them."""

import io
import pathlib
import tempfile
import unittest

from imagecache_handlers_sqlite.handler import SqliteHandler
from imagecache_handlers_sqlite.pool import Pool


class Pooled(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.root = pathlib.Path(place.name).resolve()
        self.pool = Pool.create(self.root / 'pool')
        self.other = Pool.create(self.root / 'other')

    def connect(self):
        return SqliteHandler(Pool(self.pool.folder), Pool(self.other.folder))

    def seed(self, image_id, *, size=2**20):
        content = io.BytesIO(bytes(size))
        return self.pool.add(content, 'image', image_id=image_id)

    def disks(self):
        """Give the name of each disk by its id, as another tool sees them."""
        with self.pool.reading() as db:
            return dict(db.execute('SELECT id, name FROM disk'))
