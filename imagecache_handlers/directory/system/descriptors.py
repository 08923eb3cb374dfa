"""Descriptors: given back at the end, whatever that says."""

from collections.abc import Iterator
import contextlib
import os


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
