"""Output: what is said where nobody can take it.

A disk that is full of logs is often the one that a service is to free, so it
goes on.  A command ends, and names what it could not write.
"""

from collections.abc import Iterator
import contextlib
import errno
import logging
from typing import Protocol
from typing import TextIO

LOG = logging.getLogger('imagecache')

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG})


@contextlib.contextmanager
def naming_loss() -> Iterator[None]:
    """Say of what cannot be written that it is the output.

    Else it would look as if the disk of a store were full.  A reader who is
    gone is told nothing.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        why = error.strerror or error
        raise OSError(f'cannot write the output: {why}') from error


class Sink(Protocol):
    """What text is written to."""

    def write(self, text: str, /) -> object: ...

    def flush(self) -> object: ...


class ServiceOutput:
    """Writes to a stream; what a full disk refuses is lost.

    The first loss is told where complaints go, and so is the first after
    there was room again.  A reader who is gone ends the service as before.

    :raises OSError: for any other reason.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_lost = False

    def write(self, text: str, /) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError as error:
            self._lose(error)
        else:
            self._is_lost = False

    def flush(self) -> None:
        """Do nothing: each text is flushed."""

    def _lose(self, error: OSError) -> None:
        if error.errno not in _FULL:
            raise error
        if not self._is_lost:
            self._is_lost = True
            LOG.error(
                'cannot write the output: %s; going on without it',
                error.strerror,
            )
