"""Refusals: that vSphere will not delete an image, told on the image.

Without that a refused image would be the first choice of each sweep, and
others that could go would wait behind it.
"""

from collections.abc import Iterable
import dataclasses
import datetime

from imagecache_handlers.labels import FUTURE
from imagecache_handlers.labels import read_time
from imagecache_handlers.labels import write_time
from imagecache_handlers.model import CachedImage
from imagecache_handlers_vmware.joint_folders import join_folders
from imagecache_handlers_vmware.joint_folders import Rename
from imagecache_handlers_vmware.joint_folders import split_folder

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


def find_refusal_rename(folders: Iterable[str], new: str) -> Rename | None:
    """Find a folder that gives way to that of a refusal; None: none does.

    An earlier refusal goes first, then what a claim is told by, which is
    told still.  What else that told is lost, Nova's mark as the last:
    whatever vSphere refuses would be the first choice again.
    """
    found = []
    for folder in sorted(folders):
        told = split_folder(folder)
        joint = join_folders(new, told[-1])
        if joint is not None:
            found.append(Rename(old=folder, new=joint))
        elif is_refusal(folder.removeprefix('ic-')):
            found.append(Rename(old=folder, new=new))
    return min(found, key=_rank_loss, default=None)


def _rank_loss(rename: Rename) -> int:
    """Tell how much is lost by a rename: the less, the better."""
    own, *claims = split_folder(rename.old)
    if is_refusal(own.removeprefix('ic-')):
        return 0
    if not claims:
        return 1
    return 3 if own.startswith('ts-') else 2
