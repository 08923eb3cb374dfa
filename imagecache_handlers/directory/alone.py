"""Alone: an image that is added names no other file, nor anything else.

Whoever may upload an image would else have QEMU read files of the host
through it (CVE-2024-32498 and its kind).
"""

from imagecache_handlers.directory.users import headers
from imagecache_handlers.directory.users.values import shown

_MOST_SHOWN = 3
_ADVICE = 'make one file of it first, with "qemu-img convert"'


def refuse(fd: int, size: int) -> str | None:
    """Say what an open image of that size names, and what to do.

    :raises OSError: when it cannot be read.
    """
    found = headers.read(fd, size)
    paths = [below.path for below in found.below]
    names = list(dict.fromkeys([*paths, *found.elsewhere]))
    if names:
        told = ', '.join(map(shown, names[:_MOST_SHOWN]))
        if len(names) > _MOST_SHOWN:
            told += f' and {len(names) - _MOST_SHOWN} more'
        return f'this {found.form} names {told}: {_ADVICE}'
    if found.problems:
        return (
            f'this {found.form} may name other files, for '
            f'{found.problems[0]}: {_ADVICE}'
        )
    return None
