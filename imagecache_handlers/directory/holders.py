"""Holders: who has the file of an image open, as far as the kernel tells.

QEMU locks bytes of every file of a chain that it has open, whatever their
formats and names, and by whatever mount it came to them: a net under all
that is read of disks.  Loop devices lock nothing and are listed elsewhere.
What was opened with ``locking=off``, or by a tool that locks nothing, is not
seen.
"""

from collections.abc import Iterable
import glob
import os
from typing import NamedTuple

from imagecache_handlers.directory.closing import closing
from imagecache_handlers.directory.folder import File
from imagecache_handlers.directory import record_lock

_LOOPS = '/sys/block/loop*/loop/backing_file'
_GONE = ' (deleted)'
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_UNKNOWN = 'nobody can tell if it is open'
_MAY_NOT = 'run this as root, or as a user who may read it'


class Loop(NamedTuple):
    """A loop device, and the path of its file as the kernel shows it."""

    device: str
    path: str


def look(folder: int, files: Iterable[File]) -> list[File]:
    """Add to files who has them open, or why nobody can tell.

    Each is opened for that, and closed again.  With that a process loses its
    own POSIX locks of the file: nobody locks images so, Nova neither.
    """
    loops = _loops()
    return [_seen(folder, file, loops) for file in files]


def _seen(folder: int, file: File, loops: Iterable[Loop]) -> File:
    try:
        held = users_of_open_file(folder, file, loops)
    except FileNotFoundError:
        return file  # gone since it was listed
    except OSError as error:
        # A file system that knows no locks, or whose server is away, too:
        # without such locks we could not hold our own.
        advice = f': {_MAY_NOT}' if isinstance(error, PermissionError) else ''
        why = f'{_UNKNOWN} ({error.strerror}){advice}'
        return file._replace(unknown=file.unknown or why)
    return file._replace(held=held)


def users_of_open_file(
    folder: int, file: File, loops: Iterable[Loop]
) -> frozenset[str]:
    """Name whoever has locked a file, or lends it to a loop device.

    :raises OSError: when that cannot be told.
    """
    users = {
        f'the loop device {loop.device}'
        for loop in loops
        if os.path.basename(loop.path) == file.name and _leads(loop, file)
    }
    with closing(os.open(file.name, _OPEN, dir_fd=folder)) as fd:
        found = os.fstat(fd)
        if (found.st_dev, found.st_ino) != file.identity:
            raise OSError(0, 'it was replaced meanwhile')
        process = record_lock.holder(fd)
    if process is not None:
        who = f'process {process}' if process > 0 else 'a process'
        users.add(f'{who} that has it open')
    return frozenset(users)


def _loops() -> list[Loop]:
    """List the loop devices that have a file; one that goes has none."""
    found = []
    for entry in glob.glob(_LOOPS):
        try:
            with open(entry, encoding='utf-8', errors='surrogateescape') as it:
                path = it.read().removesuffix('\n')
        except OSError:
            continue
        # One that was removed is not an image any more.
        if not path.endswith(_GONE):
            found.append(Loop(entry.split('/')[3], path))
    return found


def _leads(loop: Loop, file: File) -> bool:
    """Tell if a path of that name leads to a file, or leads nowhere here.

    The second: its mount is to be seen somewhere else only.  Paths of other
    names are not looked at, for they may lie on a server that is away.
    """
    try:
        found = os.stat(loop.path)
    except OSError:
        return True
    return (found.st_dev, found.st_ino) == file.identity
