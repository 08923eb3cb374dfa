"""Recovering: what a died eviction left aside is finished, or put back.

Machines name the folder that it was moved from, never the one it lies in.
Whatever speaks for an image puts it back, where nothing new is; what can
neither go nor go back is left, and warned of, as is what nobody will ever
come back to.
"""

from collections.abc import Iterable
from collections.abc import Iterator
import datetime
import logging

from imagecache_handlers.clocks import Clocks
from imagecache_handlers_vmware.checking_aside import explain_wait
from imagecache_handlers_vmware.checking_aside import find_filled
from imagecache_handlers_vmware.checking_aside import find_images
from imagecache_handlers_vmware.checking_aside import Hindsight
from imagecache_handlers_vmware.checking_aside import is_abandoned
from imagecache_handlers_vmware.checking_aside import Leftover
from imagecache_handlers_vmware.image_folders import find_image_folders
from imagecache_handlers_vmware.image_folders import ImageFolder
from imagecache_handlers_vmware.looks import Looks
from imagecache_handlers_vmware.looks import reading_store
from imagecache_handlers_vmware.settling import Settling

LOG = logging.getLogger(__name__)

# As ``clock_skew_seconds`` is unless it is set.
SKEW = datetime.timedelta(seconds=60)


class Recovering:
    """Goes through what lies aside in one store.

    ``skew`` is how far the clocks of hosts may be apart.
    """

    def __init__(
        self,
        looks: Looks,
        clocks: Clocks,
        skew: datetime.timedelta = SKEW,
    ) -> None:
        self._looks = looks
        self._clocks = clocks
        self._skew = skew
        self._left: dict[str, tuple[str, ...]] = {}

    def remarks(self, store: str) -> tuple[str, ...]:
        """Say what the last recovery of a store has left, and why."""
        return self._left.get(store, ())

    def recover(self, store: str) -> None:
        """Finish or put back what lies aside; see ``CacheHandler.recover``."""
        datastore = self._looks.datastore(store)
        base = self._looks.base(datastore)
        aside = self._looks.aside(datastore)
        folders = self._looks.folder(store, aside) or []
        time = Hindsight(now=self._clocks.now(), skew=self._skew)
        images = list(find_images(aside, folders))
        found = [one for one in images if is_abandoned(one, time.is_over)]
        self._left[store] = waiting = tuple(_explain_waits(images, time))
        if not found:
            return
        there = find_image_folders(base, self._looks.folder(store, base) or ())
        with reading_store(store):
            users = self._looks.users_of(datastore, found)
        settling = Settling(self._looks, datastore, users, time.is_over)
        settling.settle_all(
            Leftover(
                image=one,
                own=there.get(one.image_id),
                filled=tuple(sorted(find_filled(one, folders))),
            )
            for one in found
        )
        self._left[store] = (*waiting, *settling.left)


def _explain_waits(
    images: Iterable[ImageFolder], time: Hindsight
) -> Iterator[str]:
    for one in images:
        if why := explain_wait(one, time):
            LOG.warning('%s is left: %s', one.path, why)
            yield f'{one.path} is left: {why}'
