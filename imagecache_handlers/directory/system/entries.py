"""Entries of an open folder: looked at by their names, and never followed."""

import os


def lstat(folder: int, entry: str) -> os.stat_result | None:
    """Look at an entry itself, not at what it links to; None: it is gone."""
    try:
        return os.stat(entry, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


def is_open_as(folder: int, entry: str, fd: int) -> bool:
    """Tell if an entry still is the very file that is open."""
    found = lstat(folder, entry)
    return found is not None and os.path.samestat(found, os.fstat(fd))
