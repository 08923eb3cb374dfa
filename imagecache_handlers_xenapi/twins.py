"""Twins: images that may be full copies of each other.

A copy that somebody makes by hand of an image without labels looks like it.
Nobody can tell which of the two it is, nor what was written to it since.
"""

import collections
from collections.abc import Iterable
import datetime

from imagecache_handlers_xenapi.chain import Forest
from imagecache_handlers_xenapi.disks import Disk
from imagecache_handlers_xenapi.disks import key
from imagecache_handlers_xenapi.disks import TWIN

_Looks = tuple[str | None, datetime.datetime | None]


class Twins:
    """The images of one SR that have an id and a time in common.

    Clones share a chain with their image and are its users; twins share none.
    """

    def __init__(self, forest: Forest, images: Iterable[Disk]) -> None:
        self._forest = forest
        alike: dict[_Looks, list[str]] = collections.defaultdict(list)
        for disk in images:
            alike[disk.image_id, disk.cached_at].append(disk.uuid)
        self._alike = {
            uuid: group
            for group in alike.values()
            if len(group) > 1
            for uuid in group
        }

    def twins_of(self, image: Disk) -> list[str]:
        """Give the images that may be a copy of one, or what it is one of."""
        chain = self._forest.chain(image.uuid)
        return [
            other
            for other in self._alike.get(image.uuid, ())
            if other != image.uuid
            and chain.isdisjoint(self._forest.chain(other))
        ]


def explain_twins(image: Disk, names: list[str]) -> str | None:
    """Say by which images nobody knows what one is, and what to do."""
    if not names:
        return None
    more = f' and {len(names) - 1} more' if len(names) > 1 else ''
    return (
        f'{names[0]}{more} has the same image-id and cached-time and shares '
        f'no bytes with it, so one is a full copy that may be in use: take '
        f'image-id and cached-time off the other-config of the copy, or if '
        f'two hosts cached it in one second delete the one that no instance '
        f'uses; then, if this is the one left as image, xe vdi-param-remove '
        f'uuid={image.uuid} param-name=other-config '
        f'param-key={key(image.uuid, TWIN)}'
    )
