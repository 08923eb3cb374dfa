"""Records: what each host that evicts here looks at, in a file of its own.

``.HOST.imagecache-sweeper`` lies beside the images of a store.  It is
replaced atomically; an empty one is what a full disk had no room for.
"""

from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import datetime
import errno
import json
import os
import stat
from typing import Any
from typing import NamedTuple

from imagecache_handlers.checked_values import check_time
from imagecache_handlers.directory import folder
from imagecache_handlers.directory.hosts.places import HOST
from imagecache_handlers.directory.system.descriptors import closing
from imagecache_handlers.directory.system import entries
from imagecache_handlers.directory.system import mounts
from imagecache_handlers.directory.system import whole_files

RECORD = '.imagecache-sweeper'
_NEW = '-new'
_LOCK = '-lock'

_VERSION = 1
_TOO_LARGE = 2**18
_MOST = 1000
_LONGEST = 8192
_HIGHEST = 2**53
# Any of these can be told in every zone.
_YEARS = range(1970, 9000)
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


class Record(NamedTuple):
    """What a host looks at, and how many disks it met there last.

    None: it has not looked yet.  ``folders`` is how many it went through.
    """

    host: str
    places: Mapping[str, int | None]
    folders: int | None
    at: datetime.datetime


class Unread(NamedTuple):
    """A record that nobody can rely on; ``is_empty``: it was never told."""

    host: str
    entry: str
    why: str
    is_empty: bool = False


def entry_of(host: str) -> str:
    return f'.{host}{RECORD}'


def lock_of(host: str) -> str:
    """Name what is held by whoever of a host replaces its record.

    Not the folder itself: whoever may read that may lock it, and for ever.
    """
    return entry_of(host) + _LOCK


def read_all(fd: int) -> Iterator[Record | Unread]:
    """Read every record that lies in an open folder."""
    for entry in sorted(os.listdir(fd)):
        if entry.startswith('.') and entry.endswith(RECORD):
            found = read(fd, entry[1 : -len(RECORD)])
            if found is not None:
                yield found


def read(fd: int, host: str) -> Record | Unread | None:
    """Read the record of one host; None if there is none."""
    entry = entry_of(host)
    try:
        content = _read_content(fd, entry)
        if not content:
            return Unread(host, entry, 'its disk was full', is_empty=True)
        return _parse_record(host, content)
    except FileNotFoundError:
        return None
    except OSError as error:
        return Unread(host, entry, error.strerror or str(error))
    # RecursionError: a few thousand brackets are valid JSON.
    except (ValueError, TypeError, KeyError, RecursionError):
        return Unread(host, entry, 'nobody can read what it says')


def _read_content(fd: int, entry: str) -> bytes:
    with closing(os.open(entry, _READ, dir_fd=fd)) as file:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            raise ValueError('not a file')
        if found.st_uid not in (0, os.geteuid(), os.fstat(fd).st_uid):
            raise PermissionError(errno.EPERM, 'it belongs to somebody else')
        content = os.read(file, _TOO_LARGE)
    if len(content) == _TOO_LARGE:
        raise ValueError('too large')
    return content


def _parse_record(host: str, content: bytes) -> Record:
    fields = json.loads(content.decode())
    if fields['version'] != _VERSION or fields['host'] != host:
        raise ValueError('not that of this host')
    if not HOST.fullmatch(host):
        raise ValueError('not the name of a host')
    places = dict(fields['places'])
    if len(places) > _MOST:
        raise ValueError('too many places')
    for place, disks in places.items():
        if ':/' not in place or len(place) > _LONGEST:
            raise ValueError('not a place')
        if not place.isprintable():
            raise ValueError('not printable')
        _check_count(disks)
    _check_count(fields['folders'])
    at = datetime.datetime.fromisoformat(fields['at'])
    check_time('at', at)
    if at.year not in _YEARS:
        raise ValueError('not a time that anybody wrote')
    return Record(host, places, fields['folders'], at)


def _check_count(count: Any) -> None:
    if count is None:
        return
    if type(count) is not int or not 0 <= count < _HIGHEST:
        raise ValueError('not a count')


def write(fd: int, record: Record) -> None:
    """Replace the record of a host, whole or not at all, and for good.

    Others of this host do not write meanwhile.  Where a full disk has no
    room for it, there is at least an empty one: others see that it is here.
    """
    entry = entry_of(record.host)
    try:
        _replace_file(fd, entry, _dump_record(record))
    except OSError as error:
        # Elsewhere a host may list from memory, long after it was true.
        if error.errno not in FULL or not mounts.is_local(fd):
            raise
        there = entries.lstat(fd, entry)
        if there is not None and there.st_size:
            raise
        if there is None:
            _replace_file(fd, entry, b'')
    os.fsync(fd)


def _replace_file(fd: int, entry: str, content: bytes) -> None:
    whole_files.replace_file(fd, entry, entry + _NEW, content, _opened_new)


@contextlib.contextmanager
def _opened_new(fd: int, entry: str) -> Iterator[int]:
    with closing(os.open(entry, _WRITE, 0o644, dir_fd=fd)) as file:
        folder.give_away(file, os.fstat(fd))
        yield file


def _dump_record(record: Record) -> bytes:
    fields = {'version': _VERSION, **record._asdict()}
    fields['places'] = dict(record.places)
    fields['at'] = record.at.isoformat()
    return json.dumps(fields, indent=1).encode() + b'\n'


def remove(fd: int, host: str) -> bool:
    """Remove the record of a host; False: there is none."""
    entry = entry_of(host)
    # By the list, for what somebody types may lead out of the folder.
    there = {entry, entry + _NEW}.intersection(os.listdir(fd))
    for one in there:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(one, dir_fd=fd)
    if there:
        os.fsync(fd)
    return entry in there
