"""Room: what has to go before an image comes in, or why that never fits.

A store is never filled above its high watermark, and nothing goes for an
image that would not fit even then.
"""

from collections.abc import Collection
from collections.abc import Iterable
import dataclasses
import datetime

from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Reservation
from imagecache_handlers.model import Store
from imagecache_handlers.planning.rules import Rules
from imagecache_handlers.planning import space
from imagecache_handlers.planning.verdicts import Reason
from imagecache_handlers.planning.verdicts import Verdict
from imagecache_handlers import units

# What keeps an image of which only its users are not known: these two, for
# nothing ages meanwhile.
_UNCLEAR = frozenset({Reason.UNKNOWN, Reason.TOO_YOUNG})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Headroom:
    """What one pool has for images on their way in.

    ``free`` counts what is ``releasing``; None: the pool does not
    tell.  ``kept`` is to stay free below the high watermark, ``reserved`` is
    what others have on their way, in bytes.
    """

    free: int | None
    kept: int = 0
    reserved: int = 0
    releasing: int = 0

    @property
    def available(self) -> int | None:
        """Bytes that one more image may take; None: nobody knows."""
        if self.free is None:
            return None
        return max(0, self.free - self.kept - self.reserved)

    def missing(self, size: int) -> int:
        """Bytes that have to be freed for an image of that size."""
        if self.free is None:
            return 0
        return max(0, size + self.reserved + self.kept - self.free)

    def is_releasing(self, size: int) -> bool:
        """Tell if such an image has to wait for bytes being released."""
        if self.free is None:
            return False
        return size + self.reserved > self.free - self.releasing

    def explain(self) -> str:
        """Say, for people, what is available, and what takes from it."""
        if self.available is None:
            return 'how much is free is not known'
        text = f'{units.size(self.available)} are free'
        if self.kept:
            text += ' below the high watermark'
        if self.reserved:
            text += f', {units.size(self.reserved)} more are reserved'
        return text


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What goes for an image, in this order; ``why`` it cannot come in.

    ``crowded``: it would fit, were it not for what others have reserved;
    ``blind``: it may, once somebody says that enough of it is unused.
    """

    evict: tuple[Verdict, ...] = ()
    why: str = ''
    crowded: bool = False
    blind: bool = False


def measure_headroom(
    members: Collection[Store],
    reservations: Iterable[Reservation],
    own: str,
    now: datetime.datetime,
    rules: Rules,
) -> Headroom:
    """Tell what the stores of one pool have for the owner of a token.

    Of several reservations of one image in one store the largest counts,
    for only one of them comes in.
    """
    sizes: dict[tuple[str, str], int] = {}
    for one in reservations:
        if one.token == own or not rules.is_reserved(one.until, now):
            continue
        key = one.store, one.image_id
        sizes[key] = max(sizes.get(key, 0), one.size)
    reserved = sum(sizes.values())
    [pool] = space.group_by_pool(
        dataclasses.replace(one, pool='pool') for one in members
    )
    if pool.total is None:
        known = [one.free for one in members if one.free is not None]
        return Headroom(free=max(known, default=None), reserved=reserved)
    return Headroom(
        free=pool.free,
        kept=-(-pool.total * (100 - rules.high_watermark) // 100),
        reserved=reserved,
        releasing=min(pool.free, sum(one.releasing for one in members)),
    )


def make_room(size: int, there: Headroom, verdicts: Iterable[Verdict]) -> Room:
    """Choose what goes so that an image of that size comes in.

    ``verdicts`` are those of a plan, of the stores of one pool.  First goes
    what would go anyway, then what is not needed, each in the order of the
    policy, and no more than it takes.
    """
    missing = there.missing(size)
    judged = tuple(verdicts)
    chosen, freed = _choose_evictions(missing, judged)
    if freed >= missing:
        return Room(evict=tuple(chosen))
    alone = dataclasses.replace(there, reserved=0).missing(size)
    unclear = [one.image for one in judged if _is_unclear(one)]
    untold = [one for one in unclear if one.unknown is None]
    return Room(
        why=_explain_shortage(size, there, freed, _sum_sizes(unclear)),
        crowded=freed >= alone,
        blind=freed < alone <= freed + _sum_sizes(untold),
    )


def _is_unclear(verdict: Verdict) -> bool:
    """Tell if an image stays only because nobody knows who uses it."""
    reasons = {one.reason for one in verdict.blockers}
    return Reason.UNKNOWN in reasons and reasons <= _UNCLEAR


def _sum_sizes(images: Iterable[CachedImage]) -> int:
    return sum(one.reclaimable for one in images)


def _choose_evictions(
    missing: int, verdicts: Iterable[Verdict]
) -> tuple[list[Verdict], int]:
    # What would free nothing is left out.
    free = [
        one
        for one in verdicts
        if one.rank is not None and one.image.reclaimable
    ]
    free.sort(key=lambda one: (not one.evict, one.rank))
    chosen: list[Verdict] = []
    freed = 0
    for verdict in free:
        if freed >= missing:
            break
        chosen.append(verdict)
        freed += verdict.image.reclaimable
    return chosen, freed


def _explain_shortage(
    size: int, there: Headroom, freed: int, unclear: int
) -> str:
    text = (
        f'it takes {units.size(size)} there, {there.explain()}, and what may '
        f'go frees {units.size(freed)}'
    )
    if unclear:
        text += f'; who uses {units.size(unclear)} more is not known'
    return text
