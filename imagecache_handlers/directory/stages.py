"""Stages: files beside images on their way to be one, copied or linked.

What lies staged in the store already becomes an image without a copy.  It
gets the name of a stage, and loses that in the folder for images on their way
in before it is an image: hard links are users, and whoever goes on with what
is staged must never write in an image.
"""

from collections.abc import Iterator
import contextlib
import dataclasses
import os
import secrets
import stat
from typing import BinaryIO

from imagecache_handlers.directory.access import Access
from imagecache_handlers.directory import folder
from imagecache_handlers.directory.incoming import choose_folder
from imagecache_handlers.directory import sidecar
from imagecache_handlers.directory.system.descriptors import close
from imagecache_handlers.directory.system import flock
from imagecache_handlers.directory.system import own_folder
from imagecache_handlers.directory.system import safe_open
from imagecache_handlers.source import Linkable

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
# Of a file that nobody else has: where it was staged, and as a stage here.
_NAMES = 2


@dataclasses.dataclass(frozen=True, slots=True)
class Stage:
    """A new file, open as ``new``, that is to be filled."""

    new: int
    is_filled = False

    @contextlib.contextmanager
    def opened_up(self, access: Access) -> Iterator[None]:
        """Let others read it, for it is about to be an image."""
        access.open_up(self.new)
        yield

    def publish(self, fd: int, name: str) -> None:
        """Let it be an image; what others put there stays.

        :raises FileExistsError: when something of that name is there.
        """
        _link_open(self.new, fd, name)


@dataclasses.dataclass(frozen=True, slots=True)
class Linked(Stage):
    """A file that was staged as ``entry`` in the folder ``incoming``."""

    incoming: int
    entry: str
    is_filled = True

    @contextlib.contextmanager
    def opened_up(self, access: Access) -> Iterator[None]:
        """Do the same; what does not become an image is as it was."""
        mode = stat.S_IMODE(os.fstat(self.new).st_mode)
        with contextlib.ExitStack() as undoing:
            undoing.callback(_set_mode, self.new, mode)
            access.open_up(self.new)
            # A download may have taken days: by its age Nova would go.
            os.utime(self.new)
            yield
            undoing.pop_all()

    def publish(self, fd: int, name: str) -> None:
        """Do the same; it is an image under no name but this."""
        if os.fstat(self.new).st_nlink != _NAMES:
            raise OSError('the staged file was linked, or removed, meanwhile')
        os.unlink(self.entry, dir_fd=self.incoming)
        try:
            _link_open(self.new, fd, name)
        except OSError:
            with contextlib.suppress(OSError):
                _link_open(self.new, self.incoming, self.entry)
            raise


def _link_open(new: int, fd: int, name: str) -> None:
    # Never by a name of its own, which the folder's owner may have given to
    # another.  A link, unlike a rename, replaces nothing.
    os.link(f'/proc/self/fd/{new}', name, dst_dir_fd=fd)


@contextlib.contextmanager
def made(fd: int, name: str, content: BinaryIO) -> Iterator[Stage]:
    """Give a stage for an image, which is gone afterwards, however it ends."""
    with contextlib.ExitStack() as stack:
        linked = _link_content(fd, name, content, stack)
        if linked is not None:
            yield linked
            return
        # It is its own lock: who can take it knows that nobody is writing
        # it any more.
        yield Stage(stack.enter_context(flock.held(fd, _choose_name(name))))


def _choose_name(name: str) -> str:
    return sidecar.stage(name, secrets.token_hex(4))


def _link_content(
    fd: int, name: str, content: BinaryIO, stack: contextlib.ExitStack
) -> Linked | None:
    """Have the file of a content as a stage; None: it has to be copied."""
    if not isinstance(content, Linkable):
        return None
    entry = _choose_name(name)
    # Some file systems know no links, and a copy needs none.
    with contextlib.suppress(OSError), contextlib.ExitStack() as its:
        if content.link_into(fd, entry):
            its.callback(_drop_name, fd, entry)
            linked = _adopt_file(fd, entry, content, its)
            if linked is not None:
                stack.push(its.pop_all())
            return linked
    return None


def _set_mode(fd: int, mode: int) -> None:
    with contextlib.suppress(OSError):
        os.fchmod(fd, mode)


def _drop_name(fd: int, entry: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(entry, dir_fd=fd)


def _adopt_file(
    fd: int, stage: str, content: BinaryIO, stack: contextlib.ExitStack
) -> Linked | None:
    """Open what was linked; None: it is not for us to give away."""
    new = safe_open.open_file(fd, stage, os.O_RDWR)
    stack.callback(close, new)
    # Whoever staged it may hold it: by that, too, it is seen to be no debris.
    flock.try_lock(new)
    own = own_folder.opened_ours(fd, choose_folder(fd))
    incoming = stack.enter_context(own)
    found, there = os.fstat(new), os.fstat(fd)
    entry = _find_name(incoming, found) if _is_fit(content, found) else None
    if entry is None:
        return None
    folder.give_away(new, there)
    is_given = os.fstat(new).st_uid == there.st_uid
    return Linked(new, incoming, entry) if is_given else None


def _is_fit(content: BinaryIO, found: os.stat_result) -> bool:
    """Tell if a file is ours, and nobody else has it or may write in it.

    And the one that was linked: who owns the folder may have swapped it.
    """
    return (
        stat.S_ISREG(found.st_mode)
        and found.st_nlink == _NAMES
        and not found.st_mode & _OTHERS_WRITE
        and found.st_uid == os.geteuid()
        and os.path.samestat(found, os.fstat(content.fileno()))
    )


def _find_name(incoming: int, found: os.stat_result) -> str | None:
    """Give the name that a file was staged by."""
    with os.scandir(incoming) as entries:
        return next(
            (one.name for one in entries if one.inode() == found.st_ino), None
        )
