"""Protocols and drivers of QEMU: which of them lead to files of this host."""

import posixpath
import re
import urllib.parse

from imagecache_handlers.directory.users.formats.values import Backing
from imagecache_handlers.directory.users.formats.values import is_path
from imagecache_handlers.directory.users.formats.values import Named
from imagecache_handlers.directory.users.formats.values import shown

LOCAL = frozenset(['file', 'host_device', 'host_cdrom'])
# What reads the bytes of a file as they are.
AS_RAW = LOCAL | {'raw'}
# Served by other hosts, or by nobody: never a file of this one.
ELSEWHERE = frozenset(
    [
        'rbd',
        'http',
        'https',
        'ftp',
        'ftps',
        'tftp',
        'iscsi',
        'iser',
        'sheepdog',
        'sheepdog+tcp',
        'sheepdog+unix',
        'vxhs',
        'nvme',
        'null-co',
        'null-aio',
    ]
)

# Of these each gives a form to bytes, and in these names may stand.
FORMATS = frozenset(
    [
        'qcow2',
        'qcow',
        'qed',
        'vmdk',
        'vdi',
        'vpc',
        'vhdx',
        'luks',
        'parallels',
        'bochs',
        'cloop',
        'dmg',
    ]
)
FILTERS = frozenset(
    [
        'blkdebug',
        'blklogwrites',
        'blkreplay',
        'blkverify',
        'compress',
        'copy-before-write',
        'copy-on-read',
        'preallocate',
        'quorum',
        'replication',
        'snapshot-access',
        'throttle',
    ]
)

# With the names of two files behind it, of which the first may be empty.
_PAIRS = frozenset(['blkdebug', 'blkverify'])
_FDSET = '/dev/fdset/'
_BETWEEN = re.compile('[?&=:,;]')
_MOST_HINTS = 32


def scheme(name: str) -> str | None:
    """Give the protocol of a name, as QEMU tells one from a path."""
    begin, colon, _ = name.partition(':')
    return begin if colon and '/' not in begin else None


def read(name: str, is_raw: bool) -> tuple[Named, list[str]]:
    """Tell what a name with a protocol leads to, and the names within it."""
    kind = scheme(name)
    if kind is None:
        return direct(name, is_raw), []
    rest = name[len(kind) + 1 :]
    if kind in LOCAL:
        return direct(rest, is_raw), []
    if kind in ELSEWHERE:
        return Named(), []
    if kind in _PAIRS and ':' in rest:
        first, _, second = rest.partition(':')
        return Named(), [one for one in (first, second) if one]
    return unknown(name), []


def direct(path: str, is_raw: bool, name: str = '') -> Named:
    """Tell what a path leads to that QEMU takes as it stands."""
    if path.startswith(_FDSET):
        return unknown(name or path)
    if path.startswith('/') and is_path(path):
        return Named((Backing(path, is_raw),))
    said = f'{shown(name or path)} below it is not an absolute path'
    return Named((), (said,), hints(path))


def unknown(name: str, *parts: str) -> Named:
    """Say that a name may be anything, also a file that is served here."""
    said = f'{shown(name)} below it may be any file'
    return Named((), (said,), hints(*(parts or (name,))))


def hints(*parts: str) -> tuple[str, ...]:
    """Give the names that the files may have which are meant by these."""
    pieces = [piece for one in parts for piece in _BETWEEN.split(one)]
    whole = [*parts, *pieces[:_MOST_HINTS]]
    both = [form for one in whole for form in (one, urllib.parse.unquote(one))]
    found = [posixpath.basename(one.rstrip('/')) for one in both]
    return tuple(dict.fromkeys(one for one in found if one))
