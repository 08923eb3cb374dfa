"""Shares: the parts of a bar, each with its place in a thousand."""

from collections.abc import Iterator
import dataclasses

from imagecache_handlers.frontends.html.hosts import HostImage
from imagecache_handlers.frontends.html.hosts import HostStore
from imagecache_handlers.planning.verdicts import Reason

WHOLE = 1000
_KINDS = {
    Reason.IN_USE: 'in use',
    Reason.BUSY: 'in use',
    Reason.LEASED: 'in use',
    Reason.UNKNOWN: 'unknown',
    Reason.UNDELETABLE: 'kept',
    Reason.PINNED: 'pinned',
    Reason.PROTECTED: 'pinned',
    Reason.DISABLED: 'kept',
    Reason.TOO_YOUNG: 'young',
    Reason.NOT_NEEDED: 'may go',
}
GOES = 'goes'
OTHER = 'other'
FREE = 'free'
KINDS = (*dict.fromkeys(_KINDS.values()), GOES, OTHER, FREE)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One kind of bytes in a store; ``count`` None: they are no images."""

    kind: str
    count: int | None
    size: int
    start: float
    width: float

    @property
    def name(self) -> str:
        """The kind as a name for style sheets."""
        return self.kind.replace(' ', '-')


def kind_of(image: HostImage) -> str:
    """Tell what sort of bytes an image is."""
    return GOES if image.goes else _KINDS.get(image.reason, GOES)


def make_shares(store: HostStore) -> Iterator[Share]:
    """Give the parts of a store's bar, left to right; empty ones are not."""
    counts: dict[str, int] = {}
    sizes: dict[str, int] = {}
    for image in store.images:
        kind = kind_of(image)
        counts[kind] = counts.get(kind, 0) + 1
        sizes[kind] = sizes.get(kind, 0) + image.size
    held = sum(sizes.values())
    if store.total is not None and store.free is not None:
        sizes[FREE] = store.free
        sizes[OTHER] = max(0, store.total - store.free - held)
    whole = sum(sizes.values())
    start = 0.0
    for kind in KINDS:
        if kind in counts or sizes.get(kind):
            size = sizes.get(kind, 0)
            width = WHOLE * size / whole if whole else 0.0
            yield Share(
                kind=kind,
                count=counts.get(kind),
                size=size,
                start=start,
                width=width,
            )
            start += width
