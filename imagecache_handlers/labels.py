"""Labels: what they mean on a cached image, and how they are written.

Labels live beside the image and are seen by every host.  A label fits a
folder name, a file name and a XenAPI ``other_config`` key::

    unused.20261122t082200z         no user was found at that time, nor since
    pin.ops                         pinned by ops until it is unpinned
    pin.ops.20261201t000000z        pinned by ops until then
    lease.vm-17.20261122t083000z    vm-17 is being made from the image
    claim.5f0c.20261122t083200z     5f0c is about to evict it
    hits.12                         taken into use twelve times
    seen.20261101t120000z           a sweep first met this very object then
    shield                          it is kept, and others are to see that
    sha256.9f86d0...                its bytes hashed to that when it came
"""

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import datetime
import re

from imagecache_handlers.checked_values import check_text

LABEL = re.compile(r'[a-z0-9][a-z0-9._-]{0,94}[a-z0-9]')
OWNER = re.compile(r'[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?')

_KINDS = frozenset(
    {'unused', 'seen', 'pin', 'lease', 'claim', 'hits', 'shield', 'sha256'}
)

# What a backend turns into a mark that other cleaners respect.
SHIELD = 'shield'

# A last use further in the future than this is a clock's mistake.
FUTURE = datetime.timedelta(minutes=5)

_TIME = re.compile(r'(\d{4})(\d\d)(\d\d)t(\d\d)(\d\d)(\d\d)z', flags=re.ASCII)
_COUNT = re.compile(r'\d{1,12}', flags=re.ASCII)
_SHA256 = re.compile(r'[0-9a-f]{64}', flags=re.ASCII)
_MOST_HITS = 10**12 - 1
_LAST = datetime.datetime.max.replace(microsecond=0, tzinfo=datetime.UTC)
_ONE_SECOND = datetime.timedelta(seconds=1)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Relabel:
    """A change to the labels of one image: each added, then each removed."""

    add: frozenset[str] = frozenset()
    remove: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.add or self.remove)


NO_CHANGE = Relabel()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """The decoded labels of one image; made by ``Marks.read``.

    Labels of unknown kinds are carried along.  A malformed label of a kind
    that we know means nothing; it stands in ``malformed`` and a plan warns of
    it.  Of several labels of one kind the most protective wins.
    """

    labels: frozenset[str] = frozenset()
    # The rest follows from the labels, so it is neither compared nor hashed.
    unused_since: datetime.datetime | None = dataclasses.field(
        default=None, compare=False
    )
    pins: Mapping[str, datetime.datetime | None] = dataclasses.field(
        default_factory=dict, compare=False
    )
    leases: Mapping[str, datetime.datetime] = dataclasses.field(
        default_factory=dict, compare=False
    )
    claims: Mapping[str, datetime.datetime] = dataclasses.field(
        default_factory=dict, compare=False
    )
    hits: int = dataclasses.field(default=0, compare=False)
    seen: datetime.datetime | None = dataclasses.field(
        default=None, compare=False
    )
    sha256: str | None = dataclasses.field(default=None, compare=False)
    malformed: frozenset[str] = dataclasses.field(
        default=frozenset(), compare=False
    )

    @staticmethod
    def read(labels: Iterable[str]) -> 'Marks':
        """Decode labels, of whatever origin; nothing in them is fatal."""
        labels = frozenset(labels)
        return _decode_labels(labels) if labels else _NONE

    def labels_of(
        self, kind: str, subject: str | None = None
    ) -> frozenset[str]:
        """Give the labels of a kind (about one subject), malformed or not."""
        if not self.labels:
            return self.labels
        stem = kind if subject is None else f'{kind}.{subject}'
        begin = f'{stem}.'
        return frozenset(
            [
                label
                for label in self.labels
                if label == stem or label.startswith(begin)
            ]
        )


_NONE = Marks()


def _decode_labels(labels: frozenset[str]) -> Marks:
    unused: list[datetime.datetime] = []
    seen: list[datetime.datetime] = []
    pins: dict[str, datetime.datetime | None] = {}
    leases: dict[str, datetime.datetime] = {}
    claims: dict[str, datetime.datetime] = {}
    hits = 0
    sums: list[str] = []
    malformed = []
    for label in labels:
        match label.split('.'):
            case ['unused', time] if at := read_time(time):
                unused.append(at)
            case ['seen', time] if at := read_time(time):
                seen.append(at)
            case ['pin', owner] if OWNER.fullmatch(owner):
                pins[owner] = None
            case ['pin', owner, time] if at := _read_owned_time(owner, time):
                pins[owner] = _longest_time(pins.get(owner, at), at)
            case ['lease', owner, time] if at := _read_owned_time(owner, time):
                leases[owner] = max(leases.get(owner, at), at)
            case ['claim', token, time] if at := _read_owned_time(token, time):
                claims[token] = max(claims.get(token, at), at)
            case ['hits', count] if _COUNT.fullmatch(count):
                hits = max(hits, int(count))
            case ['sha256', value] if _SHA256.fullmatch(value):
                sums.append(value)
            case ['shield']:
                continue  # it says all that it means
            case [kind, *_] if kind in _KINDS:
                malformed.append(label)
    return Marks(
        labels=labels,
        unused_since=max(unused, default=None),
        pins=pins,
        leases=leases,
        claims=claims,
        hits=hits,
        seen=max(seen, default=None),
        # Of two nobody knows which one is right.
        sha256=sums[0] if len(sums) == 1 else None,
        malformed=frozenset(malformed),
    )


def _read_owned_time(owner: str, time: str) -> datetime.datetime | None:
    return read_time(time) if OWNER.fullmatch(owner) else None


def _longest_time(
    one: datetime.datetime | None, other: datetime.datetime | None
) -> datetime.datetime | None:
    return None if one is None or other is None else max(one, other)


def read_time(text: str) -> datetime.datetime | None:
    """Decode ``20261122t082200z``; None for anything else."""
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    try:
        year, month, day, hour, minute, second = map(int, found.groups())
        return datetime.datetime(
            year, month, day, hour, minute, second, tzinfo=datetime.UTC
        )
    except ValueError:
        return None


def write_time(at: datetime.datetime) -> str:
    """Encode an aware time in whole seconds, rounded up: never too early.

    :raises ValueError: when it does not say its zone.
    """
    if at.tzinfo is None:
        raise ValueError(f'{at} must be an aware time')
    at = at.astimezone(datetime.UTC)
    if at.microsecond:
        at = at.replace(microsecond=0)
        at = min(at, _LAST - _ONE_SECOND) + _ONE_SECOND
    # Not strftime: it does not pad the years before 1000.
    return (
        f'{at.year:04}{at.month:02}{at.day:02}'
        f't{at.hour:02}{at.minute:02}{at.second:02}z'
    )


def unused_label(at: datetime.datetime) -> str:
    return f'unused.{write_time(at)}'


def was_seen(marks: Marks, now: datetime.datetime) -> bool:
    """Tell if a sweep has seen it; one well in the future has not."""
    return marks.seen is not None and marks.seen <= now + FUTURE


def seen_label(at: datetime.datetime) -> str:
    return f'seen.{write_time(at)}'


def hits_label(count: int) -> str:
    return f'hits.{min(count, _MOST_HITS)}'


def pin_label(owner: str, until: datetime.datetime | None) -> str:
    if until is None:
        return f'pin.{check_owner(owner)}'
    return f'pin.{check_owner(owner)}.{write_time(until)}'


def lease_label(owner: str, until: datetime.datetime) -> str:
    return f'lease.{check_owner(owner)}.{write_time(until)}'


def claim_label(token: str, until: datetime.datetime) -> str:
    return f'claim.{check_owner(token)}.{write_time(until)}'


def sha256_label(value: str) -> str:
    """Record what the bytes of an image hash to, in lower-case hex."""
    return check_label(f'sha256.{value}')


def check_owner(owner: str) -> str:
    """Refuse an owner that no label can carry.

    :raises ValueError: when it is not 1 to 64 of ``a-z 0-9 _ -``.
    """
    check_text('owner', owner)
    if not OWNER.fullmatch(owner):
        raise ValueError(
            f'owner {owner!r} cannot be written on an image: use 1 to 64 of '
            f'a-z 0-9 _ -, with a letter or digit at both ends'
        )
    return owner


def check_label(label: str) -> str:
    """Refuse a text that is not a label.

    :raises ValueError: when it does not match ``LABEL``.
    """
    check_text('label', label)
    if not LABEL.fullmatch(label):
        raise ValueError(f'{label!r} is not a label: {LABEL.pattern}')
    return label
