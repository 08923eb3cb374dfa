"""Renaming: a file has the name of an image, if nobody knows it by its own."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import errno
import os
from typing import Any
from typing import NamedTuple

from imagecache_handlers.directory import holders
from imagecache_handlers.directory import sidecar
from imagecache_handlers.directory.system import rename
from imagecache_handlers.directory.users.overlays import Survey
from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.exceptions import ImageExists
from imagecache_handlers.exceptions import ImageInUse
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.exceptions import Uncertain
from imagecache_handlers.exceptions import Unsupported

_NO_CALL = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP})
_BY_HAND = 'this file system renames only what may replace another: use mv'


class Opened(NamedTuple):
    """A file that is open for reading, in an open folder, as it was found."""

    folder: int
    fd: int
    name: str
    found: os.stat_result


class Look(NamedTuple):
    """A look at all disks; ``why`` says what its users are not known for."""

    store: str
    survey: Survey
    why: str | None


def refuse_used(look: Look, file: Opened, now: str = '') -> None:
    """Refuse a file that somebody has, or may have, by the name it had.

    ``now`` is the name that it has by now, if that is another.

    :raises ImageInUse: telling who has it.
    :raises StoreUnavailable: when nobody can tell.
    """
    name = now or file.name
    found = os.fstat(file.fd)
    identity = found.st_dev, found.st_ino
    users = look.survey.of(identity, file.name)
    if found.st_nlink > 1:
        users |= {'hard link'}
    users |= holders.find_holders(file.folder, name, found)
    if users:
        raise ImageInUse(file.name, users)
    if look.why:
        raise StoreUnavailable(look.store, look.why)
    if not look.survey.sees:
        why = 'no folder of instances was looked at: set instance_paths'
        raise StoreUnavailable(look.store, why)


@contextlib.contextmanager
def renamed(file: Opened, made: sidecar.Sidecar) -> Iterator[str]:
    """Have it named, and labelled, as an image; with the locks of both.

    The sidecar comes first: a process that dies here leaves the file as it
    was, or an image.  What fails while it is so is undone.
    """
    new = made.image_id
    with undone(sidecar.remove, file.folder, new):
        sidecar.write(file.folder, new, made)
        os.fsync(file.folder)
        _rename_file(file, new)
        with undone(_rename_back, file, new):
            yield new


@contextlib.contextmanager
def undone(undo: Callable[..., None], *given: Any) -> Iterator[None]:
    """Undo something if what follows fails, as far as that can be done."""
    with contextlib.ExitStack() as stack:
        stack.callback(_try_undo, undo, *given)
        yield
        stack.pop_all()


def _try_undo(undo: Callable[..., None], *given: Any) -> None:
    with contextlib.suppress(OSError):
        undo(*given)


def _rename_file(file: Opened, new: str) -> None:
    try:
        rename.rename_alone(file.folder, file.name, new)
    except FileExistsError:
        raise ImageExists(new, 'somebody else put it there') from None
    except FileNotFoundError:
        raise ImageBusy(file.name, 'somebody else took it away') from None
    except OSError as error:
        if error.errno in _NO_CALL:
            raise Unsupported(file.name, _BY_HAND) from error
        raise


def _rename_back(file: Opened, new: str) -> None:
    """Give it its name again.

    :raises Uncertain: when that cannot be done: it is an image by now.
    """
    try:
        rename.rename_alone(file.folder, new, file.name)
    except OSError as error:
        why = f'it is {new} now, and cannot be renamed back: {error}'
        raise Uncertain(file.name, why) from error
