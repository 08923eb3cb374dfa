"""Age: since when nobody uses an image, and how its labels keep count."""

import datetime

from imagecache_handlers.labels import FUTURE
from imagecache_handlers.labels import hits_label
from imagecache_handlers.labels import Marks
from imagecache_handlers.labels import NO_CHANGE
from imagecache_handlers.labels import Relabel
from imagecache_handlers.labels import unused_label
from imagecache_handlers.model import CachedImage


def idle_since(
    image: CachedImage, now: datetime.datetime
) -> datetime.datetime:
    """Give the later of its last use and its arrival; now while not labelled.

    A last use well in the future counts as now; an arrival in the future is
    a clock's mistake and is ignored.
    """
    since = image.marks.unused_since
    if since is None or since > now + FUTURE:
        return now
    arrived = image.cached_at
    if arrived is not None and since < arrived <= now:
        return arrived
    return since


def count_use(marks: Marks) -> Relabel:
    """Count a hit and restart the age: somebody takes the image into use."""
    add = frozenset({hits_label(marks.hits + 1)})
    return Relabel(
        add=add,
        remove=(marks.labels_of('unused') | marks.labels_of('hits')) - add,
    )


def restart_age(marks: Marks) -> Relabel:
    """Restart the age of an image in use; an unused one was taken again."""
    return count_use(marks) if marks.labels_of('unused') else NO_CHANGE


def start_age(marks: Marks, now: datetime.datetime) -> Relabel:
    """Start the age of an image without users, unless it runs already."""
    since = marks.unused_since
    if since is not None and since <= now + FUTURE:
        return NO_CHANGE
    label = unused_label(now)
    return Relabel(
        add=frozenset({label}), remove=marks.labels_of('unused') - {label}
    )
