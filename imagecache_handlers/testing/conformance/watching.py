"""Watching: which calls a handler had, for the message of a failure."""

from collections.abc import Callable
from collections.abc import Collection
from typing import Any

from imagecache_handlers.handler import CacheHandler
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Debris
from imagecache_handlers.model import ImageMeta

_WATCHED = (
    *('enumerate', 'evict', 'mark', 'evict_many', 'mark_many', 'recover'),
    *('stores', 'room', 'add', 'debris', 'clean'),
    *('reserve', 'reservations', 'unreserve', 'content', 'quarantine'),
    *('record_host', 'hosts', 'forget_host', 'accept_host'),
)


def watch(
    handler: CacheHandler, note: Callable[[str], object]
) -> CacheHandler:
    """Have a handler note each of its calls as it begins."""
    for name in _WATCHED:
        setattr(handler, name, _noting(name, getattr(handler, name), note))
    return handler


def _noting(
    name: str, call: Callable[..., Any], note: Callable[[str], object]
) -> Callable[..., Any]:
    def noted(*given: Any, **named: Any) -> Any:
        note(_call_text(name, given, named))
        return call(*given, **named)

    return noted


def _call_text(
    name: str, given: Collection[Any], named: dict[str, Any]
) -> str:
    told = [_short(one) for one in given]
    told += [f'{key}={_short(one)}' for key, one in named.items()]
    return f'{name}({", ".join(told)})'


def _short(value: object) -> str:
    """Say which value it is; an iterator is not read for that."""
    if isinstance(value, CachedImage):
        return f'<{value.image_id} at {value.location}>'
    if isinstance(value, Debris):
        return f'<debris at {value.location}>'
    if isinstance(value, ImageMeta):
        return f'<{value.image_id}>'
    if isinstance(value, (set, frozenset)):
        return f'{{{", ".join(sorted(map(repr, value)))}}}'
    if isinstance(value, (list, tuple)):
        return f'[{", ".join(map(_short, value))}]'
    return repr(value) if isinstance(value, (str, int)) else '...'
