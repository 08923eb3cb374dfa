"""Members: the hosts of a fleet, by what stands on its board."""

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses

from imagecache_handlers.frontends.fleet.board import Board
from imagecache_handlers.frontends.fleet.board import check_part
from imagecache_handlers.frontends.fleet.entry import Entry

HOSTS = 'hosts'
ALIVE = 'alive'
# How long what a host told is kept once it tells no more: 30 days.
KEPT = 30 * 24 * 3600


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One host: what it told last, and if somebody is there to tell more.

    ``entry`` None: it told nothing yet, or ``problem`` says what is wrong
    with that.  ``is_alive`` False: what it told is stale.
    """

    host: str
    entry: Entry | None
    is_alive: bool
    problem: str | None = None


def read_members(board: Board) -> list[Member]:
    """Give all hosts, by their names; what is strange spoils no other.

    :raises BoardLost: when they cannot be read.
    """
    told = board.read_all(HOSTS)
    return judge_members(told, board.read_all(ALIVE))


def judge_members(
    told: Mapping[str, bytes], alive: Iterable[str]
) -> list[Member]:
    """Make members of the notes that hosts wrote, by their names."""
    here = frozenset(alive)
    return [
        _judge_note(host, told.get(host), is_alive=host in here)
        for host in sorted({*told, *here})
    ]


def _judge_note(host: str, data: bytes | None, *, is_alive: bool) -> Member:
    try:
        check_part('host', host)
        entry = None if data is None else _read_entry(host, data)
    except ValueError as error:
        return Member(
            host=host, entry=None, is_alive=is_alive, problem=str(error)
        )
    return Member(host=host, entry=entry, is_alive=is_alive)


def _read_entry(host: str, data: bytes) -> Entry:
    entry = Entry.decode(data)
    if entry.host != host:
        raise ValueError(f'it says that it is of {entry.host[:80]!r}')
    return entry


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
