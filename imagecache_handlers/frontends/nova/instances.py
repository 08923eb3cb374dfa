"""Instances: what Nova's list of them proves of images.

They are what Nova has: objects whose columns may not be loaded, each of which
would cost a question to the database, so those are left alone.
"""

from collections.abc import Iterable
import dataclasses
import datetime
import logging
from typing import Any

from imagecache_handlers.model import check_image_id
from imagecache_handlers.model import check_name
from imagecache_handlers.model import Evidence

LOG = logging.getLogger(__name__)

# The columns that name images.
_IMAGES = 'image_ref', 'kernel_id', 'ramdisk_id'
# One whose uuid says nothing is a user all the same.
_SOMEBODY = 'an instance'


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The evidence of a list of ``instances``.

    ``refused`` counts what cannot name an image, and was passed over;
    ``unread`` the instances of which not every column is loaded.
    """

    evidence: Evidence
    instances: int
    refused: int
    unread: int


def gather_evidence(
    instances: Iterable[Any],
    as_of: datetime.datetime,
    *,
    complete: bool = False,
) -> Gathered:
    """Tell who uses which image.

    Every instance counts, whatever its state: one that is soft-deleted or
    being resized has disks.  ``as_of`` is a time before the list was read;
    ``complete``: it has every instance of every host that shares the stores.
    What is refused or not loaded may be any image: then it is not complete.
    """
    users: dict[str, set[str]] = {}
    count = refused = unread = 0
    for instance in instances:
        count += 1
        unread += not _is_loaded(instance)
        for image_id in _list_named(instance):
            if _can_name(image_id):
                users.setdefault(image_id, set()).add(_name_user(instance))
            else:
                refused += 1
                LOG.warning(
                    'Instance %s: %.100r cannot name an image',
                    _name_user(instance),
                    image_id,
                )
    named = {image_id: frozenset(who) for image_id, who in users.items()}
    complete = complete and not refused and not unread
    evidence = Evidence(users=named, complete=complete, as_of=as_of)
    return Gathered(
        evidence=evidence, instances=count, refused=refused, unread=unread
    )


def read_column(instance: Any, column: str) -> Any:
    """Give a column of an instance if it is loaded, else None."""
    return getattr(instance, column) if _has(instance, column) else None


def list_images(instance: Any) -> list[str]:
    """Give the images that an instance is made from, if they can be such."""
    return list(dict.fromkeys(filter(_can_name, _list_named(instance))))


def _is_loaded(instance: Any) -> bool:
    return all(_has(instance, column) for column in _IMAGES)


def _has(instance: Any, column: str) -> bool:
    # Of Nova's objects alone: reading one that is not set asks the database.
    is_set = getattr(instance, 'obj_attr_is_set', None)
    return is_set(column) if is_set else hasattr(instance, column)


def _list_named(instance: Any) -> list[Any]:
    """Give what the columns name; '' is a boot from a volume."""
    found = (read_column(instance, column) for column in _IMAGES)
    return [one for one in found if one is not None and one != '']


def _can_name(image_id: Any) -> bool:
    try:
        check_image_id(image_id)
    except ValueError:
        return False
    return True


def _name_user(instance: Any) -> str:
    try:
        return check_name('instance', read_column(instance, 'uuid'))
    except ValueError:
        return _SOMEBODY
