"""Mounts: is a folder mounted, and does it show at once what others write."""

from collections.abc import Iterable
from collections.abc import Iterator
import os
import re

_MOUNTS = '/proc/self/mountinfo'
_FSTAB = '/etc/fstab'
_NFS = frozenset({'nfs', 'nfs4'})
_LOCAL = frozenset(
    {'bcachefs', 'btrfs', 'ext2', 'ext3', 'ext4', 'f2fs', 'jfs', 'overlay'}
    | {'tmpfs', 'xfs', 'zfs'}
)
# A write through a mapping may never move the times of a file there.
_TIMELESS = frozenset({'overlay', 'tmpfs'})
_LOCAL_LOCKS = frozenset({'local_lock=all', 'local_lock=flock'})
_OCTAL = re.compile(r'\\([0-7]{3})')


def explain_absence(path: str) -> str | None:
    """Say that something is to be mounted above a folder, or in it.

    Where it is not there are folders all the same, and empty: nothing in
    them proves anything.
    """
    try:
        with open(_FSTAB, encoding='utf-8', errors='surrogateescape') as file:
            points = list(_mount_points(file))
        with open(_MOUNTS, encoding='utf-8', errors='surrogateescape') as file:
            mounted = {_unescape(line.split(' ', 5)[4]) for line in file}
    except OSError:
        return None
    paths = {path, os.path.realpath(path)}
    for point, is_wanted in points:
        # A place in between may be missing as well.
        above = any(_is_under(one, point) for one in paths)
        beneath = is_wanted and any(_is_under(point, one) for one in paths)
        if (above or beneath) and _real_mount_point(point) not in mounted:
            return f'{point} is not mounted, though {_FSTAB} names it'
    return None


def _mount_points(lines: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """Give each, and whether it is to be mounted without being asked for."""
    for line in lines:
        fields = line.partition('#')[0].split()
        if len(fields) > 2 and fields[1].startswith('/'):
            options = fields[3].split(',') if len(fields) > 3 else []
            point = os.path.normpath(_unescape(fields[1]))
            yield point, 'noauto' not in options


def _real_mount_point(point: str) -> str:
    """Tell where a mount lies, without a look at what is mounted there."""
    above, name = os.path.split(point)
    return os.path.join(os.path.realpath(above), name)


def _unescape(point: str) -> str:
    return _OCTAL.sub(lambda found: chr(int(found[1], 8)), point)


def _is_under(path: str, point: str) -> bool:
    return f'{path}/'.startswith(f'{point.rstrip("/")}/')


def explain_problem(folder: int) -> str | None:
    """Say why labels in a folder would not be seen by others at once."""
    device = os.fstat(folder).st_dev
    with open(_MOUNTS, encoding='utf-8', errors='surrogateescape') as file:
        return judge(file, f'{os.major(device)}:{os.minor(device)}')


def is_local(folder: int) -> bool:
    """Tell if what others do in a folder is listed there at once, for sure."""
    return is_local_kind(_mount_kind(folder))


def is_local_kind(kind: str) -> bool:
    """Tell the same of a kind of file system."""
    return kind in _LOCAL


def is_timed(folder: int) -> bool:
    """Tell if each write to a file in a folder moves its times at once.

    Beyond what is written through a mapping to a page that was changed
    already and is not on the disk yet.
    """
    return _mount_kind(folder) in _LOCAL - _TIMELESS


def _mount_kind(folder: int) -> str:
    """Give the kind of file system of an open folder; '': not known."""
    try:
        with open(f'/proc/self/fdinfo/{folder}', encoding='utf-8') as file:
            [number] = [
                line.split()[1] for line in file if line.startswith('mnt_id:')
            ]
        with open(_MOUNTS, encoding='utf-8', errors='surrogateescape') as file:
            return find_mount_kind(file, number)
    except (OSError, ValueError):
        return ''


def find_mount_kind(mounts: Iterable[str], number: str) -> str:
    """Look a mount up in ``mountinfo`` by its own number; '': not there."""
    for line in mounts:
        mount, _, file_system = line.partition(' - ')
        if mount.split()[0] == number:
            return file_system.split()[0]
    return ''


def is_beside(folder: int, path: str) -> bool:
    """Tell if a path lies on the file system of an open folder.

    It is not looked at: it may lie on a server that is away.
    """
    ours, its = _describe_both(folder, path)
    return ours[0] == its[0]


def may_be_away(folder: int, path: str) -> bool:
    """Tell if a path lies elsewhere, and perhaps on a server."""
    ours, its = _describe_both(folder, path)
    return ours[0] != its[0] and its[1] not in _LOCAL


def _describe_both(
    folder: int, path: str
) -> tuple[tuple[str, str], tuple[str, str]]:
    """Give device and kind of what an open folder and a path lie on."""
    with open(_MOUNTS, encoding='utf-8', errors='surrogateescape') as file:
        mounts = [_mount_fields(line) for line in file]
    ours = os.readlink(f'/proc/self/fd/{folder}')
    return _mount_above(mounts, ours), _mount_above(mounts, path)


def _mount_fields(line: str) -> tuple[str, str, str]:
    mount, _, file_system = line.partition(' - ')
    _, _, device, _, escaped = mount.split(' ', 5)[:5]
    return device, escaped, file_system.split(' ', 1)[0]


def _mount_above(
    mounts: Iterable[tuple[str, str, str]], path: str
) -> tuple[str, str]:
    found = '', '', ''
    for device, escaped, kind in mounts:
        point = _unescape(escaped)
        # Of two in one place the later one is seen.
        if _is_under(path, point) and len(point) >= len(found[0]):
            found = point, device, kind
    return found[1:]


def judge(mounts: Iterable[str], device: str) -> str | None:
    """Look a device up in ``mountinfo``, whose form proc(5) tells."""
    for line in mounts:
        mount, _, file_system = line.partition(' - ')
        if mount.split()[2] == device:
            kind, _, options = file_system.split()
            return _judge_nfs(options) if kind in _NFS else None
    return None


def _judge_nfs(options: str) -> str | None:
    given = set(options.split(','))
    # A host that has once looked for a file in vain, or found an earlier
    # one, may go on believing that for a while: of a claim, too long.
    if 'lookupcache=none' not in given:
        return 'on NFS it must be mounted with lookupcache=none'
    if given & _LOCAL_LOCKS:
        return 'on NFS its locks must be shared: mount it without local_lock'
    return None
