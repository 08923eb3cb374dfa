"""Judging: which images are retired, by all that Glance said; pure.

An image that is not found may as well be one that whoever asks may not see,
or one of another Glance: so what is not found alone proves nothing.
"""

from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

from imagecache_handlers.model import Retired

# Glance's words for an image that is there and cannot be fetched any more.
_RETIRED = {
    'deactivated': Retired.DEACTIVATED,
    'deleted': Retired.DELETED,
    'pending_delete': Retired.DELETED,
}

# The status of each image that was asked for; None: it was not found.
Statuses = Mapping[str, str | None]


def sees_all(private: Iterable[Mapping[str, Any]]) -> bool:
    """Tell if whoever was shown these private images may see every image.

    Glance shows those of one's own project to anybody, and those of any other
    one to administrators only, who see all.  An image without an owner is
    shown to everybody.
    """
    owners = set()
    for image in private:
        if image.get('visibility') != 'private':
            # What was asked for was not heeded.
            return False
        owner = image.get('owner')
        if isinstance(owner, str) and owner:
            owners.add(owner)
    return len(owners) > 1


def count_missing(statuses: Statuses) -> int:
    """Count the images that were not found."""
    return sum(status is None for status in statuses.values())


def knows_enough(statuses: Statuses) -> bool:
    """Tell if as many were found as were not: else it is another Glance."""
    return 2 * count_missing(statuses) <= len(statuses)


def judge_images(
    statuses: Statuses, *, believes_missing: bool
) -> dict[str, Retired]:
    """Give what is retired; what was not found, only if that is believed."""
    retired = {}
    for image_id, status in statuses.items():
        if status is not None:
            how = _RETIRED.get(status)
        else:
            how = Retired.DELETED if believes_missing else None
        if how is not None:
            retired[image_id] = how
    return retired
