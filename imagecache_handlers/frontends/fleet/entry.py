"""Entry: the note by which a host tells the fleet what it has cached."""

import array
import base64
from collections.abc import Sequence
import dataclasses
import json
import sys

from imagecache_handlers.frontends.fleet.board import check_part
from imagecache_handlers.frontends.fleet.board import LONGEST_NOTE
from imagecache_handlers.frontends.fleet.digest import Digest

_EDITION = 1
# What an entry has beside its images, names of 253 characters included.
_FRAME = 768
# Of ``make_digest``, which counts five bytes an image where it is 16 thirds
# here: so quick to read that a thousand hosts are read in one go.
DIGEST_BUDGET = (LONGEST_NOTE - _FRAME) * 15 // 16
_PREFIX = 4  # bytes of an image, of which the first is the highest
# Of a hundred: free space is told no finer, for it changes always.
_STEPS = 100


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one host tells: its name, its digest, and of which store.

    ``store`` tells that store from all others, and is the same from whichever
    host it is seen (None: this host alone has it); ``shared_store`` is what
    people call it.
    """

    host: str
    digest: Digest
    shared_store: str | None = None
    store: str | None = None

    def __post_init__(self) -> None:
        check_part('host', self.host)
        if self.shared_store is not None:
            check_part('shared store', self.shared_store)
        if self.store is not None:
            check_part('store', self.store)

    def encode(self) -> bytes:
        """Write it, in at most ``LONGEST_NOTE`` bytes.

        :raises ValueError: when it takes more.
        """
        digest = self.digest
        told: dict[str, object] = {
            'edition': _EDITION,
            'host': self.host,
            'digest': _without_images(digest).encode(),
            'whole': _pack_prefixes(digest.whole),
            'coming': _pack_prefixes(digest.coming),
        }
        data = _dump(told | self._name_stores())
        if len(data) > LONGEST_NOTE:
            raise ValueError(f'{len(data)} bytes are over {LONGEST_NOTE}')
        return data

    def refer(self) -> bytes:
        """Write of which store it is, and nothing of what is in it."""
        told: dict[str, object] = {'edition': _EDITION, 'host': self.host}
        return _dump(told | self._name_stores())

    def _name_stores(self) -> dict[str, object]:
        names = {'shared_store': self.shared_store, 'store': self.store}
        return {key: name for key, name in names.items() if name is not None}

    @staticmethod
    def decode(data: bytes) -> 'Entry':
        """Read what ``encode`` wrote.

        :raises ValueError: for anything else, and says what is wrong.
        """
        return Entry.read(read_note(data, _EDITION))

    @staticmethod
    def read(told: dict[str, object]) -> 'Entry':
        """Read the note that ``encode`` wrote.

        :raises ValueError: for anything else, and says what is wrong.
        """
        digest = dataclasses.replace(
            Digest.decode(read_text(told, 'digest')),
            whole=_unpack_prefixes(read_text(told, 'whole')),
            coming=_unpack_prefixes(read_text(told, 'coming')),
        )
        return Entry(
            host=read_text(told, 'host'),
            digest=digest,
            shared_store=read_optional_text(told, 'shared_store'),
            store=read_optional_text(told, 'store'),
        )

    def tells_as(self, other: 'Entry') -> bool:
        """Tell if another says the same, but for its time.

        Free space counts in hundredths of the whole.
        """
        names, others = (
            (one.host, one.shared_store, one.store) for one in (self, other)
        )
        return names == others and self.lists_as(other)

    def lists_as(self, other: 'Entry') -> bool:
        """Tell if another says the same of a store, whoever tells it."""
        return self._essence() == other._essence()

    def _essence(self) -> tuple[object, ...]:
        digest = self.digest
        free = digest.free
        if free is not None and digest.total:
            free = free * _STEPS // digest.total
        return (
            (free, digest.total, digest.count),
            digest.is_complete,
            tuple(digest.whole),
            tuple(digest.coming),
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What a host tells whose store is told of by one for all."""

    host: str
    store: str
    shared_store: str | None = None


def decode_told(data: bytes) -> Entry | Reference:
    """Read what a host tells: what it has, or of which store it is.

    :raises ValueError: for anything else, and says what is wrong.
    """
    told = read_note(data, _EDITION)
    if 'digest' in told or 'store' not in told:
        return Entry.read(told)
    return Reference(
        host=read_text(told, 'host'),
        store=check_part('store', read_text(told, 'store')),
        shared_store=read_optional_text(told, 'shared_store'),
    )


def _dump(told: dict[str, object]) -> bytes:
    return json.dumps(told, separators=(',', ':')).encode()


def _without_images(digest: Digest) -> Digest:
    return dataclasses.replace(digest, whole=(), coming=())


def _pack_prefixes(prefixes: Sequence[int]) -> str:
    packed = array.array('I', prefixes)
    if sys.byteorder == 'little':
        packed.byteswap()
    return base64.b64encode(packed.tobytes()).decode()


def _unpack_prefixes(text: str) -> Sequence[int]:
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        raise ValueError('its images are no base64') from None
    if len(data) % _PREFIX:
        raise ValueError(f'{len(data)} bytes are no prefixes of {_PREFIX}')
    found = array.array('I', data)
    if sys.byteorder == 'little':
        found.byteswap()
    # By what Python does at once for all of them, and not one by one.
    given = found.tolist()
    if sorted(given) != given or len(set(given)) != len(given):
        raise ValueError('its images are not sorted')
    return memoryview(found.tobytes()).cast('I')


def read_note(data: bytes, edition: int) -> dict[str, object]:
    """Read a note of this edition: an object of JSON.

    :raises ValueError: when it is anything else, and says what is wrong.
    """
    if len(data) > LONGEST_NOTE:
        raise ValueError(f'it is longer than {LONGEST_NOTE} bytes')
    try:
        told = json.loads(data)
    except (ValueError, RecursionError):
        raise ValueError('it is no JSON') from None
    if not isinstance(told, dict):
        raise ValueError('it is no object of JSON')
    if told.get('edition') != edition:
        raise ValueError(
            f'its edition is {str(told.get("edition"))[:20]!r}, not {edition}'
        )
    return told


def read_text(told: dict[str, object], name: str) -> str:
    """Give a text of a note.

    :raises ValueError: when it has none of that name.
    """
    found = told.get(name)
    if not isinstance(found, str):
        raise ValueError(f'its {name} is no text')
    return found


def read_optional_text(told: dict[str, object], name: str) -> str | None:
    """Give a text of a note; None: it has none of that name.

    :raises ValueError: when that is no text.
    """
    return read_text(told, name) if told.get(name) is not None else None
