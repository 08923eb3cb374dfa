"""Places: one name for a folder, the same on every host that sees it.

What lies on a file system of this host alone is its own; a share is named
for its server, and for where the folder lies there, however it was mounted.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import hashlib
import os
import re
import types
from typing import NamedTuple

from imagecache_handlers.directory.hosts.mount_table import is_in
from imagecache_handlers.directory.hosts.mount_table import Mount
from imagecache_handlers.directory.hosts.mount_table import mount_above
from imagecache_handlers.directory.hosts.mount_table import mount_of
from imagecache_handlers.directory.hosts.mount_table import read_mounts
from imagecache_handlers.directory.system import answering
from imagecache_handlers.directory.system.descriptors import closing

_MACHINE_ID = '/etc/machine-id'
_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC

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

# File systems that hold no disk, and come and go with what runs here.
_NO_DISKS = frozenset(
    {'autofs', 'binfmt_misc', 'bpf', 'cgroup', 'cgroup2', 'configfs'}
    | {'debugfs', 'devpts', 'efivarfs', 'fusectl', 'hugetlbfs', 'mqueue'}
    | {'nsfs', 'proc', 'pstore', 'ramfs', 'rpc_pipefs', 'securityfs'}
    | {'selinuxfs', 'sysfs', 'tracefs'}
)

# Before the name of a folder with definitions, and of a place of a mount.
DEFINITIONS = 'libvirt:'
MOUNTED = 'mounted:'

HOST = re.compile(r'[A-Za-z0-9_][A-Za-z0-9._-]{0,199}')


class View(NamedTuple):
    """Which host looks, and at what: places, by the paths that it is told.

    ``definitions`` are the same of libvirt; ``mounted`` is what is mounted
    in one of the places, and ``known_as`` how they would be named if the
    operator did not name them.
    """

    host: str
    places: Mapping[str, str]
    definitions: Mapping[str, str] = types.MappingProxyType({})
    mounted: frozenset[str] = frozenset()
    known_as: frozenset[str] = frozenset()

    def all(self) -> Iterator[str]:
        yield from self.places.values()
        yield from self.definitions.values()
        yield from sorted(self.mounted)

    def sees(self, place: str) -> bool:
        """Tell if a place is one of these, or lies in one."""
        if place.startswith((DEFINITIONS, MOUNTED)):
            return place in self.all()
        return any(
            place == own or place.startswith(f'{own.rstrip("/")}/')
            for own in (*self.places.values(), *self.mounted)
        )

    def renames(self, place: str) -> bool:
        """Tell if this host looks there, by a path that was named so."""
        return place in self.known_as or any(
            place.endswith(f':{path}') for path in self.places
        )


def host_name() -> str:
    """Name this host so that no other one has that name.

    The number of a machine is its secret, so only a hash of it is shown.

    :raises OSError: when it cannot be read now; that is not another name.
    """
    try:
        with open(_MACHINE_ID, 'rb') as file:
            number = file.read(64).strip()
    except FileNotFoundError:
        number = b''
    token = hashlib.sha256(b'imagecache-sweeper ' + number).hexdigest()[:8]
    name = re.sub(r'[^A-Za-z0-9._-]', '_', os.uname().nodename).lstrip('.-')
    return f'{name[:150] or "host"}-{token}'


def view_folders(
    host: str,
    paths: Iterable[str],
    shared_as: str = '',
    definitions: Iterable[str] = (),
) -> View:
    """Look at folders; one that is not there has no place."""
    found, words = {}, {}
    mounted: set[str] = set()
    known_as: set[str] = set()
    for path in paths:
        place, real = _place_of(host, path)
        if shared_as:
            known_as.update([place] if place else [])
            place = f'as:{shared_as}:{path}'
        if place is not None:
            found[path] = place
            mounted.update(_nested_mounts(real, place))
    for path in definitions:
        place, _ = _place_of(host, path)
        if place is not None:
            words[path] = f'{DEFINITIONS}{place}'
    mounted.difference_update(found.values())
    return View(host, found, words, frozenset(mounted), frozenset(known_as))


def _place_of(host: str, path: str) -> tuple[str | None, str]:
    """Name a folder, and tell where it lies here, beyond all links."""
    try:
        with closing(answering.open_folder(path, _open_folder)) as fd:
            real = os.readlink(f'/proc/self/fd/{fd}')
            mount = mount_of(fd)
    except TimeoutError:
        # It is there, and others are to know of it.
        return named(host, path, mount_above(path)), path
    except (OSError, ValueError):
        return None, path
    return named(host, real, mount), real


def _open_folder(path: str) -> int:
    return os.open(path, _FOLDER)


def _nested_mounts(real: str, place: str) -> Iterator[str]:
    """Name what is mounted somewhere in a folder.

    Once it is gone the folder is still there, and says nothing of it.
    """
    for mount in read_mounts():
        if mount.kind in _NO_DISKS or not is_in(mount.point, real):
            continue
        share = _share_of(mount)
        if share is not None:
            yield _name_in_share(mount.point, mount, share)
        else:
            beneath = os.path.relpath(mount.point, real)
            yield _show_place(f'{MOUNTED}{place.rstrip("/")}/{beneath}')


def named(host: str, real: str, mount: Mount | None) -> str:
    """Name a folder for where it lies in truth."""
    share = _share_of(mount) if mount else None
    if mount is None or share is None:
        return _show_place(f'host:{host}:{real}')
    return _name_in_share(real, mount, share)


def _name_in_share(real: str, mount: Mount, share: tuple[str, str]) -> str:
    server, begins = share
    beneath = os.path.relpath(real, mount.point)
    whole = os.path.normpath(f'/{begins}/{mount.root}/{beneath}')
    # What began with two slashes still does.
    return _show_place(f'{server}:/{whole.lstrip("/")}')


def _share_of(mount: Mount) -> tuple[str, str] | None:
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


def _show_place(place: str) -> str:
    return place if place.isprintable() else ascii(place)
