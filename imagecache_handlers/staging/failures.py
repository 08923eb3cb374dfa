"""Failures of a fetch: what came is not the image, or not yet all of it."""

from imagecache_handlers.exceptions import SourceError
from imagecache_handlers import units


class ContentError(SourceError):
    """What has come of an image, its ``source``, is not what should have."""

    def __str__(self) -> str:
        return f'image {self.source!r}: {self.why}'


class WrongContent(ContentError):
    """What has come is not the image, and no more of it will help."""


class GivenUp(SourceError):
    """An image did not come whole yet: ``kept`` of its bytes stay here."""

    def __init__(self, failure: SourceError, kept: int) -> None:
        super().__init__(
            failure.source, failure.why, retry=True, after=failure.after
        )
        self.kept = kept
        self._text = str(failure)

    def __str__(self) -> str:
        return (
            f'{self._text}; {units.size(self.kept)} of it stay here for a '
            f'day, and fetching it again goes on from there'
        )
