"""Backends: how the tests of the kit look at one, and act on it."""

import collections
from collections.abc import Callable
from collections.abc import Iterator
import concurrent.futures
import contextlib
import threading
from typing import Any

from imagecache_handlers.handler import CacheHandler
from imagecache_handlers.model import CachedImage
from imagecache_handlers.testing.conformance.hooks import HandlerHooks
from imagecache_handlers.testing.conformance.hooks import ReadsOnly
from imagecache_handlers.testing.conformance.samples import ONE
from imagecache_handlers.testing.conformance.samples import PATIENCE
from imagecache_handlers.testing.conformance.samples import PAUSE
from imagecache_handlers.testing.conformance.watching import watch

# So many calls stand in the message of a failure, the last of them last.
_CALLS_TOLD = 3


class Backend(HandlerHooks):
    """What the kit makes of the hooks."""

    _called: collections.deque[str]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.calls = {}

    def _begin(self) -> None:
        """Forget the calls of what was examined before."""
        self._called = collections.deque(maxlen=_CALLS_TOLD)

    @contextlib.contextmanager
    def _counted(self, operation: str) -> Iterator[None]:
        before = self.backend_calls()
        yield
        after = self.backend_calls()
        if before is not None and after is not None:
            self.calls[operation] = after - before

    @contextlib.contextmanager
    def _meanwhile(self, look: Callable[[], object]) -> Iterator[None]:
        """Look again and again in a thread, from before until after."""
        started, done = threading.Event(), threading.Event()

        def watch() -> None:
            try:
                look()
            finally:
                started.set()
            while not done.wait(PAUSE):
                look()

        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            watching = pool.submit(watch)
            try:
                started.wait(PATIENCE)
                yield
            finally:
                done.set()
            watching.result()

    def _outages_of_all(
        self,
    ) -> list[contextlib.AbstractContextManager[object]]:
        """Give the outages from which writes suffer, too."""
        return [
            outage
            for outage in self.outages()
            if not isinstance(outage, ReadsOnly)
        ]

    def _stores(self) -> list[str]:
        """Name the stores that can be read, the one of ``seed`` first."""
        with contextlib.closing(self.connect()) as handler:
            stores = list(handler.stores())
        first = self.store()
        names = [store.name for store in stores if not store.problem]
        return sorted(names, key=lambda name: name != first)

    def _connect(self) -> CacheHandler:
        handler = self.connect()
        self.addCleanup(handler.close)
        return watch(handler, self._called.append)

    def _list(self, *image_ids: str) -> list[CachedImage]:
        """List afresh, as another host sees it."""
        with contextlib.closing(self.connect()) as handler:
            watch(handler, self._called.append)
            return list(handler.enumerate(self.store(), image_ids or None))

    def _locations(self, *image_ids: str) -> list[str]:
        return sorted(image.location for image in self._list(*image_ids))

    def _at(self, location: str) -> CachedImage:
        found = [im for im in self._list() if im.location == location]
        self.assertEqual(1, len(found), f'{location} is to be listed once')
        return found[0]

    def _seeded(self, image_id: str = ONE) -> CachedImage:
        return self._at(self.seed(image_id))

    def _again(self, image: CachedImage) -> CachedImage:
        return self._at(image.location)

    def _marked(self, image: CachedImage, *labels: str) -> CachedImage:
        self._connect().mark(image, labels)
        return self._again(image)

    def _key(self, image_id: str) -> str:
        with contextlib.closing(self.connect()) as handler:
            return handler.key(image_id)
