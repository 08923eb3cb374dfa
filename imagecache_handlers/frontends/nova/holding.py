"""Holding: the images of an instance stay while it is made from them."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import datetime
import logging
from typing import Any

from imagecache_handlers.cache import ImageCache
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.frontends.nova.instances import list_images
from imagecache_handlers.frontends.nova.instances import read_column
from imagecache_handlers.frontends.nova.opening import OpenedCache
from imagecache_handlers.labels import OWNER

LOG = logging.getLogger(__name__)

# Longer than any spawn: whoever dies in one holds the image no longer.
_TTL = datetime.timedelta(hours=1)
# A spawn is not to wait long for who evicts: Nova fetches what has gone.
_PATIENCE = datetime.timedelta(seconds=10)


@contextlib.contextmanager
def held_images(
    open_cache: Callable[[], OpenedCache], instance: Any
) -> Iterator[None]:
    """Hold what is cached of an instance's images; what fails is logged."""
    owner = read_column(instance, 'uuid')
    images = list_images(instance)
    if not images or not isinstance(owner, str) or not OWNER.fullmatch(owner):
        yield
        return
    with contextlib.ExitStack() as stack:
        for image_id in images:
            stack.enter_context(_held_image(open_cache, image_id, owner))
        yield


@contextlib.contextmanager
def _held_image(
    open_cache: Callable[[], OpenedCache], image_id: str, owner: str
) -> Iterator[None]:
    cache: ImageCache | None = None
    with _surviving_failure(image_id):
        cache = open_cache().cache
        cache.hold(image_id, owner, _TTL, timeout=_PATIENCE)
    try:
        yield
    finally:
        if cache is not None:
            with _surviving_failure(image_id):
                cache.release(image_id, owner)


@contextlib.contextmanager
def _surviving_failure(image_id: str) -> Iterator[None]:
    """Let Nova go on: it has rules of its own for what it makes."""
    try:
        yield
    except CacheError as error:
        LOG.warning('Image %s is not held for a spawn: %s', image_id, error)
