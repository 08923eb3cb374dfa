"""Headers of disks by their paths, as machines name them."""

import os
import stat

from imagecache_handlers.directory.system.descriptors import closing
from imagecache_handlers.directory.system import safe_open
from imagecache_handlers.directory.users.formats import known_formats
from imagecache_handlers.directory.users.formats.values import Header
from imagecache_handlers.directory.users.memory import Identity


def read_header(path: str, expected: Identity | None = None) -> Header:
    """Tell which files a disk names, be it a file or a device of blocks.

    Links are followed first; what they lead to is opened where nobody else
    can lead us elsewhere.  ``expected``: which file was found there, by its
    device and inode.

    :raises OSError: when it cannot be read.
    :raises ValueError: when it is another file by now, or no disk.
    """
    folder, name = os.path.split(os.path.realpath(path))
    with (
        closing(safe_open.open_folder(folder)) as fd,
        closing(safe_open.open_file(fd, name, os.O_RDONLY)) as file,
    ):
        found = os.fstat(file)
        if expected not in (None, (found.st_dev, found.st_ino)):
            raise ValueError('another file has come in its place')
        if is_disk(found):
            size = os.lseek(file, 0, os.SEEK_END)
            return known_formats.read_header(file, size)
    raise ValueError('it is neither a file nor a device of blocks')


def is_disk(found: os.stat_result) -> bool:
    """Tell if that is a file or a device of blocks, as each disk is."""
    return stat.S_ISREG(found.st_mode) or stat.S_ISBLK(found.st_mode)
