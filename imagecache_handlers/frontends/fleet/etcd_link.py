"""Etcd link: the keys of a group, and what goes wrong, in words of callers."""

import base64
from collections.abc import Iterator
import contextlib
import json

import etcd3gw
from etcd3gw import exceptions

from imagecache_handlers.frontends.fleet.board import BoardLost
from imagecache_handlers.frontends.fleet.distrust import say_distrust


class EtcdLink:
    """What reaches an etcd, for one group; ``place`` is where that is."""

    def __init__(
        self, client: etcd3gw.Etcd3Client, place: str, group: str
    ) -> None:
        self.client = client
        self._place = place
        self._top = f'/imagecache/{group}/'

    def key_of(self, name: str) -> str:
        return self._top + name

    @contextlib.contextmanager
    def naming_trouble(self) -> Iterator[None]:
        """Raise what the client raises as what callers know."""
        try:
            yield
        except exceptions.Etcd3Exception as error:
            raise BoardLost(self._place, _say_trouble(error)) from error
        # Of the library below it, and of an answer that is none: it may be
        # whatever that library did not think of.
        except Exception as error:
            why = f'no answer of etcd ({type(error).__name__})'
            raise BoardLost(self._place, why) from error


def _say_trouble(error: exceptions.Etcd3Exception) -> str:
    """Give etcd's own words, else what happened on the way to it."""
    if distrust := say_distrust(error):
        return distrust
    kinds: tuple[tuple[type[Exception], str], ...] = (
        (exceptions.ConnectionTimeoutError, 'does not answer in time'),
        (exceptions.ConnectionFailedError, 'cannot be reached'),
    )
    for kind, words in kinds:
        if isinstance(error, kind):
            return words
    return f'etcd refuses: {_own_words(error.detail_text or "")}'


def _own_words(text: str) -> str:
    try:
        said = json.loads(text)['error']
    except (ValueError, LookupError, TypeError):
        said = text
    return str(said)[:200].strip() or 'without a word'


def encode(value: bytes) -> str:
    return base64.b64encode(value).decode()
