"""Labelling: keys of ``other_config``, each written and removed by itself."""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import functools
import logging

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ImageNotFound
from imagecache_handlers.model import CachedImage
from imagecache_handlers.transport.errors import CallError
from imagecache_handlers_xenapi.disks import Disk
from imagecache_handlers_xenapi.disks import key
from imagecache_handlers_xenapi.disks import TWIN
from imagecache_handlers_xenapi.disks import WRITABLE
from imagecache_handlers_xenapi.looks import Looks
from imagecache_handlers_xenapi.port import errors
from imagecache_handlers_xenapi.port.errors import XapiFailure
from imagecache_handlers_xenapi.port.in_flight import for_each_in_flight
from imagecache_handlers_xenapi.port.port import Port

LOG = logging.getLogger(__name__)

# So many are read before they are written: what was read is soon old.
_AT_ONCE = 50


def write(port: Port, ref: str, name: str, value: str = 'set') -> None:
    """Add a key to ``other_config``; one that is there keeps its value.

    :raises CallError: when that is not certain.
    """
    try:
        port.call('VDI.add_to_other_config', ref, name, value)
    except XapiFailure as error:
        # Whoever wrote it, or our own first call, whose answer was lost.
        if error.code != 'MAP_DUPLICATE_KEY':
            raise


class Labelling:
    """Writes labels of images, after making sure that they still are."""

    def __init__(self, port: Port, looks: Looks) -> None:
        self._port = port
        self._looks = looks

    def mark(
        self, image: CachedImage, add: Collection[str], remove: Collection[str]
    ) -> None:
        """Add labels, then remove others.

        :raises ImageNotFound: when the disk is gone, or no image any more.
        :raises Uncertain: when some may be written and others not.
        """
        # Before a claim is taken off of what it was to remove.
        self._label_written(image.store)
        self._relabel(image, self._looks.find(image), add, remove)

    def mark_many(
        self,
        images: Sequence[CachedImage],
        add: Collection[str],
        remove: Collection[str],
    ) -> Iterator[CacheError | None]:
        """Relabel images of one store, as many at once as the port allows."""
        for store in {image.store for image in images}:
            self._label_written(store)
        for first in range(0, len(images), _AT_ONCE):
            some = images[first : first + _AT_ONCE]
            disks = self._looks.find_many(some[0].store, some)

            def relabel(
                image: CachedImage, disks: Mapping[str, Disk] = disks
            ) -> CacheError | None:
                try:
                    disk = disks.get(image.location)
                    self._relabel(image, disk, add, remove)
                except CacheError as error:
                    return error
                return None

            yield from for_each_in_flight(self._port, relabel, some)

    def _relabel(
        self,
        image: CachedImage,
        disk: Disk | None,
        add: Collection[str],
        remove: Collection[str],
    ) -> None:
        if disk is None:
            raise ImageNotFound(image.image_id, f'no VDI {image.location}')
        for number, act in enumerate(
            self._label_calls(disk, set(add), set(remove))
        ):
            with errors.writing(image, begun=number > 0):
                act()

    def label_doubts(self, store: str) -> None:
        """Write on images that they may be somebody's disk, as last seen.

        Who comes to see them later will not see why.
        """
        twins = self._looks.recent(store).new_twins()
        self._label_written(store)
        for disk in twins:
            # If not, the next sweep finds it as we did, or somebody else's.
            self._label_doubt(store, disk, TWIN)

    def _label_written(self, store: str) -> None:
        """Write on images that a machine was seen that can write to them."""
        writers = self._looks.writers
        for disk in writers.waiting(store):
            if self._label_doubt(store, disk, WRITABLE):
                writers.discard(store, disk)

    def _label_doubt(self, store: str, disk: Disk, label: str) -> bool:
        """Write a label for good; False: it is to be tried once more."""
        try:
            write(self._port, disk.ref, key(disk.uuid, label))
        except CallError as error:
            done = errors.is_gone(error, disk.ref)
            why = f'is not labelled {label!r} yet: {error}'
        else:
            done, why = True, f'is labelled {label!r}, and stays'
        LOG.warning('VDI %s in %s %s', disk.uuid, store, why)
        return done

    def _label_calls(
        self, disk: Disk, add: set[str], remove: set[str]
    ) -> Iterator[Callable[[], None]]:
        for label in sorted(add - disk.labels):
            name = key(disk.uuid, label)
            yield functools.partial(write, self._port, disk.ref, name)
        for label in sorted((disk.labels | add) & remove):
            name = key(disk.uuid, label)
            yield functools.partial(self._remove_key, disk.ref, name)

    def _remove_key(self, ref: str, name: str) -> None:
        self._port.call('VDI.remove_from_other_config', ref, name)
