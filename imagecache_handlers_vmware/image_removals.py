"""Image removals: they lie aside and go, by their disks and folders."""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.exceptions import Uncertain
from imagecache_handlers.transport.errors import Unreachable
from imagecache_handlers_vmware.eviction_errors import error_of_removal
from imagecache_handlers_vmware.eviction_errors import uncertain_of
from imagecache_handlers_vmware.folder_requests import Ends
from imagecache_handlers_vmware.folder_requests import is_gone
from imagecache_handlers_vmware.folder_requests import Removing
from imagecache_handlers_vmware.kept_images import Kept
from imagecache_handlers_vmware.lifting import Going
from imagecache_handlers_vmware.lifting import Lifting
from imagecache_handlers_vmware.moves import Aside
from imagecache_handlers_vmware.moves import Move
from imagecache_handlers_vmware.moves import Result
from imagecache_handlers_vmware.paths import DatastorePath
from imagecache_handlers_vmware.port.errors import VimFault
from imagecache_handlers_vmware.port.tasks import Endless

# Faults that come before anything is deleted.
_REFUSALS = frozenset({'CannotDeleteFile', 'FileLocked'})


class Removal:
    """Removes images of one store; those that must stay are kept.

    ``look_again`` searches what is aside of moves; None: nothing is there.
    ``freed`` is what each takes of the datastore, by where it lies.
    """

    def __init__(
        self,
        removing: Removing,
        check_time: Callable[[], object],
        look_again: Callable[[Sequence[Move]], Aside | None],
        kept: Kept,
        freed: Mapping[DatastorePath, int],
        lifting: Lifting,
    ) -> None:
        self._removing = removing
        self._check_time = check_time
        self._look_again = look_again
        self._kept = kept
        self._freed = freed
        self._lifting = lifting

    def remove_images(self, going: Sequence[Going]) -> dict[str, Result]:
        """Delete images: of an ISO its folder, of others disk and folder."""
        ends = self._removing.delete_disks(
            {move.key: found for move, found in going}, self._check_time
        )
        ends |= self._lifting.delete_refused(going, ends)
        isos = {
            str(move.aside): move.key
            for move, found in going
            if found.has_iso and ends.get(move.key) is None
        }
        paths = [one.aside for one, _ in going if str(one.aside) in isos]
        removed = self._removing.delete_folders(paths, self._check_time)
        ends |= {isos[path]: end for path, end in removed.items()}
        failed = [one for one, _ in going if ends.get(one.key) is not None]
        done = [one for one, _ in going if ends.get(one.key) is None]
        results: dict[str, Result] = {
            move.key: self._freed[move.aside] for move in done
        }
        self._delete_rest(
            [one for one in done if one.key not in isos.values()]
        )
        if failed:
            results |= self._end_failed(failed, ends)
        return results

    def _end_failed(
        self, failed: Sequence[Move], ends: Ends
    ) -> dict[str, Result]:
        """Keep what is still whole, and finish what is not."""
        results: dict[str, Result] = {}
        try:
            aside = self._look_again(failed)
        except StoreUnavailable:
            aside = None
        for move in failed:
            end = ends[move.key]
            if end is None:
                continue
            why = error_of_removal(move.image, end)
            found = None if aside is None else aside.get(move.aside)
            if isinstance(end, Endless) or (aside is None and not _is_no(end)):
                results[move.key] = _as_uncertain(move, why)
            elif aside is None or (found is not None and found.is_whole):
                folders = found.folder.folders if found else ()
                self._kept.keep_image(move, why, folders)
            else:
                self._delete_rest([move])
                size = self._freed[move.aside] if found else 0
                lost = _as_uncertain(move, why)
                results[move.key] = size if is_gone(end) else lost
        return results

    def _delete_rest(self, moves: Sequence[Move]) -> None:
        """Delete what is left of images; ``recover`` does it otherwise."""
        self._removing.delete_folders([one.aside for one in moves])


def _is_no(end: CacheError) -> bool:
    """Tell if nothing was deleted, for sure."""
    return isinstance(end, ImageBusy | Unreachable) or (
        isinstance(end, VimFault) and end.name in _REFUSALS
    )


def _as_uncertain(move: Move, why: CacheError) -> Uncertain:
    if isinstance(why, Uncertain):
        return why
    return uncertain_of(move.image, why)
