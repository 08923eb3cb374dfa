"""Whoever owns a store has a process of root's wait for ever."""

import contextlib
import fcntl
import os
import signal
import time

import pytest

from imagecache_handlers import ImageCache
from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.prefetch_settings import PrefetchSettings
from imagecache_handlers.staging.names import Names
from tests.actions.incoming import HOUR
from tests.actions.incoming import Images
from tests.actions.incoming import QUICK

NOVA = 65534

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason='it takes root')


@pytest.fixture
def store(tmp_path):
    store = tmp_path / 'store'
    store.mkdir()
    os.chown(store, NOVA, NOVA)
    return store


@contextlib.contextmanager
def ends_in(seconds, work):
    """Have a process do that; False: it had to be killed."""
    child = os.fork()
    if not child:
        try:
            work()
        finally:
            os._exit(0)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if os.waitpid(child, os.WNOHANG)[0]:
            yield True
            return
        time.sleep(0.1)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    yield False


def test_a_lock_of_novas_is_not_waited_for_for_ever(store):
    """Nobody has reserved room for that image: nobody fetches it."""
    cache = ImageCache(DirectoryHandler([str(store)]), QUICK)
    source = Images(image=b'a' * 1000)
    folder = DirectoryHandler([str(store)]).staging(str(store))
    lock = os.path.join(folder, Names.of(source.describe('image')).lock)
    with open(lock, 'w') as file:
        os.chown(lock, NOVA, NOVA)
        fcntl.flock(file, fcntl.LOCK_EX)

        def prefetch():
            cache.prefetch(
                ['image'], source, HOUR, settings=PrefetchSettings()
            )

        with ends_in(20, prefetch) as is_over:
            assert is_over
