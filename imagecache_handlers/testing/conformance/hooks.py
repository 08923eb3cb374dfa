"""Hooks: what a handler's author supplies, and what the kit makes of it."""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterator
import concurrent.futures
import contextlib
import functools
import io
import threading
from typing import Any
from typing import TYPE_CHECKING
from typing import TypeVar

from imagecache_handlers.exceptions import NotSupported
from imagecache_handlers.handler import CacheHandler
from imagecache_handlers.handler import declares
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.testing.conformance.samples import as_debris
from imagecache_handlers.testing.conformance.samples import ONE
from imagecache_handlers.testing.conformance.samples import PATIENCE
from imagecache_handlers.testing.conformance.samples import PAUSE

if TYPE_CHECKING:
    import unittest

    _Base = unittest.TestCase
else:
    # Were it a TestCase, runners would collect the kit itself.
    _Base = object

_Self = TypeVar('_Self', bound='HandlerHooks')


class HandlerHooks(_Base):
    """What the author of a handler supplies.

    ``setUp`` makes a fresh backend for each test; the hooks work on it
    without the handler, as another tool would.
    """

    #: Whether one store can hold two whole objects of the same image.
    holds_copies: bool = False
    #: Backend calls by operation, where ``backend_calls`` counts; printed at
    #: the end and not judged: a bound is for a test of the author's own.
    calls: dict[str, int]

    @property
    def sees_users(self) -> bool:
        """Say whether this backend can see who uses an image."""
        raise self._missing('sees_users')

    def connect(self) -> CacheHandler:
        """Give a new handler on the backend of this test.

        Each has connections of its own, as if on another host; the kit
        closes it.
        """
        raise self._missing('connect')

    def seed(self, image_id: str, *, size: int = 2**20) -> str:
        """Put a whole cached image into the store and give its location.

        Its ``size`` bytes are written, not only reserved.  It is as the
        backend's own driver leaves it: idle, past any time of grace,
        without a pin, lease or claim.  A second one of the same image is
        another object, where ``holds_copies``.
        """
        raise self._missing('seed')

    def lose(self, image: CachedImage) -> None:
        """Make the object vanish as if another tool had removed it."""
        raise self._missing('lose')

    def occupy(self, image: CachedImage, user: str) -> None:
        """Have the image used; only called where ``sees_users``."""
        raise self._missing('occupy')

    def vacate(self, image: CachedImage, user: str) -> None:
        """End that use; only called where ``sees_users``."""
        raise self._missing('vacate')

    def foreign(self) -> Collection[str]:
        """Put objects that are not ours into the store; give their names.

        They look as much like a cached image as the backend allows: the
        mark without the shape, the shape without the mark, names and ids
        that are hostile.  Where one can stand beside a true image of the
        same id, it bears that of ``ONE``.  A name is what a ``location``
        would be.
        """
        raise self._missing('foreign')

    def foreign_left(self) -> Collection[str]:
        """Give the names of those that are still there, unharmed."""
        raise self._missing('foreign_left')

    def litter(self) -> Collection[str]:
        """Leave debris, old enough to go; give its locations.

        Only called where the handler declares ``debris`` or ``clean``.
        """
        raise self._missing('litter')

    def offer(self, image_id: str) -> tuple[ImageMeta, bytes]:
        """Give an image that ``add`` and ``room`` can take; by default raw."""
        data = image_id.encode() * 2**12
        meta = ImageMeta(image_id=image_id, size=len(data), disk_format='raw')
        return meta, data

    def store(self) -> str:
        """Name the store that ``seed`` fills; by default the first."""
        with contextlib.closing(self.connect()) as handler:
            stores = list(handler.stores())
        self.assertTrue(stores, 'a handler has at least one store')
        return stores[0].name

    def outages(self) -> Collection[contextlib.AbstractContextManager[object]]:
        """Give the ways in which the backend can fail, each while it lasts.

        Half an outage, such as one unreadable folder, is the more telling.
        By default none: then nothing is known of what the handler does.
        """
        return ()

    def doom(self, step: Callable[[], None]) -> None:
        """Have ``step`` called before and after each call that changes things.

        Such as ``os.rename``, or a statement of SQL.  It is done in a process
        of its own, which dies in one of them.  By default none: then nothing
        is known of what a death in the middle of a call leaves.
        """

    def last_step(
        self, act: Callable[[], object]
    ) -> contextlib.AbstractContextManager[object]:
        """Have ``act`` called in each evict, once and as late as possible.

        That is the last moment at which others still get in: before the lock
        is taken, or the transaction begins, that makes the removal one step.
        Where nothing does, it is before the request that removes leaves.
        By default never: then nothing is known of an evict that stands still
        there.
        """
        return contextlib.nullcontext()

    def whole(self, image: CachedImage) -> bool:
        """Tell if the object has all of its bytes; by default it is trusted.

        Asked of each image that a process which died left in the list.
        """
        return True

    def backend_calls(self) -> int | None:
        """Tell how many calls the backend has had; None: nobody counts."""
        return None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.calls = {}

    @classmethod
    def tearDownClass(cls) -> None:
        for operation, count in cls.calls.items():
            print(f'{cls.__name__}: {operation}: {count} backend calls')
        super().tearDownClass()

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

    def _missing(self, hook: str) -> NotImplementedError:
        told = getattr(HandlerHooks, hook).__doc__.splitlines()[0]
        name = type(self).__name__
        return NotImplementedError(f'{name} must supply {hook}: {told}')

    def _connect(self) -> CacheHandler:
        handler = self.connect()
        self.addCleanup(handler.close)
        return handler

    def _list(self, *image_ids: str) -> list[CachedImage]:
        """List afresh, as another host sees it."""
        with contextlib.closing(self.connect()) as handler:
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

    def _stores(self) -> list[str]:
        """Name the stores that can be read, the one of ``seed`` first."""
        with contextlib.closing(self.connect()) as handler:
            stores = list(handler.stores())
        first = self.store()
        names = [store.name for store in stores if not store.problem]
        return sorted(names, key=lambda name: name != first)

    def _refuses(self, ability: str) -> None:
        handler = self._connect()
        meta, data = self.offer(ONE)
        store = self.store()
        calls: dict[str, Callable[[], object]] = {
            'room': lambda: handler.room(meta, store),
            'add': lambda: handler.add(meta, io.BytesIO(data), store),
            'debris': lambda: handler.debris(store),
            'clean': lambda: handler.clean(as_debris(store, 'anything')),
            'hosts': lambda: handler.hosts(store),
            'forget_host': lambda: handler.forget_host(store, 'nobody'),
            'accept_host': lambda: handler.accept_host(store),
        }
        with self.assertRaises(NotSupported):
            calls[ability]()


def ability(
    name: str,
) -> Callable[[Callable[[_Self], None]], Callable[[_Self], None]]:
    """Test a declared ability; of any other, that it is refused."""

    def wrap(test: Callable[[_Self], None]) -> Callable[[_Self], None]:
        @functools.wraps(test)
        def run(self: _Self) -> None:
            if declares(self._connect(), name):
                test(self)
            else:
                self._refuses(name)

        return run

    return wrap
