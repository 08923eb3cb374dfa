"""Answering: whether a folder does, asked by somebody who may hang there.

A mount whose server is away keeps whoever opens a folder in the kernel, for
ever.  So that is done in a thread, which is left behind if it stands still;
while it does, the next one who asks is told at once.
"""

from collections.abc import Callable
import errno
import os

from imagecache_handlers.directory.system import bounded
from imagecache_handlers.directory.system.descriptors import close
from imagecache_handlers.directory.system import safe_open

PATIENCE = bounded.PATIENCE

_WHY = 'it does not answer; is it mounted?'

# By path, for those that hang do so for every handler of this process.
_asked: dict[str, bounded.Bounded[int]] = {}


def open_folder(
    path: str, opening: Callable[[str], int] = safe_open.open_folder
) -> int:
    """Open a folder that answers.

    :raises OSError: when it does not, or cannot be opened.
    """

    def act(progress: bounded.Progress) -> int:
        progress.step(path)
        fd = opening(path)
        try:
            # What was once opened may be known without its server; how much
            # room there is, it has to say itself.
            os.fstatvfs(fd)
            progress.step(path)
        except (OSError, bounded.Hangs):
            close(fd)
            raise
        return fd

    asked = _asked.setdefault(path, bounded.Bounded[int](PATIENCE))
    try:
        return asked.run(act)
    except bounded.Hangs:
        raise TimeoutError(errno.ETIMEDOUT, _WHY, path) from None
