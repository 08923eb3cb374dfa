"""Caching: an image comes in because Nova was asked to have it there."""

from collections.abc import Callable
from typing import Any

from imagecache_handlers.actions.prefetched import Got
from imagecache_handlers.actions.prefetched import Prefetched
from imagecache_handlers.config import prefetch
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import NotSupported
from imagecache_handlers.frontends.nova.image_api import ImageApi
from imagecache_handlers.frontends.nova.image_api import ImageApiSource
from imagecache_handlers.frontends.nova.opening import OpenedCache


class NotCached(CacheError):
    """An image that was to be cached is not, and why."""

    def __init__(self, result: Prefetched) -> None:
        super().__init__(result)
        self.result = result

    def __str__(self) -> str:
        one = self.result
        return f'image {one.image_id} is not cached in {one.store}: {one.why}'


def cache_image(
    opened: OpenedCache,
    context: Any,
    image_id: str,
    api: ImageApi,
    tell: Callable[[Prefetched], object],
    should_stop: Callable[[], bool],
) -> bool:
    """Cache an image in every store, as ``ImageCache.prefetch`` does.

    ``tell`` is given the result of each.

    :returns: whether it had to be fetched for any of them.
    :raises NotImplementedError: when this backend cannot hold it.
    :raises CacheError: when some store has not got it.
    """
    source = ImageApiSource(api, context)
    ttl = prefetch.read_ttl(opened.settings)
    settings = prefetch.read_prefetch(opened.settings)
    results: list[Prefetched] = []
    failures: list[CacheError] = []
    for store in opened.handler.stores():
        try:
            results += opened.cache.prefetch(
                [image_id],
                source,
                ttl,
                store=store.name,
                settings=settings,
                should_stop=should_stop,
            )
        except CacheError as error:
            # Of that store alone: the others may have it all the same.
            failures.append(error)
    for result in results:
        tell(result)
    failures += map(_failure_of, filter(_is_missing, results))
    if failures:
        raise failures[0]
    return any(result.did is Got.CACHED for result in results)


def _is_missing(result: Prefetched) -> bool:
    return not result.is_there


def _failure_of(result: Prefetched) -> CacheError:
    if result.did is Got.UNSUPPORTED:
        # A kind of NotImplementedError: Nova tells 'unsupported' then.
        return NotSupported(f'cache {result.image_id}: {result.why}')
    return NotCached(result)
