"""Image names: what may stand for one, its id or what a page showed of it."""

from collections.abc import Collection
import difflib

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.exceptions import ImageNotFound
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.frontends.cli.options import OpenedCache
from imagecache_handlers.model import CachedImage

_SHORTEST = 4
_CUT = '..'
_LISTED = (
    'see imagecache list; a file that was written to since it was cached is '
    'no image any more'
)


def find_copies(site: OpenedCache, said: str) -> list[CachedImage]:
    """Find the copies of the image that somebody means.

    :raises ImageNotFound: when there is none; names what may be meant.
    :raises ConfigurationError: when the beginning of an id is that of
        several.
    :raises StoreUnavailable: when a store cannot be read.
    """
    try:
        return _match_copies(site, said)
    except StoreUnavailable as error:
        others = [
            store.name
            for store in site.cache.stores(site.stores)
            if store.name != error.store and not store.problem
        ]
        if not others:
            raise
        those = ', '.join(others)
        why = f'{error.why}; to do without it name another --store: {those}'
        raise StoreUnavailable(error.store, why) from error


def find_id(site: OpenedCache, said: str) -> str:
    """Give the whole id of the image that somebody means.

    It fails as ``find_copies`` does.
    """
    return find_copies(site, said)[0].image_id


def _match_copies(site: OpenedCache, said: str) -> list[CachedImage]:
    if found := site.cache.find(said, store=site.store):
        return found
    listed = _listed_ids(site)
    meant = sorted(one for one in listed if _is_cut(said, one))
    if len(meant) > 1:
        several = ', '.join(meant)
        raise ConfigurationError(f'{said} may be any of {several}')
    if meant:
        return site.cache.find(meant[0], store=site.store)
    elsewhere = site.cache.find(said) if site.store else []
    raise ImageNotFound(said, _advise(said, listed, elsewhere))


def _advise(
    said: str, listed: Collection[str], elsewhere: Collection[CachedImage]
) -> str:
    if elsewhere:
        return f'not in that store, but in {_store_names(elsewhere)}'
    near = difflib.get_close_matches(said, listed, n=1)
    if near:
        return f'did you mean {near[0]}?'
    if len(said) < _SHORTEST:
        return f'of an id give {_SHORTEST} characters or more; {_LISTED}'
    return _LISTED


def _store_names(images: Collection[CachedImage]) -> str:
    return ', '.join(sorted({image.store for image in images}))


def _listed_ids(site: OpenedCache) -> set[str]:
    found = site.cache.inventory(site.stores)
    for store, problem in found.problems.items():
        # What is not known to be there may be there.
        raise StoreUnavailable(store, problem)
    return {image.image_id for image in found.images}


def _is_cut(said: str, image_id: str) -> bool:
    begin, cut, end = said.partition(_CUT)
    return (
        len(begin) >= _SHORTEST
        and image_id.startswith(begin)
        and (not cut or image_id.endswith(end))
    )
