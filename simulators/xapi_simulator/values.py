"""Values that the wire formats tell apart and Python does not."""

import datetime

NULL = 'OpaqueRef:NULL'


class Date(str):
    """A time as xapi writes it: ``20261122T08:22:00Z``, always UTC.

    XML-RPC has a type of its own for it, JSON sends the text.
    """

    __slots__ = ()


class Int32(int):
    """One of the few integers that XML-RPC sends as ``<i4>``, not as text."""

    __slots__ = ()


EPOCH = Date('19700101T00:00:00Z')


def date(seconds: float) -> Date:
    """Write a time given in seconds since 1970 as xapi does."""
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return Date(moment.strftime('%Y%m%dT%H:%M:%SZ'))
