"""Two processes with one folder; one stands still for longer than a claim."""

import os
import pathlib
import signal
import sys
import threading
import time

from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers import ImageCache
from imagecache_handlers.prefetch_settings import PrefetchSettings
from tests.actions.incoming import HOUR
from tests.actions.incoming import Images
from tests.actions.incoming import QUICK

DATA = b'0123456789abcdef' * 2**14


def prefetch_image(store, source, end):
    """Prefetch it as any process would, but not for ever."""
    cache = ImageCache(DirectoryHandler([store]), QUICK)
    [result] = cache.prefetch(
        ['image'],
        source,
        HOUR,
        settings=PrefetchSettings(),
        should_stop=lambda: time.monotonic() > end,
    )
    return result


def run_child(store, end):
    """Stand still after the second piece; go on when told so."""
    source = Images(image=DATA)

    def stand_still(image_id, done):
        if done == 2 * source.piece:
            os.kill(os.getpid(), signal.SIGSTOP)

    source.on_piece = stand_still
    result = prefetch_image(store, source, end)
    pathlib.Path(store).with_name('child').write_text(result.did)


def test_neither_waits_for_the_other_for_ever(tmp_path):
    store = tmp_path / 'store'
    store.mkdir()
    end = time.monotonic() + 25
    child = os.fork()
    if not child:
        try:
            run_child(str(store), end)
        finally:
            sys.stdout.flush()
            os._exit(0)
    os.waitpid(child, os.WUNTRACED)
    # Longer than its reservation lasts, whose claim_ttl is 2 s.
    time.sleep(3)
    found = []
    thread = threading.Thread(
        target=lambda: found.append(
            prefetch_image(str(store), Images(image=DATA), end)
        )
    )
    thread.start()
    time.sleep(2)
    os.kill(child, signal.SIGCONT)
    thread.join()
    os.waitpid(child, 0)
    dids = {found[0].did.value, (tmp_path / 'child').read_text()}
    assert dids <= {'cached', 'existing'}, (dids, found[0].why)
    assert (store / 'image').read_bytes() == DATA
