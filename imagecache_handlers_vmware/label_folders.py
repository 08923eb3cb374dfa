"""Label folders: how labels are written in an image's folder, and read.

A label is an empty folder ``ic-<label>``, with two exceptions that Nova's
driver understands: ``unused.<time>`` is its ``ts-<time>``, and ``shield`` is
a ``ts-`` so far ahead that no age is ever reached.  Beside a shield
``unused`` is an ``ic-`` folder like others, for of several ``ts-`` Nova
takes any.  On a full datastore a folder may stand for two, see
``joint_folders``.
"""

from collections.abc import Iterable
import dataclasses
import re

from imagecache_handlers.labels import read_time
from imagecache_handlers.labels import SHIELD
from imagecache_handlers_vmware.joint_folders import split_folder

SHIELD_FOLDER = 'ts-9999-01-01-00-00-00'

_OWN, _NOVA, _UNUSED = 'ic-', 'ts-', 'unused.'
# How labels begin that stand for folders which mean nothing any more.
_MALFORMED = f'{_UNUSED}{_NOVA}', f'{_UNUSED}{_OWN}'
_STAMP = re.compile(
    r'(\d{4})-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)', flags=re.ASCII
)
_TIME = re.compile(r'(\d{4})(\d\d)(\d\d)t(\d\d)(\d\d)(\d\d)z', flags=re.ASCII)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FolderChange:
    """What writes a change of labels: folders made, then folders removed."""

    make: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


def is_label(folder: str) -> bool:
    """Tell if a folder in an image's folder is there for a label."""
    return folder.startswith((_OWN, _NOVA))


def read_labels(folders: Iterable[str]) -> frozenset[str]:
    """Give the labels for which folders are there.

    What Nova cannot read as a time is a malformed ``unused``.  So is a
    shield beside another ``ts-``, for Nova may take either, and an age that
    was kept beside a shield which is gone: Nova takes that away with a use.
    """
    found = frozenset(
        one for folder in folders for one in split_folder(folder)
    )
    is_shielded = SHIELD_FOLDER in found
    own = {
        _read_own(one.removeprefix(_OWN), is_shielded)
        for one in found
        if one.startswith(_OWN)
    }
    own.discard(SHIELD)
    stamps = {one for one in found if one.startswith(_NOVA)}
    if stamps == {SHIELD_FOLDER}:
        return frozenset(own | {SHIELD})
    return frozenset(own | set(map(_read_stamp, stamps)))


def _read_own(label: str, is_shielded: bool) -> str:
    if is_shielded or not _name_stamp(label):
        return label
    return f'{_UNUSED}{_OWN}{label.removeprefix(_UNUSED)}'


def _read_stamp(folder: str) -> str:
    found = _STAMP.fullmatch(folder.removeprefix(_NOVA))
    if found and folder != SHIELD_FOLDER:
        year, month, day, *clock = found.groups()
        time = f'{year}{month}{day}t{"".join(clock)}z'
        if read_time(time):
            return f'{_UNUSED}{time}'
    return f'{_UNUSED}{folder}'


def plan_change(
    labels: frozenset[str], add: Iterable[str], remove: Iterable[str]
) -> FolderChange:
    """Tell which folders to make and remove, in this order.

    ``labels`` are those that the image bore when it was looked at.
    """
    added, removed = frozenset(add), frozenset(remove)
    shielded = SHIELD in (labels | added) - removed
    make = {_folder_name(one, shielded) for one in added - removed}
    stale: set[str] = set()
    for label in removed:
        stale |= _folders_of(label, SHIELD in labels)
    if SHIELD in added | removed:
        for label in removed:
            stale |= _folders_of(label, SHIELD not in labels)
        for label in labels - removed:
            if _name_stamp(label):
                make.add(_folder_name(label, shielded))
                stale.add(_folder_name(label, not shielded))
            elif shielded and label.startswith(_MALFORMED):
                stale |= _folders_of(label, shielded)
    if shielded:
        stale.discard(SHIELD_FOLDER)
    return FolderChange(
        make=tuple(sorted(make)), remove=tuple(sorted(stale - make))
    )


def _folders_of(label: str, shielded: bool) -> set[str]:
    """Name the folders that may stand for a label."""
    if label.startswith(f'{_UNUSED}{_OWN}'):
        time = label.removeprefix(f'{_UNUSED}{_OWN}')
        return {f'{_OWN}{label}', f'{_OWN}{_UNUSED}{time}'}
    if label.startswith(f'{_UNUSED}{_NOVA}'):
        return {f'{_OWN}{label}', label.removeprefix(_UNUSED)}
    return {_folder_name(label, shielded)}


def _folder_name(label: str, shielded: bool) -> str:
    """Name the folder of a label, on an image that has a shield or not."""
    if label == SHIELD:
        return SHIELD_FOLDER
    stamp = None if shielded else _name_stamp(label)
    return stamp or f'{_OWN}{label}'


def _name_stamp(label: str) -> str | None:
    """Name the folder by which Nova knows an ``unused``, if it can."""
    found = _TIME.fullmatch(label.removeprefix(_UNUSED))
    if (
        not found
        or not label.startswith(_UNUSED)
        or not read_time(found.group())
    ):
        return None
    folder = f'{_NOVA}{"-".join(found.groups())}'
    return None if folder == SHIELD_FOLDER else folder
