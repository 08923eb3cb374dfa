"""Refusing: that what a handler does not declare is not supported."""

from collections.abc import Callable
import io

from imagecache_handlers.handler import always
from imagecache_handlers.handler import CacheHandler
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.testing.conformance.samples import as_debris

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
    'hosts': lambda it, store, *_: it.hosts(store),
    'forget_host': lambda it, store, *_: it.forget_host(store, 'nobody'),
    'accept_host': lambda it, store, *_: it.accept_host(store),
}
# What does nothing where it is not declared.
SILENT = frozenset({'recover'})
