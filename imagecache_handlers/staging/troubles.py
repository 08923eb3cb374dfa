"""Troubles: what the disk of the stages says, in words of this library."""

from collections.abc import Iterator
import contextlib
import errno
import os

from imagecache_handlers.exceptions import NoRoom
from imagecache_handlers.exceptions import StoreUnavailable

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class StagingUnavailable(StoreUnavailable):
    """The folder for images on their way in cannot be used."""

    def __str__(self) -> str:
        return (
            f'images cannot be staged in {self.store!r}: {self.why} (the '
            f'option staging_path can name another folder)'
        )


@contextlib.contextmanager
def translated(folder: str) -> Iterator[None]:
    """Tell of the folder what the system says.

    :raises StagingUnavailable: when it cannot be read or written.
    """
    try:
        yield
    except StoreUnavailable as error:
        raise StagingUnavailable(folder, error.why) from error
    except OSError as error:
        raise _unavailable(folder, error) from error


def explain_full(
    folder: str, image_id: str, wanted: int, error: OSError
) -> NoRoom | StoreUnavailable:
    """Tell a full disk from one that is broken.

    ``wanted`` is how many bytes of the image are yet to be written.
    """
    if error.errno in _FULL:
        return NoRoom(image_id, folder, wanted, _count_free(folder))
    return _unavailable(folder, error)


def _unavailable(folder: str, error: OSError) -> StagingUnavailable:
    return StagingUnavailable(folder, error.strerror or str(error))


def _count_free(folder: str) -> int:
    try:
        found = os.statvfs(folder)
    except OSError:
        return 0
    return found.f_bavail * found.f_frsize
