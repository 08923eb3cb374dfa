"""Refusing: that what a handler does not declare is not supported."""

from collections.abc import Callable
import io

from imagecache_handlers.handler import always
from imagecache_handlers.handler import CacheHandler
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.model import Reservation
from imagecache_handlers.testing.conformance.samples import as_debris
from imagecache_handlers.testing.conformance.samples import LATER


def _reservation(store: str) -> Reservation:
    return Reservation(
        image_id='nothing',
        store=store,
        token='nobody',  # noqa: S106 -- it opens nothing
        size=0,
        until=LATER,
    )


def _nowhere(store: str) -> CachedImage:
    return CachedImage(
        image_id='nothing', store=store, location='nowhere', size=0
    )


# A handler, the name of a store, an image to offer and its bytes.
_Call = Callable[[CacheHandler, str, ImageMeta, bytes], object]

# How each optional ability is called; what may do nothing is not here.
CALLS: dict[str, _Call] = {
    'room': lambda it, store, meta, _: it.room(meta, store),
    'add': lambda it, store, meta, data: it.add(meta, io.BytesIO(data), store),
    'debris': lambda it, store, *_: it.debris(store),
    'clean': lambda it, store, *_: it.clean(as_debris(store, 'anything')),
    'evict_many': lambda it, *_: list(it.evict_many([], always)),
    'mark_many': lambda it, *_: list(it.mark_many([])),
    'reserve': lambda it, store, *_: it.reserve(_reservation(store)),
    'reservations': lambda it, store, *_: it.reservations(store),
    'unreserve': lambda it, store, *_: it.unreserve(_reservation(store)),
    'content': lambda it, store, *_: it.content(_nowhere(store)),
    'quarantine': lambda it, store, *_: it.quarantine(_nowhere(store)),
    'hosts': lambda it, store, *_: it.hosts(store),
    'forget_host': lambda it, store, *_: it.forget_host(store, 'nobody'),
    'accept_host': lambda it, store, *_: it.accept_host(store),
}
# What does nothing where it is not declared.
SILENT = frozenset({'recover'})
