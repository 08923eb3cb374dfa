"""Users beside images: who has a file that is none, but lies among them."""

import os

from imagecache_handlers.directory.folder import look_at_regular
from imagecache_handlers.directory import holders
from imagecache_handlers.directory.store_folder import opened
from imagecache_handlers.directory.users.overlays import Survey
from imagecache_handlers.exceptions import StoreUnavailable


def find_users(store: str, name: str, survey: Survey) -> frozenset[str]:
    """Name who has it for backing, linked or open; empty: nobody, or gone.

    :raises StoreUnavailable: when nobody can tell.
    """
    if not survey.sees:
        raise StoreUnavailable(store, 'no folder of instances was looked at')
    with opened(store) as fd:
        found = look_at_regular(fd, name)
        if found is None:
            return frozenset()
        users = survey.of((found.st_dev, found.st_ino), name)
        return users | _linked(found) | holders.find_holders(fd, name, found)


def _linked(found: os.stat_result) -> frozenset[str]:
    return frozenset({'hard link'} if found.st_nlink > 1 else ())
