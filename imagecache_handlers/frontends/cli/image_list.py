"""Image list: ids of images in a file, one a line."""

import sys

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.model import check_image_id

# More is no list that a person has made.
_LARGEST = 16 * 2**20


def read_ids(path: str) -> list[str]:
    """Read the ids in a file, ``-`` being standard input.

    What follows ``#`` is a comment; empty lines are none.

    :raises ConfigurationError: when it cannot be read, or a line is no id.
    """
    try:
        text = _read_text(path)
    except OSError as error:
        why = error.strerror or error
        raise ConfigurationError(f'the list {path}: {why}') from error
    except UnicodeDecodeError as error:
        text = f'the list {path} is not UTF-8 text: {error.reason}'
        raise ConfigurationError(text) from error
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
