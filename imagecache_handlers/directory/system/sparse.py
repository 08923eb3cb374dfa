"""Sparse writing: what is only zeros takes no room on the disk."""

from collections.abc import Iterable
from collections.abc import Iterator
import os

# What file systems allocate at once, mostly.
_BLOCK = 2**12
_ZEROS = bytes(2**20)


def write(fd: int, content: bytes, at: int) -> None:
    """Write there what is not zeros; what is left out is a hole.

    The file has to be cut to its full size once all is written.
    """
    if content == _ZEROS[: len(content)]:
        return
    for start, end in _find_runs(content, at):
        while start < end:
            start += os.pwrite(fd, content[start:end], at + start)


def _find_runs(content: bytes, at: int) -> Iterable[tuple[int, int]]:
    if _ZEROS[:_BLOCK] in content:
        return _nonzero_runs(content, at)
    # As most are: a look at each block would take longer than that.
    return ((0, len(content)),)


def _nonzero_runs(content: bytes, at: int) -> Iterator[tuple[int, int]]:
    """Give the runs of blocks of the file that are not all zeros."""
    begun: int | None = None
    start = 0
    while start < len(content):
        end = min(len(content), start + _BLOCK - (at + start) % _BLOCK)
        if content[start:end] == _ZEROS[: end - start]:
            if begun is not None:
                yield begun, start
                begun = None
        elif begun is None:
            begun = start
        start = end
    if begun is not None:
        yield begun, start
