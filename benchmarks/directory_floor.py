"""Floor: to read what no reader of images and disks can do without."""

import os

from benchmarks.directory_place import BASE
from benchmarks.directory_place import LOCKS
from benchmarks.directory_place import Place
from imagecache_handlers.directory.system import record_lock

HEAD = 512
READ = 1024


def bare(place: Place) -> int:
    """Do what nobody can do without; give how many files were seen."""
    seen = 0
    with os.scandir(place.images) as entries:
        for entry in entries:
            if not entry.name.startswith('.'):
                entry.stat(follow_symlinks=False)
                seen += 1
    with os.scandir(place.instances) as folders:
        for folder in folders:
            if folder.name not in (BASE, LOCKS):
                seen += _bare_disks(folder.path)
    return seen


def _bare_disks(folder: str) -> int:
    seen = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            entry.stat(follow_symlinks=False)
            fd = os.open(entry.path, os.O_RDONLY)
            os.read(fd, HEAD)
            os.close(fd)
            seen += 1
    return seen


def read_same(place: Place) -> int:
    """Read what a look at images and disks reads; give how many files."""
    seen = 0
    with os.scandir(place.images) as entries:
        for entry in entries:
            entry.stat(follow_symlinks=False)
            seen += _read_ends(entry.path)
            if entry.name.startswith('.'):
                # The labels, which are not a disk's.
                _read_ends(entry.path)
            else:
                _ask_for_lock(entry.path)
    with os.scandir(place.instances) as folders:
        for folder in folders:
            if folder.name != BASE:
                with os.scandir(folder.path) as entries:
                    for entry in entries:
                        entry.stat(follow_symlinks=False)
                        seen += _read_ends(entry.path)
    return seen


def _ask_for_lock(path: str) -> None:
    """Ask who has it open: of no byte, and as dear as one."""
    fd = os.open(path, os.O_RDONLY)
    record_lock.holder(fd)
    os.close(fd)


def _read_ends(path: str) -> int:
    fd = os.open(path, os.O_RDONLY)
    size = os.fstat(fd).st_size
    os.pread(fd, READ, 0)
    if size > READ:
        os.pread(fd, HEAD, size - HEAD)
    os.close(fd)
    return 1
