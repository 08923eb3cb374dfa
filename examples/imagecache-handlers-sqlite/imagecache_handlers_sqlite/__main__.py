"""A command line of the backend, to have something in a pool."""

import argparse
import pathlib
import sys

from imagecache_handlers_sqlite.pool import CommitLost
from imagecache_handlers_sqlite.pool import Pool
from imagecache_handlers_sqlite.pool import PoolError
from imagecache_handlers_sqlite.pool import Refused


def create(folder: str) -> None:
    """Make an empty pool."""
    Pool.create(folder)


def cache(folder: str, image_id: str, file: str) -> None:
    """Cache an image from a file, and print the id of its disk."""
    with pathlib.Path(file).open('rb') as content:
        print(Pool(folder).add(content, 'image', image_id=image_id))


def clone(folder: str, disk: str, name: str) -> None:
    """Make a clone of a disk, and print its id."""
    print(Pool(folder).clone(disk, name))


def remove(folder: str, disk: str) -> None:
    """Remove a disk."""
    Pool(folder).remove(disk)


def main() -> None:
    parser = argparse.ArgumentParser(prog='imagecache_handlers_sqlite')
    commands = parser.add_subparsers(required=True, metavar='COMMAND')
    for command in create, cache, clone, remove:
        about = command.__doc__
        sub = commands.add_parser(command.__name__, help=about)
        sub.set_defaults(command=command)
        for name in command.__annotations__:
            if name != 'return':
                sub.add_argument(name)
    given = vars(parser.parse_args())
    try:
        given.pop('command')(**given)
    except (OSError, PoolError, CommitLost, Refused) as error:
        sys.exit(f'{parser.prog}: {error}')


if __name__ == '__main__':
    main()
