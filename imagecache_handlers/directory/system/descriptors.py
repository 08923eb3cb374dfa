"""Descriptors: given back at the end, and how many there are to be had."""

from collections.abc import Iterator
import contextlib
import os
import resource

# For what is opened meanwhile: a look at all disks, and what else the process
# does.
_RESERVE = 40


@contextlib.contextmanager
def closing(fd: int) -> Iterator[int]:
    """Close a descriptor at the end, as ``close`` does."""
    try:
        yield fd
    finally:
        close(fd)


def close(fd: int) -> None:
    """Close a descriptor of which nothing is wanted any more.

    What was written is on the disk by then, or its loss was told: a failure
    now would only belie how the work itself ended.
    """
    try:  # noqa: SIM105 -- thousands of times in a look at all disks
        os.close(fd)
    except OSError:
        pass


def count_spare() -> int:
    """Tell how many may be held for long, as there are others to open."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return most - len(os.listdir('/proc/self/fd')) - _RESERVE
