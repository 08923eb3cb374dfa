"""Hooks: what the author of a handler supplies."""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Mapping
import contextlib
import errno
import os
from typing import Any
from typing import TYPE_CHECKING

from imagecache_handlers.handler import CacheHandler
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import ImageMeta

if TYPE_CHECKING:
    import unittest

    _Base = unittest.TestCase
else:
    # Were it a TestCase, runners would collect the kit itself.
    _Base = object


class ReadsOnly(contextlib.AbstractContextManager[object]):
    """An outage that only reads suffer from."""

    def __init__(
        self, outage: contextlib.AbstractContextManager[object]
    ) -> None:
        self._outage = outage

    def __enter__(self) -> object:
        return self._outage.__enter__()

    def __exit__(self, *error: Any) -> bool | None:
        return self._outage.__exit__(*error)


def reads_only(
    outage: contextlib.AbstractContextManager[object],
) -> ReadsOnly:
    """Say of an outage that it hits reads only: writes may succeed."""
    return ReadsOnly(outage)


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
    #: Why a hook that is None (``outages = None``, ``doom = None``) cannot
    #: be supplied, by its name; the report quotes it.  ``use_at_last`` says
    #: why a use that begins while the image is removed comes to no harm,
    #: ``pin_at_last`` why labels cannot be read in one step with the removal.
    absent: Mapping[str, str] = {}

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
        One that only reads suffer from is said to be ``reads_only``.
        """
        raise self._missing('outages')

    def doom(self, step: Callable[[], None]) -> None:
        """Have ``step`` called before and after each call that changes things.

        Such as ``os.rename``, or a statement of SQL.  It is done in a process
        of its own, which dies in one of them; in another one ``step`` raises
        ``failure`` there.
        """
        raise self._missing('doom')

    def failure(self) -> Exception:
        """Give what a call of the backend raises that fails in ``doom``.

        By default an ``OSError``: an error of input or output.
        """
        return OSError(errno.EIO, os.strerror(errno.EIO))

    def unreadable(
        self, image: CachedImage
    ) -> contextlib.AbstractContextManager[object]:
        """Have the record of that object be unreadable while it lasts.

        By an error of the backend, not by a content that says it is foreign.
        By default never: then nothing is known of what the handler makes of
        an object that it cannot read among others that it can.
        """
        return contextlib.nullcontext()

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

    def _missing(self, hook: str) -> NotImplementedError:
        told = getattr(HandlerHooks, hook).__doc__.splitlines()[0]
        name = type(self).__name__
        return NotImplementedError(f'{name} must supply {hook}: {told}')
