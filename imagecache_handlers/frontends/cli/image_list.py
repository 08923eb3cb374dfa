"""Image list: ids of images, as arguments of a command or in a file."""

import argparse
import sys

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.frontends.cli import arguments
from imagecache_handlers.model import check_image_id

# More is no list that a person has made.
_LARGEST = 16 * 2**20


def add_images_to(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that name images to be fetched."""
    parser.add_argument(
        'images',
        nargs='*',
        type=arguments.image,
        metavar='ID',
        help='the id that an image has in the image service',
    )
    parser.add_argument(
        '--list',
        metavar='FILE',
        dest='image_list',
        help='these images as well, one id a line; "-" is standard input',
    )


def choose_images(options: argparse.Namespace) -> list[str]:
    """Give all ids that these arguments name, each once.

    :raises ConfigurationError: when a list cannot be read.
    """
    images = list(options.images)
    if options.image_list is not None:
        images += read_ids(options.image_list)
    return list(dict.fromkeys(images))


def read_ids(path: str) -> list[str]:
    """Read the ids in a file, ``-`` being standard input.

    What follows ``#`` is a comment; empty lines are none.

    :raises ConfigurationError: when it cannot be read, or a line is no id.
    """
    try:
        text = _read_text(path)
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, 'strerror', None) or error
        raise ConfigurationError(f'the list {path}: {why}') from error
    return [
        _check_line(path, number, one)
        for number, line in enumerate(text.splitlines(), 1)
        if (one := line.partition('#')[0].strip())
    ]


def _read_text(path: str) -> str:
    if path == '-':
        text = sys.stdin.read(_LARGEST + 1) if sys.stdin else ''
    else:
        with open(path, encoding='utf-8') as file:
            text = file.read(_LARGEST + 1)
    # Editors of Windows begin a file with it.
    text = text.removeprefix('\ufeff')
    if len(text) > _LARGEST:
        raise ConfigurationError(
            f'the list {path} has more than {_LARGEST} characters'
        )
    return text


def _check_line(path: str, number: int, said: str) -> str:
    try:
        return check_image_id(said)
    except ValueError as error:
        text = f'the list {path}, line {number}: {error}'
        raise ConfigurationError(text) from error
