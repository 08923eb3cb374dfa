"""Refusals: that vSphere will not delete an image, told on the image.

Without that a refused image would be the first choice of each sweep, and
others that could go would wait behind it.
"""

import dataclasses
import datetime

from imagecache_handlers.labels import FUTURE
from imagecache_handlers.labels import read_time
from imagecache_handlers.labels import write_time
from imagecache_handlers.model import CachedImage

# Until a refused image is tried again.
KEPT = datetime.timedelta(days=3)

_KIND = 'undeletable.'


def refusal_label(now: datetime.datetime) -> str:
    return f'{_KIND}{write_time(now)}'


def is_refusal(label: str) -> bool:
    return label.startswith(_KIND)


def explain_refusal(image: CachedImage, now: datetime.datetime) -> str | None:
    """Say why an image is not tried again yet; None: it may be.

    One of a time somewhat ahead is that of a host whose clock is ahead.
    """
    for label in sorted(image.marks.labels, reverse=True):
        at = read_time(label.removeprefix(_KIND))
        if is_refusal(label) and at and at - FUTURE < now < at + KEPT:
            return f'vSphere refused to delete it at {at:%Y-%m-%d %H:%M} UTC'
    return None


def with_refusal(image: CachedImage, now: datetime.datetime) -> CachedImage:
    """Have an image tell that vSphere refused to delete it, if it did."""
    why = explain_refusal(image, now)
    return dataclasses.replace(image, undeletable=why) if why else image
