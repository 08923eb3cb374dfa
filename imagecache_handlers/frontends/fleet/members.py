"""Members: the hosts of a fleet, by what stands on its board."""

import collections
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses

from imagecache_handlers.frontends.fleet.board import Board
from imagecache_handlers.frontends.fleet.board import check_part
from imagecache_handlers.frontends.fleet.entry import decode_told
from imagecache_handlers.frontends.fleet.entry import Entry

HOSTS = 'hosts'
# Of stores that several hosts may share: what one of them tells for all.
STORES = 'stores'
ALIVE = 'alive'
# How long what a host told is kept once it tells no more: 30 days.
KEPT = 30 * 24 * 3600
_NONE: Mapping[str, bytes] = {}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One host: what it told last, and if somebody is there to tell more.

    ``entry`` None: it told nothing yet, or ``problem`` says what is wrong
    with that.  ``is_alive`` False: what it told is stale.  ``shared_store``
    is what the store is called that others have as well, None: it has one of
    its own.
    """

    host: str
    entry: Entry | None
    is_alive: bool
    problem: str | None = None
    shared_store: str | None = None


def read_members(board: Board) -> list[Member]:
    """Give all hosts, by their names; what is strange spoils no other.

    :raises BoardLost: when they cannot be read.
    """
    # In this order: of what hosts refer to, all has been told before.
    told = board.read_all(HOSTS)
    stores = board.read_all(STORES)
    return judge_members(told, board.read_all(ALIVE), stores)


def judge_members(
    told: Mapping[str, bytes],
    alive: Iterable[str],
    stores: Mapping[str, bytes] = _NONE,
) -> list[Member]:
    """Make members of the notes that hosts wrote, by their names."""
    here = frozenset(alive)
    judge = _Judge(stores)
    found = [
        judge.judge_note(host, told.get(host), is_alive=host in here)
        for host in sorted({*told, *here})
    ]
    return list(judge.name_shared(found))


class _Judge:
    """Reads notes of hosts; that of a store once, whoever has it."""

    def __init__(self, stores: Mapping[str, bytes]) -> None:
        self._stores = stores
        self._read: dict[str, Entry] = {}
        # By the host: of which store it is.
        self._store_of: dict[str, str] = {}

    def judge_note(
        self, host: str, data: bytes | None, *, is_alive: bool
    ) -> Member:
        try:
            check_part('host', host)
            entry = None if data is None else self._read_entry(host, data)
        except ValueError as error:
            return Member(
                host=host, entry=None, is_alive=is_alive, problem=str(error)
            )
        return Member(
            host=host,
            entry=entry,
            is_alive=is_alive,
            shared_store=None if entry is None else entry.shared_store,
        )

    def name_shared(self, found: Iterable[Member]) -> Iterator[Member]:
        """Name the stores that several have and nobody named."""
        counts = collections.Counter(self._store_of.values())
        for one in found:
            store = self._store_of.get(one.host)
            if store and counts[store] > 1 and one.shared_store is None:
                yield dataclasses.replace(one, shared_store=store)
            else:
                yield one

    def _read_entry(self, host: str, data: bytes) -> Entry:
        found = decode_told(data)
        if found.host != host:
            raise ValueError(f'it says that it is of {found.host[:80]!r}')
        if isinstance(found, Entry):
            return found
        entry = self._read_store(found.store)
        self._store_of[host] = found.store
        return dataclasses.replace(
            entry, host=host, shared_store=found.shared_store
        )

    def _read_store(self, store: str) -> Entry:
        if store not in self._read:
            if store not in self._stores:
                raise ValueError('nobody tells what is in its store')
            entry = Entry.decode(self._stores[store])
            if entry.store != store:
                raise ValueError('what is told of its store is of another')
            self._read[store] = entry
        return self._read[store]


def lacks_of(
    members: Iterable[Member], image_ids: Iterable[str]
) -> list[tuple[Member, str, str]]:
    """Give each host, with each of these images that it lacks, and how.

    The word is ``missing``, ``coming``, or ``unknown`` where the host told
    nothing of use, or not of all that it has.
    """
    wanted = list(image_ids)
    return [
        (member, image_id, state)
        for member in members
        for image_id in wanted
        if (state := state_of(member, image_id)) != 'cached'
    ]


def count_unknown(members: Iterable[Member], image_id: str) -> int:
    """Count the hosts of which nobody knows if they have an image."""
    states = [state_of(one, image_id) for one in members]
    return states.count('unknown')


def state_of(member: Member, image_id: str) -> str:
    """Say what a host has of an image.

    ``cached``, ``coming``, ``missing``; or ``unknown``.
    """
    digest = member.entry.digest if member.entry else None
    if digest is None:
        return 'unknown'
    if digest.has_image(image_id):
        return 'cached'
    if digest.awaits_image(image_id):
        return 'coming'
    return 'missing' if digest.is_complete else 'unknown'
