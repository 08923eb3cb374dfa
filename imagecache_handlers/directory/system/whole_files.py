"""Whole files: replaced at once, or left as they were."""

from collections.abc import Callable
import contextlib
import os


def replace_file(
    folder: int,
    entry: str,
    new: str,
    content: bytes,
    make: Callable[[int, str], contextlib.AbstractContextManager[int]],
) -> None:
    """Give an entry of a folder other content, whole or not at all.

    ``make`` opens a new file of the name ``new`` there, in which it is
    written first.  That lasts once the folder was fsynced.
    """
    with contextlib.suppress(FileNotFoundError):
        os.unlink(new, dir_fd=folder)
    try:
        with make(folder, new) as fd:
            write_all(fd, content)
            os.fsync(fd)
        os.rename(new, entry, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        # A full disk, mostly: it is to have these bytes back.
        with contextlib.suppress(OSError):
            os.unlink(new, dir_fd=folder)
        raise


def write_all(fd: int, content: bytes) -> None:
    """Write it all, however little of it each call takes."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(fd, rest) :]
