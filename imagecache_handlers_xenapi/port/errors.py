"""Errors: what a call that went wrong means for an image or a store."""

from collections.abc import Iterator
from collections.abc import Sequence
import contextlib

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import Cancelled
from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.exceptions import ImageNotFound
from imagecache_handlers.exceptions import NotUnderstood
from imagecache_handlers.exceptions import StoreBusy
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.exceptions import Uncertain
from imagecache_handlers.exceptions import Unfinished
from imagecache_handlers.model import CachedImage
from imagecache_handlers.transport.errors import CallError

_GONE = frozenset({'HANDLE_INVALID', 'UUID_INVALID'})

# These pass by themselves, often within seconds.
PASSING = frozenset(
    {
        'OTHER_OPERATION_IN_PROGRESS',
        'SR_BACKEND_FAILURE_40',
        'SR_BACKEND_FAILURE_46',
        'VDI_IN_USE',
    }
)

# What xapi, or the driver of the SR, says before it has touched the disk.
# ``_24``, a disk that is attached, and ``_47``, an SR that cannot be loaded,
# are the first that a driver looks at.
_REFUSED = PASSING | {
    'HA_DISABLE_IN_PROGRESS',
    'HA_ENABLE_IN_PROGRESS',
    'HA_IS_ENABLED',
    'OPERATION_NOT_ALLOWED',
    'SR_BACKEND_FAILURE_24',
    'VDI_HAS_RRDS',
    'VDI_IS_A_PHYSICAL_DEVICE',
    'VDI_NOT_MANAGED',
}

_OF_THE_STORE = frozenset(
    {
        'HOST_IS_SLAVE',
        'HOST_OFFLINE',
        'HOST_STILL_BOOTING',
        'LICENCE_RESTRICTION',
        'MESSAGE_METHOD_UNKNOWN',
        'NOT_SUPPORTED_DURING_UPGRADE',
        'RBAC_PERMISSION_DENIED',
        'SESSION_INVALID',
        'SR_BACKEND_FAILURE_47',
        'SR_HAS_NO_PBDS',
        'SR_NOT_ATTACHED',
        'SR_OPERATION_NOT_SUPPORTED',
        'SR_UNHEALTHY',
    }
)

# The role that each of our calls takes, where it is more than to read.
_ROLES = {
    'Async.VDI.destroy': 'vm-admin',
    'PUT /import_raw_vdi': 'vm-admin',
    'SR.update': 'pool-operator',
    'VDI.add_to_other_config': 'vm-admin',
    'VDI.create': 'vm-admin',
    'VDI.remove_from_other_config': 'vm-admin',
    'VDI.set_name_label': 'vm-admin',
}


class XapiFailure(CallError):
    """XAPI answered with an error: its code and parameters."""

    def __init__(self, method: str, details: Sequence[object]) -> None:
        self.method = method
        self.code = str(details[0]) if details else 'INTERNAL_ERROR'
        self.params = tuple(str(one) for one in details[1:])
        super().__init__(method, self.code, self.params)

    def __str__(self) -> str:
        about = ', '.join(one.strip() for one in self.params if one.strip())
        text = f'{self.method} failed with {self.code}'
        if about:
            text += f' ({about[:300]})'
        if self.code == 'RBAC_PERMISSION_DENIED':
            role = _ROLES.get(self.method, 'read-only')
            text += f': the user needs the role {role}'
        return text


class ReplyLost(CallError):
    """The answer was lost: the call may have been made, or may yet be."""


class Endless(ReplyLost):
    """It was waited for as long as is worth it; it may yet be done."""


class WrongAnswer(ReplyLost):
    """A whole answer came, and not to that call, which may be made."""

    def __init__(self, method: str, where: str, what: str) -> None:
        self.method = method
        self.what = what
        super().__init__(method, where, what)

    def __str__(self) -> str:
        method, where, what = self.args
        return f'{method} at {where}: {what}'


def is_gone(error: CacheError, *names: str) -> bool:
    """Tell if an error says that this very object is there no more.

    Work on a disk may stumble over something else that is gone.
    """
    return (
        isinstance(error, XapiFailure)
        and error.code in _GONE
        and not set(names).isdisjoint(error.params)
    )


def may_go_on(error: XapiFailure) -> bool:
    """Tell if the work may go on though xapi says that it failed.

    The host that leads has lost the one that works, which may have begun.
    """
    return error.code == 'CANNOT_CONTACT_HOST'


def is_of_the_sr(error: XapiFailure) -> bool:
    """Tell if a passing trouble is that of an SR, whatever disk it is about.

    ``OTHER_OPERATION_IN_PROGRESS`` names the class of what is busy.
    """
    if error.code == 'OTHER_OPERATION_IN_PROGRESS':
        return error.params[:1] == ('SR',)
    return error.code == 'SR_BACKEND_FAILURE_40'


def of_store(store: str, error: CallError) -> StoreUnavailable:
    return StoreUnavailable(store, str(error))


def of_write(
    image_id: str, store: str, error: CallError, *, begun: bool = False
) -> CacheError:
    """Say what an error of a write to the database means: all or nothing.

    Once others were ``begun`` before it, it cannot be nothing any more.
    """
    if isinstance(error, WrongAnswer):
        return NotUnderstood(image_id, str(error))
    if isinstance(error, Endless):
        return Unfinished(image_id, str(error))
    if isinstance(error, ReplyLost):
        return Uncertain(image_id, str(error))
    if is_gone(error, 'VDI'):
        return ImageNotFound(image_id, str(error))
    if begun:
        return Uncertain(image_id, str(error))
    return of_store(store, error)


def of_removal(image_id: str, store: str, error: CallError) -> CacheError:
    """Say what an error of work on the disk itself means."""
    if isinstance(error, XapiFailure):
        if error.code == 'TASK_CANCELLED':
            return Cancelled(image_id, str(error))
        if is_of_the_sr(error):
            return StoreBusy(image_id, str(error))
        if error.code in _REFUSED:
            return ImageBusy(image_id, str(error))
        if error.code not in _OF_THE_STORE:
            return Uncertain(image_id, str(error))
    return of_write(image_id, store, error)


@contextlib.contextmanager
def reading(store: str) -> Iterator[None]:
    try:
        yield
    except CallError as error:
        raise of_store(store, error) from error


@contextlib.contextmanager
def writing(image: CachedImage, *, begun: bool) -> Iterator[None]:
    try:
        yield
    except CallError as error:
        raise of_write(
            image.image_id, image.store, error, begun=begun
        ) from error
