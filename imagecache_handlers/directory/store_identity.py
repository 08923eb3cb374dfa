"""Store identity: what tells a folder that hosts share from all others.

``.imagecache-store`` lies beside the images: 32 hexadecimal digits, written
once, by the first host on record there, and the inode of the file: in a copy
of the folder it says nothing.  A folder on a disk of one host gets none: a
copy of that disk would be taken for the same store.  An administrator may
write one, the digits alone, where hosts share what looks like such a disk.
"""

import contextlib
import os
import re
import stat
import uuid

from imagecache_handlers.directory import folder
from imagecache_handlers.directory.system.descriptors import closing
from imagecache_handlers.directory.system import entries
from imagecache_handlers.directory.system import mounts
from imagecache_handlers.directory.system import whole_files

IDENTITY = '.imagecache-store'
_SAID = re.compile(rb'([0-9a-f]{32})(?: ([0-9]{1,20}))?\n?')
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


def read_identity(fd: int) -> str | None:
    """Give the identity of an open folder; None: it has none to rely on."""
    try:
        with closing(os.open(IDENTITY, _READ, dir_fd=fd)) as file:
            found = os.fstat(file)
            owners = 0, os.geteuid(), os.fstat(fd).st_uid
            if not stat.S_ISREG(found.st_mode) or found.st_uid not in owners:
                return None
            said = _SAID.fullmatch(os.read(file, 64))
    except OSError:
        return None
    # It counts for no copy, which has images of its own.
    if said is None or said[2] not in (None, b'%d' % found.st_ino):
        return None
    return said[1].decode()


def give_identity(fd: int) -> None:
    """Write one where hosts may share the folder, unless there is one.

    Where that cannot be, the folder goes on without.
    """
    if mounts.is_local(fd):
        return
    with contextlib.suppress(OSError):
        if entries.lstat(fd, IDENTITY) is None:
            _write_first(fd)


def _write_first(fd: int) -> None:
    # Of its own, so that nobody reads a half of it, and one comes first.
    new = f'{IDENTITY}-{uuid.uuid4().hex}'
    try:
        _write_identity(fd, new)
        os.link(new, IDENTITY, src_dir_fd=fd, dst_dir_fd=fd)
    finally:
        os.unlink(new, dir_fd=fd)


def _write_identity(fd: int, entry: str) -> None:
    with closing(os.open(entry, _WRITE, 0o644, dir_fd=fd)) as file:
        folder.give_away(file, os.fstat(fd))
        said = f'{uuid.uuid4().hex} {os.fstat(file).st_ino}\n'
        whole_files.write_all(file, said.encode())
        os.fsync(file)
