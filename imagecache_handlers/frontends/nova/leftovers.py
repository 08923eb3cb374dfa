"""Leftovers: what lies among Nova's images and is none, aged by Nova itself.

Blank disks (``swap_512``, ``ephemeral_1_40d1d2c``), images of the name that
Nova gave before Folsom (``_sm``), and what a fetch that died left behind.
Nova's own manager has methods for the former; we see to it that what a disk
has for backing stays, whether the database knows that disk or not.
"""

from collections.abc import Collection
import functools
import logging
import os
import re
from typing import Any

from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.exceptions import CacheError

LOG = logging.getLogger(__name__)

_OLD_NAME = re.compile(r'([0-9a-f]{40})_sm', flags=re.ASCII)
_CUT_OFF = re.compile(
    r'[0-9a-f]{40}(?:_[0-9]{1,19})?\.(?:part|converted)', flags=re.ASCII
)
# What is none of all that: an image, or a file that Nova does not see.
_NO_LEFTOVER = re.compile(
    r'[0-9a-f]{40}(?:_[0-9]{1,19})?|\..*', flags=re.ASCII | re.DOTALL
)
# A fetch writes to its file all the time: after a day it is not under way.
_CUT_OFF_AGE = 24 * 3600


class Leftovers:
    """What is to be done in one sweep, by the methods of Nova's manager.

    ``stock`` is that manager, of whose state nothing is kept afterwards;
    ``image_ids`` are those that instances use.
    """

    def __init__(
        self,
        stock: Any,
        handler: DirectoryHandler,
        image_ids: Collection[str],
        *,
        removes_unused: bool,
    ) -> None:
        self._stock = stock
        self._handler = handler
        self._image_ids = image_ids
        stock.remove_unused_base_images = removes_unused

    def age_leftovers(self, context: Any, instances: Any) -> None:
        """Have Nova renew what is used of them, and remove the old."""
        base = self._stock._get_base()
        # Most often there are none: Nova would look at each image for them.
        if not base or not has_leftovers(base):
            return
        self._stock._reset_state()
        self._stock._scan_base_images(base)
        if self._stock.back_swap_images or self._stock.back_ephemeral_images:
            self._age_blank_disks(context, instances, base)
        if self._stock.remove_unused_base_images:
            self._remove_old_names(base)
            self._remove_cut_off(base)

    def _age_blank_disks(
        self, context: Any, instances: Any, base: str
    ) -> None:
        stock = self._stock
        running = stock._list_running_instances(context, instances)
        for kind in 'swap', 'ephemeral':
            there = getattr(stock, f'back_{kind}_images')
            used = set(running[f'used_{kind}_images'])
            for name in sorted(there - used):
                users = self._find_users(base, name)
                if users is None:
                    # Nova is not to hear of it: it would go.
                    there.discard(name)
                elif users:
                    used.add(name)
            setattr(stock, f'used_{kind}_images', used)
        stock._age_and_verify_swap_images(context, base)
        stock._age_and_verify_ephemeral_images(context, base)

    def _remove_old_names(self, base: str) -> None:
        for path in list(self._stock.unexplained_images):
            name = os.path.basename(path)
            found = _OLD_NAME.fullmatch(name)
            if found is None or found[1] in self._used:
                continue
            if self._find_users(base, name) == frozenset():
                self._stock._remove_base_file(path)

    @functools.cached_property
    def _used(self) -> set[str]:
        return {self._handler.key(one) for one in self._image_ids}

    def _remove_cut_off(self, base: str) -> None:
        for name in filter(_CUT_OFF.fullmatch, os.listdir(base)):
            if self._find_users(base, name) == frozenset():
                path = os.path.join(base, name)
                self._stock._remove_old_enough_file(path, _CUT_OFF_AGE)

    def _find_users(self, base: str, name: str) -> frozenset[str] | None:
        """Name who has it for backing or open; None: nobody can tell."""
        try:
            return self._handler.find_users_beside(base, name)
        except CacheError as error:
            LOG.warning('%s/%s stays: %s', base, name, error)
            return None


def has_leftovers(base: str) -> bool:
    """Tell if anything lies there that is no image."""
    return not all(map(_NO_LEFTOVER.fullmatch, os.listdir(base)))
