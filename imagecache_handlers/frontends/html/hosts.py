"""Hosts: what a page tells of each, whoever planned there."""

from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses
import datetime

from imagecache_handlers.frontends.cli.pages import blindness
from imagecache_handlers.frontends.cli.pages.text import printable
from imagecache_handlers.frontends import explain
from imagecache_handlers.frontends.html import marks
from imagecache_handlers.frontends.html.marks import Mark
from imagecache_handlers.model import Store
from imagecache_handlers.planning.rules import Rules
from imagecache_handlers.planning.verdicts import Plan
from imagecache_handlers.planning.verdicts import Reason
from imagecache_handlers.planning.verdicts import Verdict


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class HostImage:
    """One image as a page shows it; sizes in bytes.

    ``rank`` is its place among those that go now, None: it stays.
    """

    name: str
    store: str
    size: int
    reason: Reason
    why: str
    until: datetime.datetime | None = None
    idle_since: datetime.datetime | None = None
    rank: int | None = None

    @property
    def goes(self) -> bool:
        return self.rank is not None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class HostStore:
    """One store; ``low`` and ``high`` are its watermarks in percent.

    What is None is not known, ``high`` 100 is switched off.
    """

    name: str
    images: tuple[HostImage, ...]
    total: int | None = None
    free: int | None = None
    problem: str | None = None
    low: int | None = None
    high: int | None = None
    marks: tuple[Mark, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One host: its stores, and in sentences what is in the way there.

    ``at`` is when it was looked at, ``is_file``: when that was written to a
    file.  ``goes_by_age``: an image that is old enough goes, None: the file
    does not say.
    """

    name: str
    at: datetime.datetime
    is_file: bool = False
    goes_by_age: bool | None = None
    stores: tuple[HostStore, ...] = ()
    troubles: tuple[str, ...] = ()

    @property
    def images(self) -> tuple[HostImage, ...]:
        return tuple(one for store in self.stores for one in store.images)


def describe_plan(name: str, plan: Plan, rules: Rules) -> Host:
    """Give what a page tells of the host that made a plan."""
    now = plan.now.astimezone()
    images: dict[str, list[HostImage]] = {}
    for verdict in plan.verdicts:
        images.setdefault(verdict.image.store, []).append(
            _describe_image(verdict, now)
        )
    return Host(
        name=printable(name),
        at=now,
        goes_by_age=rules.remove_unused and rules.expire_at_min_age,
        stores=tuple(
            _describe_store(one, images.get(one.name, ()), plan, rules)
            for one in plan.stores
        ),
        troubles=tuple(map(printable, _tell_troubles(plan, now))),
    )


def _describe_image(verdict: Verdict, now: datetime.datetime) -> HostImage:
    image = verdict.image
    variant = f'/{image.variant}' if image.variant else ''
    return HostImage(
        name=printable(f'{image.image_id}{variant}'),
        store=printable(image.store),
        size=image.size,
        reason=verdict.reason,
        why=printable(explain.sentence(verdict, now)),
        until=verdict.until,
        idle_since=image.marks.unused_since,
        rank=verdict.rank if verdict.evict else None,
    )


def _describe_store(
    store: Store, images: Iterable[HostImage], plan: Plan, rules: Rules
) -> HostStore:
    problem = plan.problems.get(store.name)
    return HostStore(
        name=printable(store.name),
        images=tuple(images),
        total=store.total,
        free=store.free,
        problem=None if problem is None else printable(problem),
        low=rules.low_watermark,
        high=rules.high_watermark,
        marks=tuple(marks.try_marks(store, plan)),
    )


def _tell_troubles(plan: Plan, now: datetime.datetime) -> Iterator[str]:
    """Say what is in the way, the worst first."""
    for store, problem in plan.problems.items():
        yield f'{store} cannot be read: {problem}'
    for one in plan.spaces:
        if one.short:
            yield f'{one.pool}: {explain.shortage(one, now)}'
    yield from blindness.unseen(plan.verdicts)
    yield from blindness.untold(plan.verdicts)
    yield from plan.warnings
