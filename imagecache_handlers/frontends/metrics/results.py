"""Results: how sweeps end, and which of these is well."""

import enum


class Result(enum.StrEnum):
    """How a sweep ended; the first that fits."""

    FAILED = 'failed'  # it could not begin, or was broken off by an error
    STOPPED = 'stopped'  # it was told to end
    PARTIAL = 'partial'  # a store could not be read
    BLIND = 'blind'  # nothing could be known, so nothing could go
    SHORT = 'short'  # less went, or was freed, than was to be
    IDLE = 'idle'  # nothing was to go
    WHOLE = 'whole'  # all went that was to go


# Those that read all there is, and could know something.
SUCCESSES = frozenset({Result.SHORT, Result.IDLE, Result.WHOLE})
