"""Given hash: what a person says an image hashes to, against what is there."""

from imagecache_handlers.actions.guard import GuardedHandler
from imagecache_handlers.checksum import Checksum
from imagecache_handlers.exceptions import SourceError
from imagecache_handlers.source import RangedSource


def compare_hash(
    handler: GuardedHandler,
    store: str,
    image_id: str,
    source: RangedSource,
) -> str:
    """Compare the copies in a store with the hash that a source was given.

    :returns: why they could not be compared; empty: they were, or the
        source was given none.
    :raises SourceError: when one has another hash.
    """
    given = getattr(source, 'checksum', None)
    if not isinstance(given, Checksum):
        return ''
    doubts = [
        _compare_copy(handler, one.marks.sha256, given, source, image_id)
        for one in handler.enumerate(store, {image_id})
        if not one.variant
    ]
    return next(filter(None, doubts), '')


def _compare_copy(
    handler: GuardedHandler,
    known: str | None,
    given: Checksum,
    source: RangedSource,
    image_id: str,
) -> str:
    if known is None:
        return 'no hash of it is on record to compare with'
    if given.algorithm != 'sha256':
        return f'its sha256 is on record, and no {given.algorithm}'
    if known == given.value:
        return ''
    formats = handler.formats
    if formats and source.describe(image_id).disk_format not in formats:
        return 'it was converted, and has another hash since'
    raise SourceError(
        str(source),
        f'what is cached has the sha256 {known}, not {given.value}',
    )
