"""Limits: how much an image on its way in may take, and how long."""

import dataclasses

_GIB = 2**30


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one image may cost; sizes in bytes, times in seconds.

    ``tries`` is how often a source may fail in a row, ``no_progress`` how
    long no byte may come; there is no limit to the whole.
    ``turn_seconds`` is how long somebody else's work on it is waited for.
    ``max_image_size`` bounds the disk in an image (None: nothing does),
    ``most_growth`` how many times as large as its file that may be, once it
    is larger than ``growth_from``.  The last three bound a conversion:
    ``memory`` is address space, which takes more than is used of it.
    """

    tries: int = 5
    no_progress: float = 300.0
    turn_seconds: float = 12 * 3600.0
    max_image_size: int | None = None
    most_growth: int = 10_000
    growth_from: int = 64 * _GIB
    memory: int = 2 * _GIB
    cpu_seconds: int = 3600
    conversion_seconds: float = 4 * 3600.0
