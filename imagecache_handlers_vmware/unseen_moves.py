"""Unseen moves: images moved aside, where nobody can look afterwards.

They are put back unseen; what each is told to be is what is certain of it.
"""

from collections.abc import Sequence

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.transport.errors import Unreachable
from imagecache_handlers_vmware.eviction_errors import error_of_move
from imagecache_handlers_vmware.eviction_errors import uncertain_of
from imagecache_handlers_vmware.folder_requests import Ends
from imagecache_handlers_vmware.folder_requests import is_gone
from imagecache_handlers_vmware.moves import Move
from imagecache_handlers_vmware.moves import MovingBack
from imagecache_handlers_vmware.moves import Result
from imagecache_handlers_vmware.port.errors import VimFault


def end_unseen(
    back: MovingBack,
    moves: Sequence[Move],
    ends: Ends,
    trouble: StoreUnavailable,
) -> dict[str, Result]:
    """Put back all that may have been moved, and say what came of each.

    ``trouble`` is why it cannot be seen.  That a store is unavailable would
    promise that nothing was changed: it is said only of what never moved.
    """
    begun = [one for one in moves if _may_have_moved(ends[one.key])]
    returns = back.move_back(begun)
    return {
        move.key: _end_of(move, ends[move.key], returns[move.key], trouble)
        if move.key in returns
        else error_of_move(move.image, ends[move.key])
        for move in moves
    }


def _may_have_moved(end: CacheError | None) -> bool:
    """Tell if a move was begun at all."""
    return not isinstance(end, ImageBusy | Unreachable)


def _end_of(
    move: Move,
    end: CacheError | None,
    returned: CacheError | None,
    trouble: StoreUnavailable,
) -> CacheError:
    """Say what is certain of an image: it is back, never left, or neither."""
    why = f'who uses it cannot be seen ({trouble.why})'
    if returned is None:
        return ImageBusy(move.image.image_id, f'{why}; it was moved back')
    if isinstance(end, VimFault) and is_gone(returned):
        return error_of_move(move.image, end)
    where = f'it may lie in {move.aside}, not moved back: {returned}'
    return uncertain_of(move.image, why, where)
