"""URL source: one image at a URL, with the hash that a person has given."""

from collections.abc import Iterator
from collections.abc import Mapping
import contextlib

from imagecache_handlers.checksum import Checksum
from imagecache_handlers.disk_head import disk_format
from imagecache_handlers.disk_head import disk_properties
from imagecache_handlers.disk_head import HEAD_SIZE
from imagecache_handlers.exceptions import SourceError
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.source import Stretch
from imagecache_handlers.sources.addresses import check_url
from imagecache_handlers.sources.addresses import read_host
from imagecache_handlers.sources.addresses import show_url
from imagecache_handlers.sources.checksums import parse_checksum
from imagecache_handlers.sources.http_options import HttpOptions
from imagecache_handlers.sources.ranges import Asked
from imagecache_handlers.sources.ranges import read_range


class UrlSource:
    """The image at a URL, whatever id it is to have.

    ``checksum`` is ``sha256:...`` or ``sha512:...``: what the bytes have to
    be.  May be used from several threads.

    :raises SourceError: when either is of no use.
    """

    def __init__(
        self, url: str, checksum: str, options: HttpOptions | None = None
    ) -> None:
        named = frozenset({read_host(url)})
        self._options = options or HttpOptions(named=named)
        self._url = check_url(url, self._options.named)
        self._shown = show_url(url)
        self.checksum: Checksum = parse_checksum(checksum, self._shown)

    def __str__(self) -> str:
        return self._shown

    def describe(self, image_id: str) -> ImageMeta:
        """Tell size and format, the latter by its first bytes."""
        with self._ask({}) as (answer, pieces):
            answer.check_status(200)
            answer.check_encoding()
            size = answer.read_length()
            if size is None:
                raise SourceError(
                    self._shown,
                    'it does not say how long it is: download it, and give '
                    'the file',
                )
            head = _read_head(pieces)
        try:
            return ImageMeta(
                image_id=image_id,
                size=size,
                disk_format=disk_format(head),
                checksum=self.checksum,
                properties=disk_properties(head),
            )
        except ValueError as error:
            raise SourceError(self._shown, str(error)) from error

    @contextlib.contextmanager
    def read_from(self, meta: ImageMeta, offset: int) -> Iterator[Stretch]:
        """Give the bytes from there on; from 0 if the server cannot."""
        with read_range(self._ask, meta.size, offset) as stretch:
            yield stretch

    def _ask(self, headers: Mapping[str, str]) -> Asked:
        from imagecache_handlers.sources.http_session import ask

        return ask(self._url, self._options, headers)


def _read_head(pieces: Iterator[bytes]) -> bytes:
    head = b''
    for piece in pieces:
        head += piece
        if len(head) >= HEAD_SIZE:
            break
    return head
