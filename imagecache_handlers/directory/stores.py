"""Stores: the folders with images, their space, and what is wrong there."""

import os

from imagecache_handlers.directory.store_folder import opened
from imagecache_handlers.directory import store_identity
from imagecache_handlers.directory.system import mounts
from imagecache_handlers.directory.system import rights
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.model import Store


def describe_store(path: str, seen: dict[tuple[int, int], str]) -> Store:
    """Describe one; ``seen`` names the first of each folder and disk."""
    try:
        with opened(path) as fd:
            identity = store_identity.read_identity(fd)
            found, space = os.fstat(fd), os.fstatvfs(fd)
            problem = (
                mounts.explain_absence(path)
                or mounts.explain_problem(fd)
                or rights.explain_problem(fd, path)
            )
    except StoreUnavailable as error:
        return Store(name=path, problem=error.why)
    first = seen.setdefault((found.st_dev, found.st_ino), path)
    if first != path:
        return Store(name=path, problem=f'it is the folder {first} again')
    return Store(
        name=path,
        total=space.f_blocks * space.f_frsize,
        free=space.f_bavail * space.f_frsize,
        # Named for the first of those on one file system.
        pool=seen.setdefault((found.st_dev, -1), path),
        problem=problem,
        identity=identity,
    )
