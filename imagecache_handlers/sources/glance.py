"""Glance source: images by their ids, from OpenStack's image service."""

from collections.abc import Iterator
import contextlib
import urllib.parse

from imagecache_handlers.exceptions import SourceError
from imagecache_handlers.model import check_image_id
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.source import Stretch
from imagecache_handlers.sources.addresses import show_url
from imagecache_handlers.sources.asking import ask_service
from imagecache_handlers.sources.asking import read_json
from imagecache_handlers.sources.glance_image import read_image
from imagecache_handlers.sources.ranges import read_range
from imagecache_handlers.sources.service_login import ServiceLogin


class GlanceSource:
    """Images of a Glance.

    May be used from several threads.  Whoever logs in does so when the first
    image is asked for, and once more where a token ends meanwhile.
    """

    def __init__(self, login: ServiceLogin) -> None:
        self._login = login

    def __str__(self) -> str:
        return 'Glance'

    def describe(self, image_id: str) -> ImageMeta:
        """Tell what the image is now; only an active one is to be had."""
        url = self._find_url(image_id)
        with ask_service(self._login, url, {}) as (answer, pieces):
            answer.check_status(200)
            body = read_json(self._login, answer, pieces)
        return read_image(body, image_id, show_url(url))

    @contextlib.contextmanager
    def read_from(self, meta: ImageMeta, offset: int) -> Iterator[Stretch]:
        """Give the bytes from there on; from 0 if Glance cannot do that."""
        url = f'{self._find_url(meta.image_id)}/file'
        with read_range(
            lambda headers: ask_service(self._login, url, headers),
            meta.size,
            offset,
        ) as stretch:
            yield stretch

    def _find_url(self, image_id: str) -> str:
        try:
            check_image_id(image_id)
        except ValueError as error:
            raise SourceError('Glance', str(error)) from error
        endpoint = self._login.find_endpoint().rstrip('/').removesuffix('/v2')
        return f'{endpoint}/v2/images/{urllib.parse.quote(image_id, safe="")}'
