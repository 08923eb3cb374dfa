"""Adding: an image comes into a store that has room for it."""

from imagecache_handlers.actions.guard import GuardedHandler
from imagecache_handlers.actions.stores import choose_stores
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.exceptions import NoRoom
from imagecache_handlers.exceptions import NotSupported
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import check_image_id
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.model import Store
from imagecache_handlers.source import Source


def add_image(
    handler: GuardedHandler, image_id: str, source: Source, name: str | None
) -> CachedImage:
    """Cache an image, and say so before a byte is copied if that cannot be.

    :raises ConfigurationError: when there are several stores and none is
        named.
    :raises NoRoom: when it takes more than is free.
    """
    check_image_id(image_id)
    store = _only_store(
        choose_stores(handler, None if name is None else [name])
    )
    if store.problem:
        raise StoreUnavailable(store.name, store.problem)
    with source.opened(image_id) as (meta, content):
        _check_room(handler, meta, store)
        return handler.add(meta, content, store.name)


def _only_store(stores: tuple[Store, ...]) -> Store:
    if len(stores) != 1:
        names = ', '.join(store.name for store in stores) or 'none'
        raise ConfigurationError(f'name the store, one of: {names}')
    return stores[0]


def _check_room(
    handler: GuardedHandler, meta: ImageMeta, store: Store
) -> None:
    try:
        wanted = handler.room(meta, store.name)
    except NotSupported:
        return  # then adding it is what shows
    if store.free is not None and wanted > store.free:
        raise NoRoom(meta.image_id, store.name, wanted, store.free)
