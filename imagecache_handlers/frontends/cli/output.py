"""Output of a service, which goes on where nobody can take what it says.

A disk that is full of logs is often the one that the service is to free.
"""

import errno
import logging
from typing import Protocol
from typing import TextIO

LOG = logging.getLogger('imagecache')

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG})


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
