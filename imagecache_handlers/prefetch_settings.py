"""Prefetch settings: how images come in, as the operator wants it."""

import dataclasses

_GIB = 2**30


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PrefetchSettings:
    """How images come in; contradictions cannot be made.

    ``staging_path`` is the folder for what is on its way (None: the one that
    the handler names, else one in the cache folder of the user).
    ``concurrency`` images come at once, together at ``max_rate`` bytes a
    second (0: as fast as they can).  The disk in an image may be no larger
    than ``max_image_size`` bytes (None: nothing is too large).  A conversion
    may take ``conversion_memory`` bytes of address space and
    ``conversion_seconds``.
    """

    staging_path: str | None = None
    concurrency: int = 1
    max_rate: int = 0
    max_image_size: int | None = None
    conversion_memory: int = 2 * _GIB
    conversion_seconds: int = 4 * 3600

    def __post_init__(self) -> None:
        for name in 'concurrency', 'conversion_memory', 'conversion_seconds':
            if getattr(self, name) < 1:
                raise ValueError(f'{name} must be 1 or more')
        if self.max_rate < 0:
            raise ValueError('max_rate must be 0 or more')
        if self.max_image_size is not None and self.max_image_size < 1:
            raise ValueError('max_image_size must be 1 or more')
