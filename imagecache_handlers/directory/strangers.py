"""Strangers: files in the folder of a store that are none of its images."""

from collections.abc import Iterator
import dataclasses
import os
import stat

from imagecache_handlers.directory import folder
from imagecache_handlers.directory.layout import Layout
from imagecache_handlers.directory.parts import Part
from imagecache_handlers.directory import sidecar
from imagecache_handlers.directory.store_folder import opened
from imagecache_handlers.directory.system.descriptors import closing
from imagecache_handlers.directory.system import safe_open
from imagecache_handlers.directory.users.formats import known_formats

# What firmware starts from, and what begins an image of a CD.
_BOOT = 510, b'\x55\xaa'
_CD = 32769, b'CD001'


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Stranger:
    """A file that is not managed; ``size`` is what it holds, in bytes."""

    store: str
    name: str
    size: int


def list_strangers(layout: Layout, store: str) -> list[Stranger]:
    """List the files that are no images, by their names.

    What is written beside images is none of them, nor a folder or a link.

    :raises StoreUnavailable: when it cannot be read.
    """
    with opened(store) as fd:
        listing = folder.Listing.of(fd)
        found = dict(_find_strangers(layout, fd, listing))
    return [
        Stranger(store=store, name=name, size=folder.count_allocated(file))
        for name, file in sorted(found.items())
    ]


def _find_strangers(
    layout: Layout, fd: int, listing: folder.Listing
) -> Iterator[tuple[str, os.stat_result]]:
    for name in listing.names:
        if layout.tell_part(name, listing.names) is Part.OURS:
            continue
        found = folder.look_at_regular(fd, name)
        if found is not None and not is_image(layout, fd, name):
            yield name, found


def is_image(layout: Layout, fd: int, name: str) -> bool:
    """Tell if the file of that name is an image, of which there may be one."""
    return (
        sidecar.is_fit_name(name) and layout.find_image(fd, name) is not None
    )


def looks_like_disk(store: str, name: str) -> bool:
    """Tell if a file begins as a disk does, or a CD; a text does not."""
    with opened(store) as fd:
        if folder.look_at_regular(fd, name) is None:
            return False
        with closing(safe_open.open_file(fd, name, os.O_RDONLY)) as file:
            return _is_disk(file, os.fstat(file))


def _is_disk(fd: int, found: os.stat_result) -> bool:
    if not stat.S_ISREG(found.st_mode):
        return False
    if known_formats.read_header(fd, found.st_size).form:
        return True
    return any(
        os.pread(fd, len(begin), at) == begin for at, begin in (_BOOT, _CD)
    )
