"""Content: a whole image of this host, as a handler's ``add`` takes it."""

import errno
import io
import os

# File systems without links, or too many of one file.
_NO_LINK = frozenset(
    {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS}
)


class StagedContent(io.BufferedReader):
    """The bytes of a staged image, which are never written again.

    It is ``Linkable``: whoever is on the same file system need not copy it.
    It is ``Holed``: nobody has to read its zeros.
    """

    def __init__(self, file: io.FileIO, seeker: int, chunk: int) -> None:
        super().__init__(file, chunk)
        # A descriptor of its own: the file's has a place to keep.
        self._seeker = seeker

    def skip_hole(self) -> int:
        """Skip the zeros that come next, as far as known; tell how many."""
        at = self.tell()
        end = max(at, self._find_data(at))
        self.seek(end)
        return end - at

    def link_into(self, folder: int, name: str) -> bool:
        """Have the file appear in a folder too, once it is on the disk."""
        os.fsync(self.fileno())
        try:
            # By its descriptor, whatever its name leads to by now.
            os.link(f'/proc/self/fd/{self.fileno()}', name, dst_dir_fd=folder)
        except OSError as error:
            if error.errno in _NO_LINK:
                return False
            raise
        return True

    def _find_data(self, at: int) -> int:
        try:
            return os.lseek(self._seeker, at, os.SEEK_DATA)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            return os.fstat(self._seeker).st_size


def count_allocated(fd: int) -> int:
    """Count the bytes of a file that are not holes."""
    size = os.fstat(fd).st_size
    total = end = 0
    while end < size:
        try:
            begin = os.lseek(fd, end, os.SEEK_DATA)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            break  # the rest is a hole
        end = os.lseek(fd, begin, os.SEEK_HOLE)
        total += end - begin
    return total
