"""Files: what the kernel opens by a path, and the names that it has there."""

import os
from typing import NamedTuple

from imagecache_handlers.directory.system.descriptors import closing

_LOOK = os.O_PATH | os.O_CLOEXEC
_MOUNTS = '/proc/self/mountinfo'


class Identity(NamedTuple):
    """Which file it is, by whatever name."""

    device: int
    inode: int


class Found(NamedTuple):
    """A file, the folder from which its names begin, and its own names."""

    path: str
    folder: Identity
    file: Identity
    names: frozenset[str]


def find_file(path: str) -> Found:
    """Give what QEMU would open by that path, as the kernel finds it.

    :raises OSError: when it is not there, or cannot be looked at.
    :raises ValueError: when no file can have that name.
    """
    with closing(os.open(path, _LOOK)) as fd:
        return Found(
            path,
            _identify(os.stat(os.path.dirname(path) or '/')),
            _identify(os.fstat(fd)),
            frozenset([os.path.basename(path), *_list_names(fd)]),
        )


def _identify(told: os.stat_result) -> Identity:
    return Identity(told.st_dev, told.st_ino)


def _list_names(fd: int) -> list[str]:
    """Give its name where links lead, and that of what is mounted there."""
    paths = [os.readlink(f'/proc/self/fd/{fd}'), _find_root(fd)]
    return [os.path.basename(path) for path in paths]


def _find_root(fd: int) -> str:
    """Give what a mount shows; of a single file it is that file's path."""
    with open(f'/proc/self/fdinfo/{fd}', encoding='utf-8') as file:
        [number] = [
            line.split()[1] for line in file if line.startswith('mnt_id:')
        ]
    with open(_MOUNTS, encoding='utf-8', errors='surrogateescape') as file:
        mounts = [line.split(' ', 4) for line in file]
    # One that is not listed is mounted above all that we see.
    return next((one[3] for one in mounts if one[0] == number), '')
