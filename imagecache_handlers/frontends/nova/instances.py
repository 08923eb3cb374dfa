"""Instances: what Nova's list of them proves of images.

They are what Nova has: objects whose columns may not be loaded, each of which
would cost a question to the database, so those are left alone.
"""

import collections
from collections.abc import Iterable
import dataclasses
import datetime
import logging
import operator
from typing import Any

from imagecache_handlers.checked_values import check_name
from imagecache_handlers.model import check_image_id
from imagecache_handlers.model import Evidence

LOG = logging.getLogger(__name__)

# The columns that name images.
_IMAGES = 'image_ref', 'kernel_id', 'ramdisk_id'
# Those that are read, and where Nova's objects have them in themselves.
_PLACES = {column: f'_obj_{column}' for column in ('uuid', *_IMAGES)}
_take_stored = operator.itemgetter(*_PLACES.values())
_Columns = tuple[Any, ...]
# One whose uuid says nothing is a user all the same.
_SOMEBODY = 'an instance'
# Stands for a column that is not loaded.
_UNREAD = object()
# What a column says that names no image; '' is a boot from a volume.
_NOTHING = None, '', _UNREAD


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
    groups = _group_instances(instances)
    users: dict[str, set[str]] = {}
    refused = 0
    for columns, who in groups.items():
        for image_id in _keep_named(columns):
            if _can_name(image_id):
                users.setdefault(image_id, set()).update(who)
            else:
                refused += len(who)
                _warn_of_refused(image_id, who)
    unread = sum(
        len(who) for columns, who in groups.items() if _UNREAD in columns
    )
    named = {image_id: frozenset(who) for image_id, who in users.items()}
    complete = complete and not refused and not unread
    return Gathered(
        evidence=Evidence(users=named, complete=complete, as_of=as_of),
        instances=sum(map(len, groups.values())),
        refused=refused,
        unread=unread,
    )


def read_column(instance: Any, column: str) -> Any:
    """Give a column of an instance if it is loaded, else None."""
    found = _ask(instance, column)
    return None if found is _UNREAD else found


def list_images(instance: Any) -> list[str]:
    """Give the images that an instance is made from, if they can be such."""
    _, *columns = _read_columns(instance)
    return list(dict.fromkeys(filter(_can_name, _keep_named(columns))))


def _group_instances(instances: Iterable[Any]) -> dict[_Columns, list[str]]:
    """Give who is made from the same images, by what names those."""
    groups: dict[_Columns, list[str]] = collections.defaultdict(list)
    for instance in _list_objects(instances):
        uuid, *columns = _read_columns(instance)
        user = _name_user(uuid)
        try:
            groups[tuple(columns)].append(user)
        # Objects of a driver's own may have a list, or whatever, there.
        except TypeError:
            groups[tuple(map(_make_hashable, columns))].append(user)
    return groups


def _make_hashable(column: Any) -> Any:
    try:
        hash(column)
    except TypeError:
        return _Odd(column)
    return column


class _Odd:
    """Stands for what has no hash, names no image, and shows as itself."""

    def __init__(self, column: Any) -> None:
        self._column = column

    def __repr__(self) -> str:
        return repr(self._column)


def _warn_of_refused(image_id: Any, who: Iterable[str]) -> None:
    for user in who:
        LOG.warning('Instance %s: %.100r cannot name an image', user, image_id)


def _list_objects(instances: Iterable[Any]) -> Iterable[Any]:
    # To go over a list of Nova's calls a method of it for each.
    objects = getattr(instances, 'objects', None)
    return objects if isinstance(objects, list) else instances


def _read_columns(instance: Any) -> _Columns:
    """Give the uuid and what names images, ``_UNREAD`` if not loaded.

    They are taken from where oslo.versionedobjects has them: to ask such an
    object takes ten times as long, and there are thousands.  What is not
    found there is asked for.
    """
    stored = getattr(instance, '__dict__', {})
    try:
        columns: _Columns = _take_stored(stored)
    except KeyError:
        return tuple(
            stored[place] if place in stored else _ask(instance, column)
            for column, place in _PLACES.items()
        )
    return columns


def _ask(instance: Any, column: str) -> Any:
    return getattr(instance, column) if _has(instance, column) else _UNREAD


def _has(instance: Any, column: str) -> bool:
    # Of Nova's objects alone: reading one that is not set asks the database.
    is_set = getattr(instance, 'obj_attr_is_set', None)
    return is_set(column) if is_set else hasattr(instance, column)


def _keep_named(columns: Iterable[Any]) -> list[Any]:
    return [one for one in columns if one not in _NOTHING]


def _can_name(image_id: Any) -> bool:
    try:
        check_image_id(image_id)
    except ValueError:
        return False
    return True


def _name_user(uuid: Any) -> str:
    try:
        return check_name('instance', uuid)
    except ValueError:
        return _SOMEBODY
