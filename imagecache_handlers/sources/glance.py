"""Glance source: images by their ids, from OpenStack's image service."""

from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import json
from typing import Any
import urllib.parse

from imagecache_handlers.exceptions import SourceError
from imagecache_handlers.model import check_image_id
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.source import Stretch
from imagecache_handlers.sources.addresses import show_url
from imagecache_handlers.sources.answers import Answer
from imagecache_handlers.sources.glance_image import read_image
from imagecache_handlers.sources.glance_login import GlanceLogin
from imagecache_handlers.sources.pieces import read_short
from imagecache_handlers.sources.ranges import read_range


class GlanceSource:
    """Images of a Glance.

    May be used from several threads.  Whoever logs in does so when the first
    image is asked for, and once more where a token ends meanwhile.
    """

    def __init__(self, login: GlanceLogin) -> None:
        self._login = login
        self._options = login.options

    def __str__(self) -> str:
        return 'Glance'

    def describe(self, image_id: str) -> ImageMeta:
        """Tell what the image is now; only an active one is to be had."""
        url = self._find_url(image_id)
        with self._ask(url, {}) as (answer, pieces):
            answer.check_status(200)
            body = _read_json(answer, pieces, self._options.timeout)
        return read_image(body, image_id, show_url(url))

    @contextlib.contextmanager
    def read_from(self, meta: ImageMeta, offset: int) -> Iterator[Stretch]:
        """Give the bytes from there on; from 0 if Glance cannot do that."""
        url = f'{self._find_url(meta.image_id)}/file'
        with read_range(
            lambda headers: self._ask(url, headers), meta.size, offset
        ) as stretch:
            yield stretch

    def _find_url(self, image_id: str) -> str:
        try:
            check_image_id(image_id)
        except ValueError as error:
            raise SourceError('Glance', str(error)) from error
        endpoint = self._login.find_endpoint().rstrip('/').removesuffix('/v2')
        return f'{endpoint}/v2/images/{urllib.parse.quote(image_id, safe="")}'

    @contextlib.contextmanager
    def _ask(
        self, url: str, headers: Mapping[str, str]
    ) -> Iterator[tuple[Answer, Iterator[bytes]]]:
        """Ask, with a new token if the old one is not taken any more."""
        from imagecache_handlers.sources.http_session import ask

        known = self._login.read_token()
        with contextlib.ExitStack() as stack:
            asked = ask(url, self._options, {**headers, **known})
            answer, pieces = stack.enter_context(asked)
            if answer.status == 401 and self._login.renew_token(known):
                stack.close()
                new = self._login.read_token()
                asked = ask(url, self._options, {**headers, **new})
                answer, pieces = stack.enter_context(asked)
            yield answer, pieces


def _read_json(answer: Answer, pieces: Iterator[bytes], seconds: float) -> Any:
    answer.check_encoding()
    body = read_short(pieces, seconds, answer.source)
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        why = 'it answers no JSON: is it Glance? Check endpoint'
        raise SourceError(answer.source, why) from error
