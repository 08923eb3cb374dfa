"""Errors: calls that brought nothing, over whatever protocol."""

from imagecache_handlers.exceptions import CacheError


class CallError(CacheError):
    """A call that brought no answer to work with."""


class Unreachable(CallError):
    """Nobody answers at the address: the call was not made."""
