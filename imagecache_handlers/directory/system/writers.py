"""Writers: whether anybody has a file open to write in it."""

import contextlib
import errno
import fcntl
import os
import signal
import time

from imagecache_handlers.directory.system import mounts

# Where nobody can tell, a file that nobody changed for so long is whole.
_QUIET = 3600
_MAY_NOT = 'run this as root, or as its owner, for others cannot tell'


def explain_writing(folder: int, fd: int) -> str | None:
    """Say why an open file of that folder may yet be written to.

    The kernel grants a lease for reading only while nobody has the file open
    for writing, whoever that is and by whatever name.  ``fd`` must be open
    for reading alone.  Of another host's writers nobody here knows.

    :raises OSError: when that cannot be told.
    """
    if mounts.is_local(folder):
        try:
            _try_lease(fd)
        except BlockingIOError:
            return 'somebody has it open for writing'
        except PermissionError:
            return f'it may be open for writing: {_MAY_NOT}'
        except OSError as error:
            # A file system that knows no leases.
            if error.errno != errno.EINVAL:
                raise
        else:
            return None
    quiet = time.time() - os.fstat(fd).st_mtime
    if abs(quiet) < _QUIET:
        return 'it was changed within the last hour, and may be so again'
    return None


def _try_lease(fd: int) -> None:
    """Take a lease, and give it back at once.

    Whoever wants to write meanwhile waits for that, and we are told so: by a
    signal that nothing comes of, in place of one that ends us.
    """
    fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)
    fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    with contextlib.suppress(OSError):
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
