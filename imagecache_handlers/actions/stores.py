"""Stores: going over all of them, and what such a pass found."""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from concurrent import futures
import dataclasses
import logging
from typing import Generic
from typing import TypeVar

from imagecache_handlers.actions.guard import GuardedHandler
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import StoreNotFound
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Store

LOG = logging.getLogger(__name__)

T = TypeVar('T')


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Found(Generic[T]):
    """What a pass over stores found, in their order.

    ``problems`` says, by their names, why stores were not read, or nothing
    could be done in them.
    """

    stores: tuple[Store, ...]
    items: tuple[T, ...]
    problems: Mapping[str, str]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Inventory(Found[CachedImage]):
    """What is cached where; ``problems`` names the stores not read.

    ``remarks`` says, store by store, what was looked at for users.
    """

    remarks: Mapping[str, tuple[str, ...]] = dataclasses.field(
        default_factory=dict
    )

    @property
    def images(self) -> tuple[CachedImage, ...]:
        return self.items


def choose_stores(
    handler: GuardedHandler, names: Collection[str] | None
) -> tuple[Store, ...]:
    """Give all stores, or those named.

    :raises StoreNotFound: when a named store does not exist.
    """
    found = handler.stores()
    known = [store.name for store in found]
    for name in names or ():
        if name not in known:
            there = ', '.join(known) or 'none'
            raise StoreNotFound(name, f'there are only: {there}')
    return tuple(
        store for store in found if names is None or store.name in names
    )


def for_each_store(
    handler: GuardedHandler, names: Iterable[str], work: Callable[[str], T]
) -> list[T | CacheError]:
    """Work on stores at once, as far as the handler bears it.

    The error of a store stands in the place of its result, so that one
    store's failure ends no other's.
    """

    def survive_failure(name: str) -> T | CacheError:
        try:
            return work(name)
        except CacheError as error:
            # For the caller, who has it, to judge.
            LOG.info('Store %s: %s', name, error)
            return error

    names = list(names)
    threads = min(handler.parallel, len(names))
    if threads <= 1:
        return [survive_failure(name) for name in names]
    with futures.ThreadPoolExecutor(threads) as pool:
        return list(pool.map(survive_failure, names))


def collect_items(
    handler: GuardedHandler,
    names: Collection[str] | None,
    work: Callable[[str], Iterable[T]],
) -> Found[T]:
    """Work on every store, or those named; a problem is kept by name.

    :raises StoreNotFound: when a named store does not exist.
    """
    chosen = choose_stores(handler, names)
    problems = {one.name: one.problem for one in chosen if one.problem}
    sound = [one.name for one in chosen if not one.problem]
    items: list[T] = []
    for name, found in zip(
        sound, for_each_store(handler, sound, work), strict=True
    ):
        if isinstance(found, CacheError):
            problems[name] = describe_problem(name, found)
        else:
            items += found
    return Found(stores=chosen, items=tuple(items), problems=problems)


def for_each_readable_store(
    handler: GuardedHandler, store: str | None, work: Callable[[str], T]
) -> list[T | CacheError]:
    """Work on one store or on all; a store with a problem is an error."""
    chosen = choose_stores(handler, None if store is None else [store])
    problems = [
        StoreUnavailable(one.name, one.problem)
        for one in chosen
        if one.problem
    ]
    names = [one.name for one in chosen if not one.problem]
    return [*for_each_store(handler, names, work), *problems]


def describe_problem(store: str, error: CacheError) -> str:
    """Say what is wrong with a store, which is named beside it."""
    if isinstance(error, StoreUnavailable) and error.store == store:
        return error.why
    return str(error)


def all_or_raise(done: Iterable[list[T] | CacheError]) -> list[T]:
    """Give all results; one error stands for a whole that is not known."""
    gathered: list[T] = []
    for one in done:
        if isinstance(one, CacheError):
            raise one
        gathered += one
    return gathered


def any_or_raise(done: Collection[list[T] | CacheError]) -> list[T]:
    """Give the results that there are; an error only if there are none."""
    gathered = [each for one in done if isinstance(one, list) for each in one]
    if not gathered:
        return all_or_raise(done)
    for one in done:
        if isinstance(one, CacheError):
            LOG.warning('Not in every store: %s', one)
    return gathered
