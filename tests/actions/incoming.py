"""A source in memory, and whatever else a test of prefetching needs."""

import contextlib
import datetime
import hashlib
import threading

from imagecache_handlers import Checksum
from imagecache_handlers.clocks import utc_now
from imagecache_handlers import ImageCache
from imagecache_handlers import ImageMeta
from imagecache_handlers.prefetch_settings import PrefetchSettings
from imagecache_handlers import Rules
from imagecache_handlers import SourceError
from imagecache_handlers import Stretch
from imagecache_handlers.testing.memory import MemoryHandler
from imagecache_handlers.testing.shelf import Entry
from imagecache_handlers.testing.shelf import Shelf

HOUR = datetime.timedelta(hours=1)
PIECE = 2**16
# Pieces that have come when a fetch is left, and are not written: a MiB of
# those that our own sources give.
AHEAD = 4
QUICK = Rules(
    claim_ttl=datetime.timedelta(seconds=2),
    clock_skew=datetime.timedelta(0),
    removal=datetime.timedelta(0),
)


class Images:
    """A source that counts what is read of it."""

    def __init__(self, *, piece=PIECE, **images):
        self.images = images
        self.piece = piece
        self.begun = []
        self.read = 0
        self.lock = threading.Lock()
        self.on_piece = lambda image_id, done: None

    def __str__(self):
        return 'images in memory'

    def describe(self, image_id):
        if image_id not in self.images:
            raise SourceError(image_id, 'there is none')
        data = self.images[image_id]
        value = hashlib.sha256(data).hexdigest()
        return ImageMeta(
            image_id=image_id,
            size=len(data),
            disk_format='raw',
            virtual_size=len(data),
            checksum=Checksum(algorithm='sha256', value=value),
        )

    @contextlib.contextmanager
    def read_from(self, meta, offset):
        with self.lock:
            self.begun.append(meta.image_id)
        yield Stretch(offset, self.pieces(meta.image_id, offset))

    def pieces(self, image_id, at):
        data = self.images[image_id]
        while at < len(data):
            piece = data[at : at + self.piece]
            at += len(piece)
            with self.lock:
                self.read += len(piece)
            self.on_piece(image_id, at)
            yield piece


class Time:
    """A clock of one's own: it goes on while somebody sleeps."""

    def __init__(self):
        self.start = utc_now()
        self.passed = 0.0

    def sleep(self, seconds):
        self.passed += seconds

    def now(self):
        return self.start + datetime.timedelta(seconds=self.passed)

    def open_cache(self, handler, rules=None):
        return ImageCache(
            handler,
            rules or Rules(),
            clock=self.now,
            monotonic=lambda: self.passed,
            sleep=self.sleep,
        )


def opened(folder, shelf=None, rules=QUICK, **kwargs):
    """A cache on a shelf, as one of several hosts may have it."""
    handler = MemoryHandler(Shelf() if shelf is None else shelf)
    return ImageCache(handler, rules, **kwargs), settings(folder)


def settings(folder, **fields):
    return PrefetchSettings(staging_path=str(folder / 'stage'), **fields)


def put(shelf, name, size, *labels, **fields):
    """Put an image there that is ready to go, if no label keeps it."""
    shelf.entries[f'at-{name}'] = Entry(
        image_id=name,
        size=size,
        cached_at=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
        labels={'unused.20260601t000000z', *labels},
        **fields,
    )


def outcomes(results):
    return [(one.image_id, one.did.value) for one in results]
