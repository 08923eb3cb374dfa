"""Telling: what a host tells the fleet, written where it is new, and kept."""

from collections.abc import Callable
import dataclasses

from imagecache_handlers.frontends.fleet.board import Board
from imagecache_handlers.frontends.fleet.board import Glance
from imagecache_handlers.frontends.fleet.digest import Digest
from imagecache_handlers.frontends.fleet.digest import freeze_prefixes
from imagecache_handlers.frontends.fleet.entry import Entry
from imagecache_handlers.frontends.fleet.lead import Lead
from imagecache_handlers.frontends.fleet.members import HOSTS
from imagecache_handlers.frontends.fleet.members import KEPT
from imagecache_handlers.frontends.fleet.members import STORES

# What is told stays for much longer than this without being written anew.
_REWRITTEN = 24 * 3600.0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Note:
    """What was written under a name, and when."""

    data: bytes
    at: float


class Teller:
    """Keeps on the board what one host tells; ``entry`` is what it has now.

    What is in a store that others have as well is told by one of them, under
    the name of the store: who leads, or has news of it.
    """

    def __init__(
        self,
        board: Board,
        host: str,
        member_ttl: int,
        *,
        monotonic: Callable[[], float],
    ) -> None:
        self.entry: Entry | None = None
        self._board = board
        self._name = f'{HOSTS}/{host}'
        self._ttl = member_ttl
        self._monotonic = monotonic
        self._notes: dict[str, _Note] = {}
        # What the note of this host is made of.
        self._told: Entry | None = None
        # What was last compared with the note of the store, and its lead.
        self._compared: Entry | None = None
        self._lead: Lead | None = None
        self._has_taken_back = False
        self._seen = Glance()

    def forget(self) -> None:
        """Have all looked at, and told anew: the board may have lost it."""
        self._notes.clear()
        self._told = self._compared = None

    def names(self) -> list[str]:
        """Give the notes that are to be looked at before ``publish``."""
        lead = self._lead
        if lead is None:
            return [self._name]
        return [self._name, lead.name, f'{STORES}/{lead.store}']

    def publish(self, seen: Glance) -> None:
        """Have the board tell what this host has, after a look at it.

        :raises BoardLost: when it may not.
        """
        self._seen = seen
        entry = self.entry
        if entry is None:
            self._take_back()
            return
        self._change_lead(entry)
        if self._lead is None:
            self._keep_note(self._name, self._write_once(entry))
            return
        # First: so who finds a host that refers to it finds it as well.
        self._publish_store(entry, self._lead)
        self._keep_note(self._name, entry.refer())

    def end(self) -> None:
        """Leave the lead to others."""
        if self._lead is not None:
            self._lead.leave()

    def _read(self, name: str) -> bytes | None:
        if name in self._seen.asked:
            return self._seen.notes.get(name)
        return self._board.read(name)

    def _take_back(self) -> None:
        """Remove what an agent told that is no more; the host may be new.

        Else it would stand there as what the living one says.
        """
        if not self._has_taken_back:
            self._board.remove(self._name)
            self._has_taken_back = True

    def _write_once(self, entry: Entry) -> bytes:
        """Give the note of an entry: as it was, where that is no news."""
        before = self._notes.get(self._name)
        if before and self._told is not None and self._told.tells_as(entry):
            return before.data
        self._told = entry
        return entry.encode()

    def _keep_note(self, name: str, data: bytes) -> None:
        """Have a note on the board, and stay there."""
        before = self._notes.get(name)
        if (
            before is not None
            and before.data == data
            and self._monotonic() - before.at < _REWRITTEN
            # The board may have lost what it had confirmed.
            and self._read(name) == data
        ):
            return
        self._board.write_all({name: data}, KEPT)
        self._notes[name] = _Note(data=data, at=self._monotonic())

    def _change_lead(self, entry: Entry) -> None:
        """Have the lead of that store, and of no other."""
        lead = self._lead
        if lead is not None and lead.store != entry.store:
            lead.leave()
            self._lead = self._compared = None
        if self._lead is None and entry.store is not None:
            self._lead = Lead(self._board, entry.store, self._ttl)

    def _publish_store(self, entry: Entry, lead: Lead) -> None:
        name = f'{STORES}/{entry.store}'
        if self._is_new(entry) and self._tell_news(name, entry, lead):
            return
        if lead.hold(self._read(lead.name)):
            self._keep_store(name, entry)
        else:
            self._notes.pop(name, None)

    def _is_new(self, entry: Entry) -> bool:
        """Tell if it is to be compared with what stands there.

        Each look is, for another that looked before it may have told later.
        """
        before = self._compared
        return (
            before is None
            or before.digest.as_of != entry.digest.as_of
            or not before.lists_as(entry)
        )

    def _tell_news(self, name: str, entry: Entry, lead: Lead) -> bool:
        """Write what another may not know; False: it stands there already."""
        there = self._read_store(name, entry)
        new = _merge(there, self._compared, entry)
        if there is not None and there.lists_as(new):
            self._compared = entry
            return False
        # Who leads would write over it what was there before.
        if lead.seize():
            self._keep_note(name, new.encode())
            self._compared = entry
        return True

    def _keep_store(self, name: str, entry: Entry) -> None:
        """Keep what stands there, which another may have told before."""
        if name not in self._notes:
            there = self._read_store(name, entry)
            data = (there or entry).encode()
            self._notes[name] = _Note(data=data, at=self._monotonic())
        self._keep_note(name, self._notes[name].data)

    def _read_store(self, name: str, entry: Entry) -> Entry | None:
        """Give what is told of the store; None: nothing that is of use."""
        data = self._read(name)
        try:
            there = None if data is None else Entry.decode(data)
        except ValueError:
            return None
        return there if there and there.store == entry.store else None


def _merge(there: Entry | None, before: Entry | None, entry: Entry) -> Entry:
    """Give what is to stand there: a new look is, else what it adds is.

    Others may have told of images that came since this host looked.  Who
    joins again may have looked long ago: a later look stays.
    """
    if there is None:
        return entry
    if before is None:
        is_late = there.digest.as_of > entry.digest.as_of
        return there if is_late else entry
    if before.digest.as_of != entry.digest.as_of:
        return entry
    merged = dataclasses.replace(
        entry, digest=_merge_digests(there.digest, before.digest, entry.digest)
    )
    try:
        merged.encode()
    except ValueError:
        return entry  # there is no room for both
    return merged


def _merge_digests(there: Digest, before: Digest, now: Digest) -> Digest:
    added = {*now.whole} - {*before.whole} - {*there.whole}
    whole = {*there.whole, *added}
    coming = ({*there.coming} - {*before.coming} | {*now.coming}) - whole
    return dataclasses.replace(
        there,
        count=there.count + len(added),
        whole=freeze_prefixes(sorted(whole)),
        coming=freeze_prefixes(sorted(coming)),
    )
