"""Access: who may read the images that are added, as configured."""

import errno
import grp
import os
from typing import NamedTuple
from typing import Self

from imagecache_handlers.exceptions import ConfigurationError

# Never for others to write, nor to run: an overlay on it would be ruined.
MODES = '0644', '0640', '0600', '0444', '0440', '0400'


class Access(NamedTuple):
    """The mode of an image, and its group if not that of its folder."""

    mode: int
    group: int | None

    @classmethod
    def of(cls, mode: str, group: str | None) -> Self:
        """Read the two options.

        :raises ConfigurationError: when there is no such mode, or group.
        """
        if mode not in MODES:
            raise ConfigurationError(
                f'[imagecache_directory] file_mode: {mode!r} is not one of '
                f'{", ".join(MODES)}'
            )
        return cls(int(mode, 8), _group_number(group) if group else None)

    def give_to_group(self, fd: int) -> None:
        """Let a new file be that group's.

        :raises PermissionError: when we may not do that.
        """
        if self.group is None or os.fstat(fd).st_gid == self.group:
            return
        try:
            os.fchown(fd, -1, self.group)
        except PermissionError as error:
            why = (
                f'[imagecache_directory] file_group: only root, or a member, '
                f'may give a file to group {self.group}'
            )
            raise PermissionError(errno.EPERM, why) from error

    def open_up(self, fd: int) -> None:
        """Let others read a file that is whole, and theirs to read."""
        os.fchmod(fd, self.mode)


def _group_number(group: str) -> int:
    if group.isascii() and group.isdigit():
        return int(group)
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        raise ConfigurationError(
            f'[imagecache_directory] file_group: this host has no group '
            f'{group!r}; name one of "getent group", or its number'
        ) from None
