"""Holders: who has the file of an image open, as far as the kernel tells.

QEMU locks bytes of every file of a chain that it has open, whatever their
formats and names, and by whatever bind mount it came to them: a net under
all that is read of disks.  Loop devices lock nothing and are listed
elsewhere.  What was opened with ``locking=off``, by a tool that locks
nothing, or through FUSE (as ``bindfs``), which keeps such locks to itself, is
not seen.
"""

from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import datetime
import fcntl
import os
import struct
from typing import NamedTuple

from imagecache_handlers.directory.folder import File
from imagecache_handlers.directory.system.descriptors import closing
from imagecache_handlers.directory.system import mounts
from imagecache_handlers.directory.system import record_lock

_BLOCKS = '/sys/block'
_GONE = ' (deleted)'
# LOOP_GET_STATUS64 of loop(4): the device, as the kernel numbers it, and the
# inode of the file come first of what it answers.
_STATUS = 0x4C05
_FILE = struct.Struct('=QQ216x')
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_UNKNOWN = 'nobody can tell if it is open'
_NO_TIME = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MAY_NOT = 'run this as root, or as a user who may read it'


class Loop(NamedTuple):
    """A loop device, and what it lends; ``identity``: if that is known.

    ``told`` is the same, as the device itself says.
    """

    device: str
    name: str
    identity: tuple[int, int] | None
    told: tuple[int, int] | None = None

    def is_of(self, file: File) -> bool:
        if self.told == file.identity:
            return True
        if self.identity is not None:
            return self.identity == file.identity
        # A mount that is seen elsewhere only, or a layer above this one.
        return self.name == file.name


def look_at_files(folder: int, files: Iterable[File]) -> list[File]:
    """Add to files who has them open, or why nobody can tell.

    Each is opened for that, and closed again.  With that a process loses its
    own POSIX locks of the file: nobody locks images so, Nova neither.
    """
    loops = [_read_loop(folder, *one) for one in _list_loops()]
    return [_with_holder(folder, file, loops) for file in files]


def find_holders(
    folder: int, name: str, found: os.stat_result
) -> frozenset[str]:
    """Name whoever has a file open that is no image; gone: nobody.

    :raises OSError: when that cannot be told.
    """
    file = File(
        name=name,
        image_id=name,
        variant='',
        identity=(found.st_dev, found.st_ino),
        size=found.st_size,
        cached_at=_NO_TIME,
        written=None,
        labels=frozenset(),
        linked=False,
    )
    loops = [_read_loop(folder, *one) for one in _list_loops()]
    try:
        return users_of_open_file(folder, file, loops)
    except FileNotFoundError:
        return frozenset()


def look_at_file(folder: int, file: File) -> File:
    """Do the same for a single file."""
    [looked_at] = look_at_files(folder, [file])
    return looked_at


def _with_holder(folder: int, file: File, loops: Iterable[Loop]) -> File:
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
        f'the loop device {loop.device}' for loop in loops if loop.is_of(file)
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


def _list_loops() -> Iterator[tuple[str, str]]:
    """Give the loop devices and the paths of their files, as of now."""
    for device in os.listdir(_BLOCKS) if os.path.isdir(_BLOCKS) else ():
        if not device.startswith('loop'):
            continue
        entry = f'{_BLOCKS}/{device}/loop/backing_file'
        try:
            with open(entry, encoding='utf-8', errors='surrogateescape') as it:
                path = it.read().removesuffix('\n')
        except OSError:
            continue  # it lends nothing, or no more
        # By a name that was removed it is not an image any more.
        yield device, '' if path.endswith(_GONE) else path


def _read_loop(folder: int, device: str, path: str) -> Loop:
    identity = None
    # Elsewhere it may lie on a server that is away, and is not looked at.
    if mounts.is_beside(folder, path):
        with contextlib.suppress(OSError):
            found = os.stat(path)
            identity = found.st_dev, found.st_ino
    # Its answer would wait for such a server, too.
    told = (
        None if mounts.may_be_away(folder, path) else _ask_loop_device(device)
    )
    return Loop(device, os.path.basename(path), identity, told)


def _ask_loop_device(device: str) -> tuple[int, int] | None:
    """Ask a loop device for its file, which may have no path here.

    None: it does not tell, as where a service has no devices.
    """
    try:
        with closing(os.open(f'/dev/{device}', _OPEN)) as fd:
            answer = fcntl.ioctl(fd, _STATUS, bytes(_FILE.size))
    except OSError:
        return None
    number, inode = _FILE.unpack(answer)
    minor = number & 0xFF | number >> 12 & 0xFFF00
    return os.makedev(number >> 8 & 0xFFF, minor), inode
