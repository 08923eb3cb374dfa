"""Incoming: what an image will be in its store, before a byte is fetched."""

import dataclasses

from imagecache_handlers.actions.guard import GuardedHandler
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import NotSupported
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.source import RangedSource


class Refused(CacheError):
    """An image does not come in, for a reason that people understand."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """An image on its way in: as its source has it, and as it is stored.

    ``convert_to`` names the format that it is to be converted to; None: it
    stays as it is.
    """

    meta: ImageMeta
    stored: ImageMeta
    convert_to: str | None = None

    def measure_room(self, handler: GuardedHandler, store: str) -> int:
        """Tell how many bytes it takes there."""
        try:
            return handler.room(self.stored, store)
        except NotSupported:
            return self.stored.size

    @property
    def staged_size(self) -> int:
        """Bytes that it takes on its way, beside those that are stored."""
        return self.meta.size if self.convert_to else 0


def plan_incoming(
    handler: GuardedHandler, source: RangedSource, meta: ImageMeta
) -> Incoming:
    """Decide in which format an image is stored.

    :raises Refused: when the size of its disk cannot be told, though it
        has to be converted.
    """
    formats = handler.formats
    if not formats or meta.disk_format in formats:
        return Incoming(meta=meta, stored=meta)
    size = _find_virtual_size(meta)
    stored = dataclasses.replace(
        meta,
        size=size,
        disk_format=formats[0],
        allocated=None,
        virtual_size=size,
        checksum=None,
    )
    return Incoming(meta=meta, stored=stored, convert_to=formats[0])


def _find_virtual_size(meta: ImageMeta) -> int:
    if meta.virtual_size is not None:
        return meta.virtual_size
    raise Refused(
        f'its {meta.disk_format} has to be converted, and nobody tells '
        f'how large the disk in it is'
    )
