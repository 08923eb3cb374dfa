"""Adoptable files: what lies in the stores, and which of it a person means."""

import argparse
from collections.abc import Collection
from collections.abc import Iterable
import os

from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.directory.strangers import Stranger
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.frontends.cli.options import OpenedCache
from imagecache_handlers.frontends.cli.pages.adoptions import Adoption
from imagecache_handlers.frontends.cli.pages.text import printable


def list_files(
    site: OpenedCache, handler: DirectoryHandler
) -> tuple[dict[str, str], list[Stranger]]:
    """List what is no image, and what keeps a store from being read."""
    problems: dict[str, str] = {}
    found: list[Stranger] = []
    for store in site.cache.stores(site.stores):
        if store.problem:
            problems[store.name] = store.problem
            continue
        try:
            found += handler.strangers(store.name)
        except CacheError as error:
            problems[store.name] = str(error)
    return problems, found


def choose_files(
    handler: DirectoryHandler,
    found: Collection[Stranger],
    options: argparse.Namespace,
) -> list[Adoption]:
    """Give those that are named, or all, each as the image it is to be.

    :raises ConfigurationError: when nobody can tell which file is meant.
    """
    if options.all:
        return [Adoption(file=one, image_id=one.name) for one in found]
    # Named twice, perhaps once by its path, a file is one all the same.
    chosen = dict.fromkeys(
        _find_file(handler, found, said) for said in options.files
    )
    return [
        Adoption(file=one, image_id=options.image_id or one.name)
        for one in chosen
    ]


def _find_file(
    handler: DirectoryHandler, found: Iterable[Stranger], said: str
) -> Stranger:
    """Find the file that is meant; it may be none, which is told later.

    :raises ConfigurationError: when it may be several, or lies elsewhere.
    """
    folder, name = os.path.split(said)
    stores = [
        one for one in handler.paths if not folder or _is_same(folder, one)
    ]
    those = [one for one in found if one.name == name and one.store in stores]
    if len(those) > 1:
        several = ', '.join(printable(one.store) for one in those)
        raise ConfigurationError(
            f'{printable(said)} lies in {several}: name one --store'
        )
    if those:
        return those[0]
    if len(stores) == 1:
        size = _find_size(stores[0], name)
        return Stranger(store=stores[0], name=name, size=size)
    raise ConfigurationError(
        f'{printable(said)} lies in no store: see imagecache list'
    )


def _find_size(store: str, name: str) -> int:
    """Give what an image holds; 0 where nothing of that name lies."""
    try:
        return os.lstat(os.path.join(store, name)).st_blocks * 512
    except (OSError, ValueError):
        return 0


def _is_same(folder: str, store: str) -> bool:
    try:
        return os.path.samefile(folder, store)
    except OSError:
        return False
