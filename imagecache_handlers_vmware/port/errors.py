"""Errors: what a call to vSphere that went wrong means."""

import http.client

from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.transport.errors import CallError

# Names of faults that say: a folder cannot be made for want of room.
FULL = frozenset({'NoDiskSpace', 'FileTooLarge'})
# What says that nothing can have that name.
UNNAMED = frozenset({'FileNameTooLong', 'InvalidDatastorePath'})

# Statuses of HTTP that say that nothing was done, as the faults that they
# stand for.
REFUSED = {
    http.client.UNAUTHORIZED: 'NotAuthenticated',
    http.client.FORBIDDEN: 'NoPermission',
    http.client.NOT_FOUND: 'FileNotFound',
    http.client.CONFLICT: 'FileLocked',
    http.client.INSUFFICIENT_STORAGE: 'NoDiskSpace',
}


class VimFault(CallError):
    """vSphere answered with a fault: the name of its type, and its text."""

    def __init__(self, method: str, name: str, message: str) -> None:
        super().__init__(method, name, message)
        self.method = method
        self.name = name
        self.message = message

    def __str__(self) -> str:
        return f'{self.method} failed with {self.name} ({self.message[:300]})'


class ReplyLost(CallError):
    """The answer was lost: the call may have been made, or may yet be."""


class WrongAnswer(ReplyLost):
    """A whole answer came that none can understand; the call may be made."""


class Incomplete(CallError):
    """An answer came that leaves out what it was to say."""


def of_store(store: str, error: CallError) -> StoreUnavailable:
    return StoreUnavailable(store, str(error))
