"""Duplicates: which of several copies of an image nobody needs."""

from collections.abc import Collection
from collections.abc import Iterable

from imagecache_handlers.model import CachedImage


def surplus_copies(images: Iterable[CachedImage]) -> set[tuple[str, str]]:
    """Give the identities of copies that another in their store replaces.

    Which copy stays follows from facts that every host sees alike: users,
    pins, age, location.  A copy is surplus only if the backend knows that
    nobody uses it; a group that holds an unclear copy is left alone.
    """
    first: dict[tuple[str, str], CachedImage] = {}
    groups: dict[tuple[str, str], list[CachedImage]] = {}
    for image in images:
        if image.variant:
            continue
        key = (image.store, image.image_id)
        known = first.setdefault(key, image)
        if known is not image and known.identity != image.identity:
            groups.setdefault(key, [known]).append(image)
    return {
        copy.identity
        for group in groups.values()
        for copy in _spare_copies(group)
    }


def _spare_copies(group: Collection[CachedImage]) -> list[CachedImage]:
    if any(map(_is_unclear, group)):
        return []
    return [
        copy
        for copy in sorted(group, key=_keeping_order)[1:]
        if not copy.users
    ]


def _is_unclear(image: CachedImage) -> bool:
    return (
        image.users is None
        or image.unknown is not None
        or image.busy is not None
    )


def _keeping_order(image: CachedImage) -> tuple[bool, bool, float, str]:
    arrived = image.cached_at
    return (
        not image.users,
        not image.marks.pins,
        arrived.timestamp() if arrived else float('inf'),
        image.location,
    )
