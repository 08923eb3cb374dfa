"""Plan files: what ``imagecache plan -f json`` wrote on other hosts.

Whoever wrote one may have put anything there: each value is checked.
"""

from collections.abc import Iterable
from collections.abc import Iterator
import datetime
import json
import os
import pathlib
from typing import Any

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.frontends.cli.pages.text import printable
from imagecache_handlers.frontends.html.hosts import Host
from imagecache_handlers.frontends.html.hosts import HostImage
from imagecache_handlers.frontends.html.hosts import HostStore
from imagecache_handlers.planning.verdicts import Reason
from imagecache_handlers import units

# More than a hundred thousand images would fill.
_LARGEST = 64 * 2**20
# Such a plan ends with 1, and what was written to the file does not tell.
_NOTHING = (
    'the file names no image: its stores are empty, or could not be read; '
    'run `imagecache plan` there'
)
# What blocks most of all is told first; these are no trouble.
_NO_TROUBLE = frozenset(
    {Reason.IN_USE, Reason.NOT_NEEDED, Reason.EXPIRED, Reason.SPACE}
)


def read_hosts(paths: Iterable[str]) -> Iterator[Host]:
    """Read files, each of another host.

    :raises ConfigurationError: when one cannot be read or understood, or is
        named twice.
    """
    known: dict[str, str] = {}
    for path in paths:
        file = os.path.realpath(path)
        if file in known:
            raise ConfigurationError(
                f'{path} is {known[file]}: name the file of a host once'
            )
        known[file] = path
        yield read_host(path)


def read_host(path: str) -> Host:
    """Read one file; the host is called as the file is.

    :raises ConfigurationError: when it cannot be read or understood.
    """
    try:
        text, written = _read_text(path)
        rows = json.loads(text)
        if not isinstance(rows, list):
            raise ValueError('it is not a list')
        images = [_read_image(place, row) for place, row in enumerate(rows)]
    except (OSError, ValueError, RecursionError) as error:
        why = getattr(error, 'strerror', None) or error
        raise ConfigurationError(
            f'{path} is not what `plan -f json` writes: {why}'
        ) from error
    return Host(
        name=printable(pathlib.Path(path).stem),
        at=written,
        is_file=True,
        stores=tuple(_group_images(images)),
        troubles=tuple(_tell_unknown(images)) if images else (_NOTHING,),
    )


def _read_text(path: str) -> tuple[str, datetime.datetime]:
    """Give what a file says, and when it was written."""
    # A FIFO in its place must not be waited for.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(handle, encoding='utf-8') as file:
        text = file.read(_LARGEST + 1)
        seconds = os.fstat(file.fileno()).st_mtime
    if len(text) > _LARGEST:
        raise ValueError(f'it has more than {_LARGEST} characters')
    return text, datetime.datetime.fromtimestamp(seconds).astimezone()


def _read_image(place: int, row: Any) -> HostImage:
    try:
        if not isinstance(row, dict):
            raise TypeError('it is not an object')
        return HostImage(
            name=printable(_check(row['image'], str)),
            store=printable(_check(row['store'], str)),
            size=_check_size(row['size']),
            reason=Reason(_check(row['reason'], str)),
            why=printable(_check(row['detail'], str)),
            until=_read_time(row['until']),
            rank=place if row['action'] == 'evict' else None,
        )
    except KeyError as error:
        raise ValueError(f'row {place + 1}: it has no {error}') from error
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f'row {place + 1}: {error}') from error


def _check(value: Any, kind: type) -> Any:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(f'{value!r} is of the wrong type')
    return value


def _check_size(value: Any) -> int:
    size: int = _check(value, int)
    if not 0 <= size < 2**63:
        raise ValueError(f'{size} is not a size')
    return size


def _read_time(value: Any) -> datetime.datetime | None:
    if value is None:
        return None
    return datetime.datetime.fromisoformat(_check(value, str)).astimezone()


def _group_images(images: Iterable[HostImage]) -> list[HostStore]:
    stores: dict[str, list[HostImage]] = {}
    for image in images:
        stores.setdefault(image.store, []).append(image)
    return [
        HostStore(name=name, images=tuple(there))
        for name, there in stores.items()
    ]


def _tell_unknown(images: Iterable[HostImage]) -> Iterable[str]:
    """Say what keeps images; of free space such a file tells nothing."""
    held: dict[Reason, int] = {}
    for image in images:
        if not image.goes and image.reason not in _NO_TROUBLE:
            held[image.reason] = held.get(image.reason, 0) + image.size
    for reason, size in sorted(held.items(), key=lambda one: -one[1]):
        yield f'{units.size(size)} stay for the reason {reason.value}'
