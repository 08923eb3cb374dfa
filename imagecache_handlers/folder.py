"""What lies in a folder: which files are our images, and which are debris."""

from collections.abc import Iterable
import dataclasses
import os
import stat

from imagecache_handlers.exceptions import Uncertain
from imagecache_handlers import flock
from imagecache_handlers import sidecar


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """An image that is ours: its sidecar, its size, and if others link it."""

    sidecar: sidecar.Sidecar
    size: int
    linked: bool


def allocated(found: os.stat_result) -> int:
    """Give the bytes that a file holds, not those that it seems to have."""
    return found.st_blocks * 512


def find(folder: int, name: str, entries: Iterable[str] = ()) -> File | None:
    """Find an image that is ours; own stages among entries are no users."""
    written = sidecar.read(folder, name)
    found = sidecar.look(folder, name)
    if written is None or found is None:
        return None
    if written.image_id != name or not written.belongs_to(found):
        return None
    links = found.st_nlink - 1
    if links:
        links -= len(_own_links(folder, name, found, entries))
    return File(sidecar=written, size=allocated(found), linked=links > 0)


def _own_links(
    folder: int, name: str, found: os.stat_result, entries: Iterable[str]
) -> list[str]:
    """Give the stages that are that very file: an add was cut off late."""
    stages = [
        (entry, sidecar.look(folder, entry))
        for entry in entries
        if entry.endswith(sidecar.STAGE) and sidecar.owner(entry) == name
    ]
    return [
        entry
        for entry, stage in stages
        if stage is not None and os.path.samestat(stage, found)
    ]


def drop_own_links(folder: int, name: str) -> None:
    """Remove the stages that hold the bytes of an image; with its lock."""
    found = sidecar.look(folder, name)
    if found is None or found.st_nlink == 1:
        return
    for entry in _own_links(folder, name, found, os.listdir(folder)):
        os.unlink(entry, dir_fd=folder)


def remove(folder: int, name: str) -> None:
    """Remove an image and then its sidecar; with its lock.

    :raises Uncertain: when the file is removed but may come back.
    """
    # The file first, and for good: without its sidecar a file is foreign,
    # and would lie here for ever.  A sidecar without its file lists nothing.
    os.unlink(name, dir_fd=folder)
    try:
        os.fsync(folder)
        sidecar.remove(folder, name)
    except OSError as error:
        raise Uncertain(name, f'removed, but not safely: {error}') from error


def broken(folder: int, entry: str, *, locked: bool = False) -> str | None:
    """Say why an entry is debris; None if it is not, or not surely.

    ``locked``: the caller holds the lock of the image that it lies beside.
    """
    name = sidecar.owner(entry)
    found = sidecar.look(folder, entry)
    if name is None or found is None or not stat.S_ISREG(found.st_mode):
        return None
    if entry.endswith(sidecar.STAGE):
        held = flock.is_held(folder, entry)
        return None if held else 'adding an image was cut off'
    if not locked and flock.is_held(folder, sidecar.path(name, sidecar.LOCK)):
        return None
    if entry.endswith(sidecar.NEW):
        return 'writing labels was cut off'
    if sidecar.look(folder, name) is None and sidecar.read(folder, name):
        return 'its image is gone'
    return None
