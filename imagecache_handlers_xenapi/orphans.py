"""Orphans: clones without their parent, so no chain tells what they share.

Nova leaves an image's ``cached-time`` on every disk that it clones from it,
and so does a full copy, which shares nothing: the two look the same.
"""

import collections
from collections.abc import Iterable
from collections.abc import Sequence

from imagecache_handlers_xenapi.chain import Forest
from imagecache_handlers_xenapi.disks import Disk


class Orphans:
    """The disks of one SR that stem from images, by what is left to see.

    Labels that name an image tell exactly, for a clone copies them; else the
    time tells, which several images may have.  (A clone that was labelled
    while it looked like its image leaves its labels to clones of its own.)
    Whoever takes that time off a disk says that it is a full copy.
    """

    def __init__(self, forest: Forest, disks: Iterable[Disk]) -> None:
        self._forest = forest
        # All by uuid; records are not kept, there may be many.
        self._traced: dict[str, list[str]] = collections.defaultdict(list)
        self._labelled: dict[tuple[str, bool], list[str]] = (
            collections.defaultdict(list)
        )
        self._sources: dict[str, frozenset[str]] = {}
        #: The images and what they hang off.
        self._images: set[str] = set()
        for disk in disks:
            if disk.image_id is not None:
                self._images |= forest.chain(disk.uuid)
            elif disk.may_share:
                self._note(disk)

    def _note(self, disk: Disk) -> None:
        sources, traced = disk.sources, disk.trace is not None
        for source in sources:
            self._labelled[source, traced].append(disk.uuid)
        if disk.trace is not None:
            self._traced[disk.trace].append(disk.uuid)
        if sources:
            self._sources[disk.uuid] = sources

    def of(self, image: Disk) -> list[str]:
        """Give the disks that may share an image's bytes by no known chain.

        One that hangs off the chain of another image is that one's.  One that
        hangs off no image's may do so because its base copy, or the image,
        lost its parent.
        """
        return [
            uuid
            for uuid in self._stemming(image)
            if self._images.isdisjoint(self._forest.chain(uuid))
        ]

    def _stemming(self, image: Disk) -> list[str]:
        labelled = self._labelled.get((image.uuid, True), [])
        if image.trace is None:
            return labelled + self._labelled.get((image.uuid, False), [])
        timed = self._traced.get(image.trace, [])
        return labelled + [one for one in timed if not self._is_labelled(one)]

    def _is_labelled(self, uuid: str) -> bool:
        """Tell if a disk's labels name an image that is here."""
        return not self._images.isdisjoint(self._sources.get(uuid, ()))


def why(names: Sequence[str]) -> str:
    """Say by which disks nobody knows who uses an image, and what to do."""
    more = f' and {len(names) - 1} more' if len(names) > 1 else ''
    return (
        f'{names[0]}{more} may be a clone that lost its vhd-parent: xe '
        'sr-scan finds it again; if it is a full copy, take cached-time off '
        'its other-config'
    )
