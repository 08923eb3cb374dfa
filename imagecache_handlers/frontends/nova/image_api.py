"""Image API: images by way of Nova's own client of the image service.

It is what ``nova.image.glance.API`` is, and used with the context that Nova
gave: whoever may see an image there may have it cached.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
from typing import Any
from typing import Protocol
from typing import TypeVar

from imagecache_handlers.exceptions import SourceError
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.source import Stretch
from imagecache_handlers.sources.glance_image import read_image

T = TypeVar('T')

_NAME = 'the image service'
# What Nova says of an image besides what the service does.
_PROPERTIES = 'properties'
# Of Nova's errors, and of HTTP's: the same again is of no use below.
_SERVER_ERROR = 500


class ImageApi(Protocol):
    """What of Nova's image API is called."""

    def get(self, context: Any, image_id: str) -> Mapping[str, Any]:
        """Describe an image."""

    def download(self, context: Any, image_id: str) -> Any:
        """Give its bytes, in pieces."""


class ImageApiSource:
    """Images of Nova's image service, asked for with one context.

    It cannot begin in the middle: what was cut off begins anew.
    """

    def __init__(self, api: ImageApi, context: Any) -> None:
        self._api = api
        self._context = context

    def describe(self, image_id: str) -> ImageMeta:
        """Tell what the image is now; only an active one is to be had."""
        found = _call_api(lambda: self._api.get(self._context, image_id))
        return read_image(_flatten(found), image_id, _NAME)

    @contextlib.contextmanager
    def read_from(self, meta: ImageMeta, offset: int) -> Iterator[Stretch]:
        """Give all of the bytes, whatever is asked for."""
        pieces = _call_api(
            lambda: self._api.download(self._context, meta.image_id)
        )
        if pieces is None:
            raise SourceError(_NAME, 'it gives no bytes of the image')
        try:
            yield Stretch(0, _read_pieces(iter(pieces)))
        finally:
            close = getattr(pieces, 'close', None)
            if close is not None:
                _call_api(close)


def _flatten(found: Any) -> Any:
    """Give what Nova says of an image as the service itself does."""
    if not isinstance(found, Mapping):
        return found
    said = dict(found)
    properties = said.pop(_PROPERTIES, None) or {}
    # Nobody's property stands for what the service says.
    return {**properties, **said}


def _read_pieces(pieces: Iterator[bytes]) -> Iterator[bytes]:
    while True:
        piece = _call_api(lambda: next(pieces, None))
        if piece is None:
            return
        yield piece


def _call_api(call: Callable[[], T]) -> T:
    try:
        return call()
    # Nova hands on what its clients raise, which have no base in common.
    except Exception as error:
        code = getattr(error, 'code', _SERVER_ERROR)
        retry = not isinstance(code, int) or code >= _SERVER_ERROR
        why = f'{type(error).__name__}: {error}'
        raise SourceError(_NAME, why, retry=retry) from error
