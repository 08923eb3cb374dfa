"""Stores: what a look at all of them found, and which it could not read."""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import logging
from typing import TypeVar

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Debris
from imagecache_handlers.model import Host
from imagecache_handlers.model import Store

LOG = logging.getLogger(__name__)

T = TypeVar('T')


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What is cached where; ``problems`` names the stores not read.

    ``remarks`` says, store by store, what was looked at for users.
    """

    stores: tuple[Store, ...]
    images: tuple[CachedImage, ...]
    problems: Mapping[str, str]
    remarks: Mapping[str, tuple[str, ...]] = dataclasses.field(
        default_factory=dict
    )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Remains:
    """What broken operations left; ``problems`` names the stores not read."""

    debris: tuple[Debris, ...]
    problems: Mapping[str, str]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Hosts:
    """Who evicts where; ``problems`` names the stores not read."""

    hosts: tuple[Host, ...]
    problems: Mapping[str, str]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """In which stores something was done; ``problems``: not in those."""

    stores: tuple[str, ...]
    problems: Mapping[str, str]


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
