"""Record locks of fcntl(2): of a whole file, taken or asked about.

Those of an open file description, never those of the process: these would be
lost with the first descriptor of the file that any thread closes, and would
not keep two threads apart.  The kernel holds both kinds against each other.
"""

import errno
import fcntl
import os
import struct

# Type, whence, start, length and, to the end of the file, whose it is.
_FORM = 'hhqqi0q'
_WHOLE = struct.pack(_FORM, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)


def take(fd: int) -> bool:
    """Lock a file, or tell that somebody else has locked it."""
    try:
        fcntl.fcntl(fd, fcntl.F_OFD_SETLK, _WHOLE)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return False
        raise
    return True


def holder(fd: int) -> int | None:
    """Give the process that has locked any byte of a file; None: nobody has.

    It is not positive where the kernel does not know it, as that of a lock
    of an open file description.  Nothing is locked to find out.
    """
    answer = fcntl.fcntl(fd, fcntl.F_OFD_GETLK, _WHOLE)
    kind, _, _, _, process = struct.unpack(_FORM, answer)
    return None if kind == fcntl.F_UNLCK else int(process)
