"""Kept images: moved aside, and put back for a reason that is told."""

from collections.abc import Collection
import logging

from imagecache_handlers.clocks import Clocks
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import Undeletable
from imagecache_handlers.transport.errors import CallError
from imagecache_handlers_vmware.eviction_errors import error_of_stuck
from imagecache_handlers_vmware.folder_requests import Removing
from imagecache_handlers_vmware.moves import Move
from imagecache_handlers_vmware.moves import MovingBack
from imagecache_handlers_vmware.moves import Result
from imagecache_handlers_vmware.port.errors import FULL
from imagecache_handlers_vmware.port.errors import VimFault
from imagecache_handlers_vmware.refusals import find_refusal_rename
from imagecache_handlers_vmware.refusals import is_refusal
from imagecache_handlers_vmware.refusals import refusal_label

LOG = logging.getLogger(__name__)


class Kept:
    """Images that are to be put back together."""

    def __init__(
        self, back: MovingBack, removing: Removing, clocks: Clocks
    ) -> None:
        self._back = back
        self._removing = removing
        self._clocks = clocks
        self._kept: list[tuple[Move, CacheError]] = []
        self._folders: dict[str, Collection[str]] = {}

    def keep_image(
        self, move: Move, why: CacheError, folders: Collection[str] = ()
    ) -> None:
        """Have an image put back that was kept for a reason.

        ``folders`` are those that were seen in its own.
        """
        self._kept.append((move, why))
        self._folders[move.key] = folders

    def put_back(self) -> dict[str, Result]:
        """Move images to where they were, all at once, and say why."""
        kept, self._kept = self._kept, []
        for move, why in kept:
            if isinstance(why, Undeletable):
                self._tell_refusal(move)
        ends = self._back.move_back([move for move, _ in kept])
        return {
            move.key: _end_of(move, why, ends[move.key]) for move, why in kept
        }

    def _tell_refusal(self, move: Move) -> None:
        """Write it where the image lies; what it told before goes."""
        name = f'ic-{refusal_label(self._clocks.now())}'
        try:
            self._removing.make_folder(move.aside.join(name))
        except CallError as error:
            if isinstance(error, VimFault) and error.name in FULL:
                self._rename_for(move, name)
        old = filter(is_refusal, move.image.marks.labels)
        self._removing.delete_folders(
            [move.aside.join(f'ic-{one}') for one in old]
        )

    def _rename_for(self, move: Move, name: str) -> None:
        """Have a folder that is there give way: a rename takes no room."""
        rename = find_refusal_rename(self._folders[move.key], name)
        if rename is not None:
            paths = move.aside.join(rename.old), move.aside.join(rename.new)
            self._removing.move_folders({move.key: paths})


def _end_of(move: Move, why: CacheError, end: CacheError | None) -> CacheError:
    if end is None:
        return why
    where = f'it lies in {move.aside}, and could not be moved back: {end}'
    stuck = error_of_stuck(move.image, why, where)
    LOG.warning('%s', stuck)
    return stuck
