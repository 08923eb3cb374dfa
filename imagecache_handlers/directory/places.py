"""Places: one name for a folder, the same on every host that sees it.

What lies on a file system of this host alone is its own; a share is named
for its server, and for where the folder lies there, however it was mounted.
"""

from collections.abc import Iterable
from collections.abc import Mapping
import hashlib
import os
import re
from typing import NamedTuple

from imagecache_handlers.directory.closing import closing

_MOUNTS = '/proc/self/mountinfo'
_MACHINE_ID = '/etc/machine-id'
_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
_OCTAL = re.compile(r'\\([0-7]{3})')

# What the source of such a mount begins with is the same on every host;
# what follows is where it begins there.
_SHARES = {
    'nfs': re.compile(r'(.+?):(/.*)'),
    'nfs4': re.compile(r'(.+?):(/.*)'),
    'ceph': re.compile(r'(.*?)[:=](/.*)'),
    'cifs': re.compile(r'//([^/]+)(/.*)'),
    'smb3': re.compile(r'//([^/]+)(/.*)'),
    'fuse.glusterfs': re.compile(r'([^:]+):/?(.+)'),
    'lustre': re.compile(r'(.+?):(/.*)'),
}
_ALIASES = {'nfs4': 'nfs', 'smb3': 'cifs'}
# Each host has one of these of its own.
_ITSELF = re.compile(r'localhost.*|127\..*|\[?::1\]?')

HOST = re.compile(r'[A-Za-z0-9_][A-Za-z0-9._-]{0,199}')


class Mount(NamedTuple):
    """What is mounted where, as proc(5) tells it."""

    number: str
    root: str
    point: str
    kind: str
    source: str

    @classmethod
    def parse(cls, line: str) -> 'Mount':
        mount, _, file_system = line.partition(' - ')
        number, _, _, root, point = mount.split()[:5]
        kind, source = file_system.split()[:2]
        return cls(number, _plain(root), _plain(point), kind, _plain(source))


def _plain(field: str) -> str:
    return _OCTAL.sub(lambda found: chr(int(found[1], 8)), field)


class View(NamedTuple):
    """Which host looks, and at what: places, by the paths that it is told."""

    host: str
    places: Mapping[str, str]

    def sees(self, place: str) -> bool:
        """Tell if a place is one of these, or lies in one."""
        return any(
            place == own or place.startswith(f'{own.rstrip("/")}/')
            for own in self.places.values()
        )


def host_name() -> str:
    """Name this host so that no other one has that name.

    The number of a machine is its secret, so only a hash of it is shown.

    :raises OSError: when it cannot be read now; that is no other name.
    """
    try:
        with open(_MACHINE_ID, 'rb') as file:
            number = file.read(64).strip()
    except FileNotFoundError:
        number = b''
    token = hashlib.sha256(b'imagecache-sweeper ' + number).hexdigest()[:8]
    name = re.sub(r'[^A-Za-z0-9._-]', '_', os.uname().nodename).lstrip('.-')
    return f'{name[:150] or "host"}-{token}'


def view(host: str, paths: Iterable[str], shared_as: str = '') -> View:
    """Look at folders; one that is not there has no place."""
    found = {}
    for path in paths:
        if shared_as:
            found[path] = f'as:{shared_as}:{path}'
        elif (place := _place(host, path)) is not None:
            found[path] = place
    return View(host, found)


def _place(host: str, path: str) -> str | None:
    try:
        with closing(os.open(path, _FOLDER)) as fd:
            real = os.readlink(f'/proc/self/fd/{fd}')
            mount = _mount(fd)
    except (OSError, ValueError):
        return None
    return named(host, real, mount)


def _mount(fd: int) -> Mount | None:
    with open(f'/proc/self/fdinfo/{fd}', encoding='utf-8') as file:
        [number] = [
            line.split()[1] for line in file if line.startswith('mnt_id:')
        ]
    with open(_MOUNTS, encoding='utf-8', errors='surrogateescape') as file:
        for line in file:
            if line.startswith(f'{number} '):
                return Mount.parse(line)
    return None


def named(host: str, real: str, mount: Mount | None) -> str:
    """Name a folder for where it lies in truth."""
    share = _share(mount) if mount else None
    if mount is None or share is None:
        return _shown(f'host:{host}:{real}')
    server, begins = share
    beneath = os.path.relpath(real, mount.point)
    whole = os.path.normpath(f'/{begins}/{mount.root}/{beneath}')
    # What began with two slashes still does.
    return _shown(f'{server}:/{whole.lstrip("/")}')


def _share(mount: Mount) -> tuple[str, str] | None:
    """Give the server of a mount, and where it begins there."""
    form = _SHARES.get(mount.kind)
    found = form.fullmatch(mount.source) if form else None
    if found is None or _ITSELF.fullmatch(found[1]):
        return None
    # The monitors of one cluster are named in any order, the user never
    # matters.
    server = found[1].rpartition('@')[2] if mount.kind == 'ceph' else found[1]
    server = ','.join(sorted(server.split(',')))
    return f'{_ALIASES.get(mount.kind, mount.kind)}:{server}', found[2]


def _shown(place: str) -> str:
    return place if place.isprintable() else ascii(place)
