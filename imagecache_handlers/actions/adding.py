"""Adding: an image comes into a store that has room for it."""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
import contextlib

from imagecache_handlers.actions.guard import GuardedHandler
from imagecache_handlers.actions.making_room import list_members
from imagecache_handlers.actions.making_room import RoomMaker
from imagecache_handlers.actions.means import Means
from imagecache_handlers.actions.opened_source import OpenedSource
from imagecache_handlers.actions.reserving import Book
from imagecache_handlers.actions.reserving import LOOKS
from imagecache_handlers.actions.reserving import POLL
from imagecache_handlers.actions.reserving import Reserving
from imagecache_handlers.actions.stores import choose_stores
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.exceptions import ImageBusy
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
    means: Means,
    book: Book,
    image_id: str,
    source: Source,
    name: str | None,
    labels: Iterable[str],
) -> CachedImage:
    """Cache an image, and say so before a byte is copied if that cannot be.

    :raises ConfigurationError: when there are several stores and none is
        named.
    :raises NoRoom: when it takes more than is free below the high
        watermark, less what others have reserved.
    :raises ImageBusy: when somebody else has it on its way.
    :raises Unsupported: when it cannot be there with these labels.
    """
    check_image_id(image_id)
    store = only_store(means.handler, name)
    if store.problem:
        raise StoreUnavailable(store.name, store.problem)
    checked = {check_label(label) for label in labels}
    means.handler.check_labels(image_id, checked)
    with (
        OpenedSource(source, image_id) as opened,
        _reserved_room(means, book, opened.meta, store),
    ):
        return _add_content(means.handler, opened, store.name, checked)


@contextlib.contextmanager
def _reserved_room(
    means: Means, book: Book, meta: ImageMeta, store: Store
) -> Iterator[None]:
    """Have the room reserved meanwhile, if anybody knows how much it is."""
    try:
        size = means.handler.room(meta, store.name)
    except NotSupported:
        yield  # then adding it is what shows
        return
    key = means.key_of(meta.image_id)
    reserving = Reserving(means, book, store.name, key, size)
    try:
        _reserve_room(means, book, reserving, store, meta.image_id)
        with reserving.keep_renewed():
            yield
    finally:
        reserving.withdraw_record()


def _reserve_room(
    means: Means, book: Book, reserving: Reserving, store: Store, name: str
) -> None:
    maker = RoomMaker(
        means=means,
        book=book,
        members=list_members(means.handler, store),
        token=reserving.token,
    )
    there = maker.measure_space()
    for _ in range(LOOKS):
        reserving.write_record()
        if not reserving.is_alone(lambda: means.clocks.sleep(POLL)):
            raise ImageBusy(name, 'somebody else has it on its way')
        there = maker.measure_space()
        if not there.missing(reserving.size):
            return
        if not there.reserved:
            break
        reserving.give_way(maker.members, lambda: means.clocks.sleep(POLL))
    free = there.available or 0
    raise NoRoom(name, store.name, reserving.size, free, there.explain())


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


def only_store(handler: GuardedHandler, name: str | None) -> Store:
    """Give the store of that name, or the only one.

    :raises ConfigurationError: when there are several and none is named.
    """
    stores = choose_stores(handler, None if name is None else [name])
    if len(stores) != 1:
        names = ', '.join(store.name for store in stores) or 'none'
        raise ConfigurationError(f'name the store, one of: {names}')
    return stores[0]
