"""Facts: what one look at the disks found where, for the next one.

They are noted while the walk goes on, and cost it next to nothing.
"""

from collections.abc import Mapping
import os
import stat
from typing import NamedTuple

from imagecache_handlers.directory.parts import Part
from imagecache_handlers.directory.users.memory import COARSE_NS
from imagecache_handlers.directory.users.memory import Identity
from imagecache_handlers.directory.users.memory import now_ns
from imagecache_handlers.directory.users.memory import read_offset_ns
from imagecache_handlers.directory.users.memory import stamp


class ListedFolder(NamedTuple):
    """A folder by its path, as it was just before its names were read.

    ``entries``: the names in it, and which of them are folders.
    """

    path: str
    found: os.stat_result
    entries: Mapping[str, bool]
    is_store: bool
    is_shut: bool


class MetFile(NamedTuple):
    """A file, of whatever kind, as it was just before it was read."""

    path: str
    found: os.stat_result
    part: Part


class Facts:
    """Everything that a walk saw; ``is_whole``: and nothing was hidden.

    ``began_ns``: when the look began, by the clock of memories, and how far
    that was ahead then.
    """

    def __init__(self) -> None:
        self.offset_ns = read_offset_ns()
        self.began_ns = now_ns()
        self.is_whole = True
        self.folders: list[ListedFolder] = []
        self.files: list[MetFile] = []
        # The folders that were given, and those that were not looked into,
        # for they are among these.
        self.given: dict[str, Identity] = {}
        self.apart: dict[str, Identity] = {}
        # Where Nova has its folder of locks.
        self.above: dict[str, Identity] = {}


def is_settled(found: os.stat_result, at_ns: int) -> bool:
    """Tell if every change since a look would show in the times of a file.

    A clock of files is coarse: what changed just before a look began may
    change again within the same tick.
    """
    return found.st_ctime_ns + COARSE_NS < at_ns


def is_same_state(one: os.stat_result, other: os.stat_result) -> bool:
    """Tell if a file, or folder, has not changed as far as its times tell."""
    return (
        one.st_ino == other.st_ino
        and one.st_dev == other.st_dev
        and one.st_mode == other.st_mode
        and stamp(one) == stamp(other)
    )


def is_same_kind(one: os.stat_result, other: os.stat_result) -> bool:
    return stat.S_IFMT(one.st_mode) == stat.S_IFMT(other.st_mode)
