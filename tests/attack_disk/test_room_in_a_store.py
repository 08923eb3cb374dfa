"""What lies staged in the store is counted with what it will take there."""

import datetime
import fcntl
import io
import os
import subprocess

import pytest

from imagecache_handlers import ImageCache
from imagecache_handlers import ImageMeta
from imagecache_handlers import Rules
from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.prefetch_settings import PrefetchSettings
from tests.actions.incoming import HOUR
from tests.actions.incoming import Images
from tests.directory.disks import resident

MIB = 2**20
RULES = Rules(
    min_age=datetime.timedelta(0),
    expire_at_min_age=False,
    clock_skew=datetime.timedelta(0),
)

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason='it takes root')


@pytest.fixture
def place(tmp_path):
    """A store of 100 MiB with an idle image of 50, and no disk that uses it."""
    store, instances = tmp_path / 'store', tmp_path / 'instances'
    store.mkdir()
    instances.mkdir()
    resident(instances)
    with open('/tmp/directory.lock', 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        size = ['-o', 'size=100m,mode=700']
        subprocess.run(
            ['mount', '-t', 'tmpfs', *size, 'tmpfs', store], check=True
        )
        try:
            put(connect(tmp_path), 'idle', 50 * MIB)
            yield tmp_path
        finally:
            subprocess.run(['umount', store], check=True)


def connect(place):
    return DirectoryHandler(
        [str(place / 'store')], instance_paths=[str(place / 'instances')]
    )


def put(handler, image_id, size):
    """Add an image that was idle for long: it may go when room is short."""
    meta = ImageMeta(image_id=image_id, size=size, disk_format='raw')
    long_ago = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    old = DirectoryHandler(handler.paths, clock=lambda: long_ago)
    labels = {'unused.20260102t000000z'}
    content = io.BytesIO(os.urandom(size))
    old.add(meta, content, handler.paths[0], labels)


def test_a_staging_folder_on_the_same_disk_takes_room_there(place):
    """40 MiB staged beside the store, and 40 copied: 50 are free."""
    store = place / 'store' / 'images'
    store.mkdir()
    handler = DirectoryHandler([str(store)])
    source = Images(image=os.urandom(40 * MIB), piece=MIB)
    wanted = PrefetchSettings(staging_path=str(place / 'store' / 'staging'))
    [result] = ImageCache(handler, RULES).prefetch(
        ['image'], source, HOUR, settings=wanted
    )
    fetched = source.read // MIB
    assert result.is_there or not fetched, f'{fetched} MiB for: {result.why}'
