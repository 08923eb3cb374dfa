"""Eviction errors: what it means for an image that a task failed."""

from collections.abc import Iterable

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.exceptions import ImageInUse
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.exceptions import Uncertain
from imagecache_handlers.exceptions import Undeletable
from imagecache_handlers.exceptions import Unfinished
from imagecache_handlers.model import CachedImage
from imagecache_handlers.transport.errors import CallError
from imagecache_handlers.transport.errors import Unreachable
from imagecache_handlers_vmware.port.errors import ReplyLost
from imagecache_handlers_vmware.port.errors import VimFault
from imagecache_handlers_vmware.port.tasks import Endless

# Of a file that is locked nobody says by whom.
_SOMEBODY = 'a machine that runs'
# How vSphere refuses a disk that clones may need, by a flag of its own.
_KEPT = 'CannotDeleteFile'


def rank_failure(error: CacheError) -> int:
    """Tell how grave it is: what may happen still is the worst of all.

    A disk that is kept is the least of what a backend says: only where that
    is all may its flag be lifted.
    """
    if isinstance(error, Endless):
        return 3
    if isinstance(error, ReplyLost):
        return 2
    return int(not isinstance(error, VimFault) or error.name != _KEPT)


def error_of_move(image: CachedImage, end: CacheError | None) -> CacheError:
    """Say what it means that an image is not where it was moved to."""
    if isinstance(end, ImageBusy):
        return ImageBusy(image.image_id, end.why)
    if isinstance(end, VimFault) and end.name == 'FileLocked':
        return ImageInUse(image.image_id, [_SOMEBODY])
    if isinstance(end, Unreachable | VimFault):
        return StoreUnavailable(image.store, str(end))
    if isinstance(end, Endless):
        return Unfinished(image.image_id, str(end))
    return Uncertain(image.image_id, str(end or 'it was moved, and is gone'))


def error_of_removal(image: CachedImage, end: CacheError) -> CacheError:
    """Say what it means that a disk could not be deleted."""
    if isinstance(end, ImageBusy):
        return ImageBusy(image.image_id, end.why)
    if isinstance(end, VimFault) and end.name == 'FileLocked':
        return ImageInUse(image.image_id, [_SOMEBODY])
    if isinstance(end, VimFault) and end.name == 'CannotDeleteFile':
        return Undeletable(image.image_id, str(end))
    if isinstance(end, Endless):
        return Unfinished(image.image_id, str(end))
    if isinstance(end, ReplyLost):
        return Uncertain(image.image_id, str(end))
    if isinstance(end, CallError):
        return StoreUnavailable(image.store, str(end))
    return end


class UsedAside(ImageInUse):
    """Somebody uses the image, and it could not be put back to its place.

    Nothing was removed: ``where`` says where it lies.
    """

    def __init__(
        self, image_id: str, users: Iterable[str], where: str
    ) -> None:
        super().__init__(image_id, users)
        self.args = image_id, self.users, where
        self.where = where

    def __str__(self) -> str:
        return f'{super().__str__()}; {self.where}'


def error_of_stuck(
    image: CachedImage, why: CacheError, where: str
) -> CacheError:
    """Say why an image is kept, and where it lies instead of its place."""
    if isinstance(why, ImageInUse):
        return UsedAside(image.image_id, why.users, where)
    if isinstance(why, ImageBusy):
        return ImageBusy(image.image_id, f'{why.why}; {where}')
    if isinstance(why, Undeletable):
        return Undeletable(image.image_id, f'{why.why}; {where}')
    return uncertain_of(image, why, where)


def uncertain_of(image: CachedImage, *whys: object) -> Uncertain:
    return Uncertain(image.image_id, ', and '.join(map(str, whys)))
