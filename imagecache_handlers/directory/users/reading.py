"""Reading: what disks, and the words of their owner, say; each read once."""

from collections.abc import Mapping
import os
import stat
from typing import NamedTuple
from typing import Self

from imagecache_handlers.directory.system.descriptors import close
from imagecache_handlers.directory.system.descriptors import closing
from imagecache_handlers.directory.system import mounts
from imagecache_handlers.directory.system import safe_open
from imagecache_handlers.directory.users.formats import known_formats
from imagecache_handlers.directory.users.formats.values import Header
from imagecache_handlers.directory.users.memory import Identity
from imagecache_handlers.directory.users.memory import Memory
from imagecache_handlers.directory.users.memory import now_ns
from imagecache_handlers.directory.users import words

INFO = 'disk.info'


class Read(NamedTuple):
    """What is remembered of files: headers, and words of their forms."""

    headers: Memory[Header]
    words: Memory[Mapping[str, str]]

    def again(self) -> Self:
        """Give what one look read to the next."""
        return self._replace(
            headers=self.headers.again(), words=self.words.again()
        )


class Reader:
    """Reads what was not read before, or may have changed since."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._timed: dict[int, bool] = {}

    def file(
        self, folder: int, name: str, file: Identity, found: os.stat_result
    ) -> Header:
        """Tell what a regular file names."""
        memory = self._read.headers
        known = memory.recall(file, found)
        if known is not None:
            return known
        at_ns = now_ns()
        fd = safe_open.open_file(folder, name, os.O_RDONLY)
        # Thousands of times: a context costs as much as the calls in it.
        try:
            opened = os.fstat(fd)
            header = known_formats.read_header(fd, opened.st_size)
        finally:
            close(fd)
        is_same = (opened.st_dev, opened.st_ino) == file
        if is_same and self._is_timed(folder, found):
            memory.keep(file, opened, header, at_ns)
        return header

    def device(self, folder: int, name: str) -> Header:
        """Tell what a device of blocks names."""
        with closing(safe_open.open_file(folder, name, os.O_RDONLY)) as fd:
            return known_formats.read_header(fd, os.lseek(fd, 0, os.SEEK_END))

    def forms(self, folder: int) -> Mapping[str, str]:
        """Give the forms of disks in a folder, by Nova's word beside them.

        :raises Unreadable: when that cannot be understood.
        """
        found = os.stat(INFO, dir_fd=folder, follow_symlinks=False)
        if not stat.S_ISREG(found.st_mode):
            return {}
        file, memory = (found.st_dev, found.st_ino), self._read.words
        known = memory.recall(file, found)
        if known is not None:
            return known
        at_ns = now_ns()
        with closing(safe_open.open_file(folder, INFO, os.O_RDONLY)) as fd:
            opened = os.fstat(fd)
            forms = words.read_disk_info(os.pread(fd, words.MOST + 1, 0))
        if os.path.samestat(found, opened) and self._is_timed(folder, found):
            memory.keep(file, opened, forms, at_ns)
        return forms

    def _is_timed(self, folder: int, found: os.stat_result) -> bool:
        """Tell if each change shows at once in the times of a file."""
        device = found.st_dev
        if device not in self._timed:
            self._timed[device] = mounts.is_timed(folder)
        return self._timed[device]
