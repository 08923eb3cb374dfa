"""Adding: an image comes into a store that has room for it."""

from collections.abc import Collection
from collections.abc import Iterable

from imagecache_handlers.actions.guard import GuardedHandler
from imagecache_handlers.actions.opened_source import OpenedSource
from imagecache_handlers.actions.stores import choose_stores
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.exceptions import NoRoom
from imagecache_handlers.exceptions import NotSupported
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.labels import check_label
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import check_image_id
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.model import Store
from imagecache_handlers.source import Source


def add_image(
    handler: GuardedHandler,
    image_id: str,
    source: Source,
    name: str | None,
    labels: Iterable[str],
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
    checked = {check_label(label) for label in labels}
    with OpenedSource(source, image_id) as opened:
        _check_room(handler, opened.meta, store)
        return _add_content(handler, opened, store.name, checked)


def _add_content(
    handler: GuardedHandler,
    opened: OpenedSource,
    store: str,
    labels: Collection[str],
) -> CachedImage:
    try:
        return handler.add(opened.meta, opened.content, store, labels)
    except CacheError as error:
        # Whatever a handler made of it: the source failed first.
        if opened.failure is not None:
            raise opened.failure from error
        raise


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
