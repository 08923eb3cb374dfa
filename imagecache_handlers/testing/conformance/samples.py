"""Samples: what the kit puts in and hands out."""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterator
import concurrent.futures
import dataclasses
import datetime
import io
import threading
from typing import Any
from typing import BinaryIO
from typing import TypeVar

from imagecache_handlers.labels import claim_label
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Debris
from imagecache_handlers.model import IMAGE_ID

ONE = 'c0ffee00-0000-4000-8000-000000000001'
TWO = 'c0ffee00-0000-4000-8000-000000000002'
KIN = f'{ONE}_20'  # begins like ONE, as a resized copy of Nova's does

MIXED = 'C0FFEE00-Mixed_Case.000000000001'

# They match something only where an id is taken for a pattern or a path.
STRANGERS = (
    '*',
    '%',
    '.*',
    '..',
    f'{ONE[:-1]}?',
    f'{ONE[:-1]}*',
    ONE[:-1],
    f'./{ONE}',
    f"{ONE}' or '1'='1",
    'ffffffff-ffff-4fff-8fff-ffffffffffff',
)

# Valid ids that a backend's own names might collide with, or not hold.
TRICKY = (
    '_',
    'a..b',
    'a.lock',
    'a.part',
    'a.tmp',
    'a.vmdk',
    'labels.json',
    'x' * 255,
)

# Of every form that a label can have, two of which begin alike.
LABELS = frozenset(
    {
        '00',
        'z' * 96,
        'site.a',
        'site.a.b',
        'site.a-_.9',
        'shield',
        'unused.never',
        'claim.no-time',
        'pin.not.an.owner',
    }
)

NOW = datetime.datetime(2026, 11, 22, 8, 22, tzinfo=datetime.UTC)
LATER = NOW + datetime.timedelta(hours=1)
A_DAY = datetime.timedelta(days=1)
CLAIM = claim_label('5f0c', LATER)

PART = 2**14
LARGE = 2**24
ABILITIES = (
    *('room', 'add', 'debris', 'clean', 'evict_many', 'mark_many'),
    *('reserve', 'reservations', 'unreserve'),
)
WRITERS = 4
ROUNDS = 8
PAUSE = 0.001
A_MOMENT = 5.0  # seconds, for what may wait for the call that runs
PATIENCE = 60.0  # seconds, for threads that wait for each other

_Given = TypeVar('_Given')
_Got = TypeVar('_Got')


def at_once(
    work: Callable[[_Given], _Got], subjects: Collection[_Given]
) -> list[_Got]:
    """Do the work on each subject, all started together."""
    barrier = threading.Barrier(len(subjects))

    def start(subject: _Given) -> _Got:
        barrier.wait(PATIENCE)
        return work(subject)

    with concurrent.futures.ThreadPoolExecutor(len(subjects)) as pool:
        return list(pool.map(start, subjects))


def in_a_thread(work: Callable[[], object]) -> None:
    """Do the work as another host would; what waits for a lock goes on."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(A_MOMENT)


def claimed(whose: str = '5f0c') -> str:
    """Give a claim that lasts until long after the test."""
    return claim_label(whose, datetime.datetime.now(datetime.UTC) + A_DAY)


def is_about(wanted: int, told: int) -> bool:
    """Tell if bytes are counted in bytes: blocks and holes are allowed."""
    return wanted // 2 <= told <= 2 * wanted


def impostors(
    image: CachedImage, names: Collection[str]
) -> Iterator[CachedImage]:
    """Hand out foreign objects as if they were cached images."""
    for name in tellable(names):
        yield dataclasses.replace(image, location=name)
        if IMAGE_ID.fullmatch(name):
            yield dataclasses.replace(image, image_id=name, location=name)


def tellable(names: Collection[str]) -> list[str]:
    """Give those that a value can carry: a handler is told of no others."""
    return [name for name in names if name and name.isprintable()]


def as_debris(store: str, location: str) -> Debris:
    return Debris(
        store=store, location=location, size=1, since=None, why='the kit'
    )


class Cut(OSError):
    """The connection to where an image comes from broke."""


class _Stream(io.RawIOBase):
    """Content in small parts; ``meet`` is told the bytes of each first."""

    def __init__(self, data: bytes, meet: Callable[[int], object]) -> None:
        self._rest = data
        self._meet = meet

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self._rest[: min(len(buffer), PART)]
        self._meet(len(part))
        self._rest = self._rest[len(part) :]
        buffer[: len(part)] = part
        return len(part)


def stream(data: bytes, meet: Callable[[int], object]) -> BinaryIO:
    return io.BufferedReader(_Stream(data, meet), PART)
