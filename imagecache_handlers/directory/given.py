"""Given: paths and patterns as an operator wrote them, checked."""

from collections.abc import Iterable
import os

from imagecache_handlers.checked_values import check_name
from imagecache_handlers.exceptions import ConfigurationError


def check_paths(option: str, paths: Iterable[str]) -> tuple[str, ...]:
    """Refuse what is not a whole path; each is given once."""
    try:
        checked = [check_name('path', path) for path in paths]
    except ValueError as error:
        raise ConfigurationError(f'[imagecache_directory] {error}') from error
    for path in checked:
        if not os.path.isabs(path):
            raise ConfigurationError(
                f'[imagecache_directory] {option}: {path}: '
                f'write the whole path, from /'
            )
    return tuple(dict.fromkeys(map(os.path.abspath, checked)))


def check_patterns(patterns: Iterable[str]) -> tuple[str, ...]:
    """Refuse what is neither a whole path nor a name."""
    try:
        checked = [check_name('ignore', pattern) for pattern in patterns]
    except ValueError as error:
        raise ConfigurationError(f'[imagecache_directory] {error}') from error
    for pattern in checked:
        if '/' in pattern and not pattern.startswith('/'):
            raise ConfigurationError(
                f'[imagecache_directory] ignore: {pattern}: write the whole '
                f'path, from /, or a name without one'
            )
    return tuple(one.rstrip('/') for one in checked)
