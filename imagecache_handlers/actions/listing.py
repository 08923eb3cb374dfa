"""Listing: what there is in all stores, images, copies of one, debris."""

from collections.abc import Collection
from collections.abc import Mapping
import logging
import types

from imagecache_handlers.actions.guard import GuardedHandler
from imagecache_handlers.actions.stores import all_or_raise
from imagecache_handlers.actions.stores import collect_items
from imagecache_handlers.actions.stores import for_each_readable_store
from imagecache_handlers.actions.stores import Found
from imagecache_handlers.actions.stores import Inventory
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import NotSupported
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Debris

LOG = logging.getLogger(__name__)


def list_images(
    handler: GuardedHandler,
    stores: Collection[str] | None,
    failed: Mapping[str, CacheError] = types.MappingProxyType({}),
) -> Inventory:
    """List the cached images of every store, or of those named.

    Those that have ``failed`` already are not read.

    :raises StoreNotFound: when a named store does not exist.
    """

    def list_store(store: str) -> list[CachedImage]:
        if store in failed:
            raise failed[store]
        return handler.enumerate(store)

    found = collect_items(handler, stores, list_store)
    return Inventory(
        stores=found.stores,
        items=found.items,
        problems=found.problems,
        remarks=_collect_remarks(handler, found),
    )


def _collect_remarks(
    handler: GuardedHandler, found: Found[CachedImage]
) -> Mapping[str, tuple[str, ...]]:
    said = {
        store.name: handler.remarks(store.name)
        for store in found.stores
        if store.name not in found.problems
    }
    for store, remarks in said.items():
        for remark in remarks:
            LOG.debug('Store %s: %s', store, remark)
    return {store: remarks for store, remarks in said.items() if remarks}


def find_copies(
    handler: GuardedHandler, key: str, store: str | None
) -> list[CachedImage]:
    """Give every copy and variant of an image, of one store or of all.

    :raises StoreUnavailable: when a store cannot be read.
    """
    return all_or_raise(
        for_each_readable_store(
            handler, store, lambda name: handler.enumerate(name, {key})
        )
    )


def list_debris(
    handler: GuardedHandler, stores: Collection[str] | None
) -> Found[Debris]:
    """List what broken operations left.

    :raises NotSupported: when the handler cannot tell.
    """
    if not handler.finds_debris:
        raise NotSupported('find debris')
    return collect_items(handler, stores, handler.debris)
