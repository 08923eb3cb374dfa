"""Whether a file system shows to every host at once what one has written."""

from collections.abc import Iterable
import os

_MOUNTS = '/proc/self/mountinfo'
_NFS = frozenset({'nfs', 'nfs4'})
_LOCAL_LOCKS = frozenset({'local_lock=all', 'local_lock=flock'})


def problem(folder: int) -> str | None:
    """Say why labels in a folder would not be seen by others at once."""
    device = os.fstat(folder).st_dev
    with open(_MOUNTS, encoding='utf-8', errors='surrogateescape') as file:
        return judge(file, f'{os.major(device)}:{os.minor(device)}')


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
