"""Nova's process: what runs in it borrows Nova's locks, and opens none.

Nova's locks of files are those of its process (POSIX), and lost when any
thread of it closes any descriptor of such a file.
"""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterator
import contextlib
import enum
import sys

from imagecache_handlers.directory import nova_lock
from imagecache_handlers.exceptions import ConfigurationError

# Give one of Nova's locks by its name, without the prefix; entering it
# never waits.
Locks = Callable[[str], contextlib.AbstractContextManager[object]]

_LOCKUTILS = 'oslo_concurrency.lockutils'


class NoNova(enum.Enum):
    """A caller's word on the process that it runs in."""

    NO_NOVA_HERE = 'no part of Nova runs in this process'


NO_NOVA_HERE = NoNova.NO_NOVA_HERE


def borrows(lent: Locks | NoNova | None) -> Locks | None:
    """Give the locks to borrow; None: there are none to lose here.

    :raises ConfigurationError: when this may be Nova's process.
    """
    if lent is None and _LOCKUTILS in sys.modules:
        raise ConfigurationError(
            'this process has loaded oslo.concurrency: if Nova runs in it, '
            'its locks are lent (locks=...), or else locks=NO_NOVA_HERE is '
            'said, for to open a lock of its own would drop it'
        )
    return None if isinstance(lent, NoNova) else lent


@contextlib.contextmanager
def borrowed(lent: Locks, names: Collection[str]) -> Iterator[None]:
    """Hold locks that Nova lends.

    :raises ImageBusy: when another thread or process holds one of them.
    """
    with contextlib.ExitStack() as stack:
        for name in names:
            try:
                stack.enter_context(lent(name))
            except _lock_refusals() as error:
                raise nova_lock.busy(name) from error
        yield


def _lock_refusals() -> tuple[type[Exception], ...]:
    """Give what a lock raises that is taken; where Nova is, its own too."""
    lockutils = sys.modules.get(_LOCKUTILS)
    ours = (BlockingIOError, TimeoutError)
    if lockutils is None:
        return ours
    return (*ours, lockutils.AcquireLockFailedException)
