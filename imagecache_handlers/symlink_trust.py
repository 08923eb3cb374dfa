"""Symlink trust: whether others could have led us to an opened file.

Whoever may write in a folder may put a symlink there, by which root reads
what they may not: an image is for others to read.
"""

import os
import stat

_MOST_LINKS = 40
_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def explain_refusal(path: str, opened: os.stat_result) -> str | None:
    """Say why a path is not to be believed; None: it leads to that file.

    Symlinks count where root or we own them, and all folders up to there.
    As it is opened before, a link that is swapped meanwhile leads nowhere.

    :raises OSError: when the path cannot be followed any more.
    """
    names = _path_components(os.path.join(os.getcwd(), path))
    at, whose, links = '/', _owner_else(os.stat('/')), 0
    while names:
        name = names.pop()
        there = os.path.dirname(at) if name == '..' else f'{at}/{name}'
        found = os.lstat(there)
        if not stat.S_ISLNK(found.st_mode):
            if names and whose is None:
                whose = _owner_else(found)
            at = there
            continue
        whose = _user_else(found) if whose is None else whose
        links += 1
        if whose or links > _MOST_LINKS:
            return f'{there[1:]} is a symlink: {_whose_text(whose)}'
        target = os.readlink(there)
        names += _path_components(target)
        at = '/' if target.startswith('/') else at
    return _refuse_file(os.lstat(at), opened, whose)


def _refuse_file(
    found: os.stat_result, opened: os.stat_result, whose: str | None
) -> str | None:
    if not os.path.samestat(found, opened):
        return 'it was replaced meanwhile'
    if whose and opened.st_uid == 0 and opened.st_nlink > 1:
        return f'it is a file of root with other names: {_whose_text(whose)}'
    return None


def _whose_text(whose: str | None) -> str:
    return f'{whose or "it leads in a circle"}; name the file that it leads to'


def _path_components(path: str) -> list[str]:
    """Give the components of a path, the last one first."""
    return [one for one in reversed(path.split('/')) if one not in ('', '.')]


def _user_else(found: os.stat_result) -> str | None:
    """Say whose something is, if not root's nor ours."""
    if found.st_uid in (0, os.geteuid()):
        return None
    return f'user {found.st_uid} may have made it'


def _owner_else(folder: os.stat_result) -> str | None:
    """Say who else may write in a folder; one as /tmp keeps them apart."""
    if whose := _user_else(folder):
        return whose
    if folder.st_mode & stat.S_ISVTX or not folder.st_mode & _OTHERS:
        return None
    is_ours = folder.st_gid in (0, os.getegid())
    if is_ours and not folder.st_mode & stat.S_IWOTH:
        return None
    return 'others may have made it'
