"""Describing: what a source says of an image, asked again if that may help."""

from collections.abc import Callable
import logging
import random
from typing import TypeVar

from imagecache_handlers.clocks import Clocks
from imagecache_handlers.exceptions import SourceError
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.source import RangedSource
from imagecache_handlers.staging.limits import Limits
from imagecache_handlers.staging.patience import Patience
from imagecache_handlers.staging.stopping import sleep_unless

LOG = logging.getLogger(__name__)

T = TypeVar('T')


def describe_image(
    source: RangedSource,
    image_id: str,
    limits: Limits,
    clocks: Clocks,
    should_stop: Callable[[], bool],
) -> ImageMeta:
    """Tell what an image is, with the patience that its bytes have.

    :raises SourceError: when the source fails too often, or for good, or
        has another image, or an empty one.
    :raises Stopped: when it is not to go on.
    """

    def describe() -> ImageMeta:
        return _check_meta(source.describe(image_id), image_id, source)

    return ask_patiently(describe, image_id, limits, clocks, should_stop)


def ask_patiently(
    ask: Callable[[], T],
    image_id: str,
    limits: Limits,
    clocks: Clocks,
    should_stop: Callable[[], bool],
) -> T:
    """Ask a source of an image, again where that may help.

    :raises SourceError: when it fails too often, or for good.
    :raises Stopped: when it is not to go on.
    """
    patience = Patience(limits, clocks)
    while True:
        try:
            return ask()
        except SourceError as error:
            pause = None
            if error.retry:
                pause = patience.pause_after(error, random.random())  # noqa: S311
            if pause is None:
                raise
            LOG.info('image %s: %s; again in %.1f s', image_id, error, pause)
        sleep_unless(clocks, pause, should_stop, image_id)


def _check_meta(
    meta: ImageMeta, image_id: str, source: RangedSource
) -> ImageMeta:
    if meta.image_id != image_id:
        why = f'it describes {meta.image_id!r} instead'
        raise SourceError(str(source), why)
    if not meta.size:
        raise SourceError(str(source), 'it is empty: an image has bytes')
    return meta
