"""Model: what a backend and the control plane say, as values.

All are frozen; times are aware, sizes are bytes.  A value that breaks its
rules cannot be made: ``ValueError`` says which rule and what was given.
"""

from collections.abc import Callable
from collections.abc import Mapping
import dataclasses
import datetime
import enum
import re
from typing import Any
from typing import Protocol

from imagecache_handlers.checked_values import check_count
from imagecache_handlers.checked_values import check_flag
from imagecache_handlers.checked_values import check_mapping
from imagecache_handlers.checked_values import check_moment
from imagecache_handlers.checked_values import check_name
from imagecache_handlers.checked_values import check_size
from imagecache_handlers.checked_values import check_text
from imagecache_handlers.checked_values import check_time
from imagecache_handlers.checked_values import check_users
from imagecache_handlers.checked_values import wrong_type
from imagecache_handlers.checksum import Checksum
from imagecache_handlers.labels import check_owner
from imagecache_handlers.labels import Marks

# What may name an image: it becomes part of file names, folder names and
# queries, so anything that could mean more than a name is refused.
IMAGE_ID = re.compile(r'[A-Za-z0-9_][A-Za-z0-9._-]{0,254}')

# What tells one copy from all others: its store and its location.
Identity = tuple[str, str]


def check_image_id(image_id: str) -> str:
    """Refuse a text that cannot name an image.

    Handlers ignore objects whose id fails here: they are foreign.

    :raises ValueError: when it is not 1 to 255 of ``A-Z a-z 0-9 . _ -``
        that start with a letter, a digit or ``_``.
    """
    check_text('image id', image_id)
    if not IMAGE_ID.fullmatch(image_id):
        raise ValueError(
            f'{image_id[:300]!r} cannot name an image: use 1 to 255 of '
            f'A-Z a-z 0-9 . _ -, first a letter, a digit or _'
        )
    return image_id


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """Where images are kept: an SR, a datastore, a directory.

    ``total`` and ``free`` are None where the backend cannot say.
    ``releasing`` is accepted for deletion and not free yet.  Stores with one
    free space share a ``pool`` (default: the store alone) and are planned as
    one.  ``problem`` says why it cannot be read now; such a store is
    reported and never taken for empty.  ``identity`` tells it from all other
    stores there are, and is the same whichever host asks; None: nobody can
    say, or this host alone has it.
    """

    name: str
    total: int | None = None
    free: int | None = None
    releasing: int = 0
    pool: str = ''
    problem: str | None = None
    identity: str | None = None

    def __post_init__(self) -> None:
        check_name('store', self.name)
        check_size('total', self.total)
        check_size('free', self.free)
        check_count('releasing', self.releasing)
        if self.problem is not None:
            check_text('problem', self.problem)
        if self.identity is not None:
            check_name('identity', self.identity)
        if not self.pool:
            object.__setattr__(self, 'pool', self.name)
        check_name('pool', self.pool)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CachedImage:
    """One copy of an image in one store, as its backend sees it.

    ``(store, location)`` is the identity; ``location`` is the backend's own
    name for the object: a VDI uuid, a datastore path, a file.  ``variant``
    names a file derived from the image, which has a minimum age of its own
    and is never a duplicate.

    ``size`` is what it holds, ``frees`` what an eviction would really
    release: 0 while others share the bytes, None where that is not known.

    ``users`` refer to it as the *backend* sees it.  Empty: nobody does.
    None: this backend can never see users.  ``unknown`` says why it could
    not tell this time, ``busy`` which operation runs on it, ``undeletable``
    why the backend is known to refuse its removal.
    """

    image_id: str
    store: str
    location: str
    variant: str = ''
    size: int
    frees: int | None = None
    cached_at: datetime.datetime | None = None
    users: frozenset[str] | None = None
    unknown: str | None = None
    busy: str | None = None
    undeletable: str | None = None
    marks: Marks = Marks()

    def __post_init__(self) -> None:
        check_image_id(self.image_id)
        check_name('store', self.store)
        check_name('location', self.location)
        check_text('variant', self.variant)
        check_count('size', self.size)
        check_size('frees', self.frees)
        check_time('cached_at', self.cached_at)
        check_users(self.users)
        for said in self.unknown, self.busy, self.undeletable:
            if said is not None:
                check_text('what is said of it', said)
        if not isinstance(self.marks, Marks):
            raise wrong_type('marks', self.marks, 'Marks')

    @property
    def identity(self) -> Identity:
        return self.store, self.location

    @property
    def reclaimable(self) -> int:
        """What to expect from an eviction, in bytes."""
        return self.size if self.frees is None else self.frees


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ImageMeta:
    """What is known of an image before it is cached.

    ``size`` is that of its file, ``virtual_size`` of the disk in it, None
    where that is not known.  ``allocated`` is how many bytes of the file are
    not holes, where that is known.  ``min_disk`` is the size of the smallest
    disk that it fits, ``properties`` what the image service tells drivers.
    """

    image_id: str
    size: int
    disk_format: str
    allocated: int | None = None
    virtual_size: int | None = None
    min_disk: int = 0
    checksum: Checksum | None = None
    properties: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        check_image_id(self.image_id)
        check_count('size', self.size)
        check_text('disk_format', self.disk_format)
        check_size('allocated', self.allocated)
        check_size('virtual_size', self.virtual_size)
        check_count('min_disk', self.min_disk)
        if self.checksum is not None and not isinstance(
            self.checksum, Checksum
        ):
            raise wrong_type('checksum', self.checksum, 'a Checksum')
        check_mapping('properties', self.properties)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """Room in a store that an image on its way in will take.

    It counts for everybody who shares the store until it expires; whoever
    wrote it has its ``token``.
    """

    image_id: str
    store: str
    token: str
    size: int
    until: datetime.datetime

    def __post_init__(self) -> None:
        check_image_id(self.image_id)
        check_name('store', self.store)
        check_owner(self.token)
        check_count('size', self.size)
        check_moment('until', self.until)


class Retired(enum.StrEnum):
    """How the image service has an image that it gives out no more."""

    DELETED = 'deleted'
    DEACTIVATED = 'deactivated'


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Who uses which image, as the control plane says.

    ``complete``: it covers every host that shares the stores, so that an
    image it does not name has no user that it knows of.  Incomplete
    evidence proves use, never absence.

    ``retired`` are images that the image service gives out no more.  It
    says nothing of their users, and overrules nothing that keeps an image.
    """

    users: Mapping[str, frozenset[str]] = dataclasses.field(
        default_factory=dict
    )
    complete: bool = False
    as_of: datetime.datetime
    retired: Mapping[str, Retired] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        check_moment('as_of', self.as_of)
        check_flag('complete', self.complete)
        check_mapping('users', self.users)
        for who in self.users.values():
            if who is None:
                raise wrong_type('users', who, 'a frozenset')
            check_users(who)
        check_mapping('retired', self.retired)
        for image_id, how in self.retired.items():
            if not isinstance(how, Retired):
                raise wrong_type(f'retired {image_id!r}', how, 'Retired')


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One of the hosts that evict from a store, as it is on record there.

    ``looks_at`` names where it looks for users, ``disks`` and ``folders``
    how many it met there last (None: not known), ``as_of`` when that was
    written (None: it is not on record yet).  ``is_this``: it is this host.
    ``blocks`` says why, because of it, no image may go by this host.
    """

    name: str
    store: str
    looks_at: tuple[str, ...] = ()
    disks: int | None = None
    folders: int | None = None
    as_of: datetime.datetime | None = None
    is_this: bool = False
    blocks: str | None = None

    def __post_init__(self) -> None:
        check_name('host', self.name)
        check_name('store', self.store)
        if not isinstance(self.looks_at, tuple):
            raise wrong_type('looks_at', self.looks_at, 'a tuple')
        for place in self.looks_at:
            check_text('looks_at', place)
        check_size('disks', self.disks)
        check_size('folders', self.folders)
        check_time('as_of', self.as_of)
        check_flag('is_this', self.is_this)
        if self.blocks is not None:
            check_text('blocks', self.blocks)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Debris:
    """What a broken operation of ours left behind; never a cached image."""

    store: str
    location: str
    size: int
    since: datetime.datetime | None
    why: str

    def __post_init__(self) -> None:
        check_name('store', self.store)
        check_name('location', self.location)
        check_count('size', self.size)
        check_time('since', self.since)
        check_text('why', self.why)


class SupportsLessThan(Protocol):
    def __lt__(self, other: Any, /) -> bool: ...


# All that a policy plug-in is: the image with the smallest value goes first.
# It never sees a blocked image.
Order = Callable[[CachedImage, datetime.datetime], SupportsLessThan]
