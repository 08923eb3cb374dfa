"""Report: what a kit has proved of a handler, and what it has not."""

from collections.abc import Iterable
from collections.abc import Iterator
from collections import Counter
import dataclasses
import enum


class State(enum.Enum):
    """What came of a promise, as a report has it."""

    FAILED = 'failed'
    WARNED = 'not kept yet'
    PROVED = 'proved'
    ABSENT = 'declared absent'
    UNEXAMINED = 'not examined'


class NotKeptYet(FutureWarning):
    """A promise that is newer than the contract of the handler."""


# The order of a summary: nobody has to look for what is wrong.
_TOLD = tuple(State)
# As the contract has them; a sweep is what the core makes of all.
_ORDER = (
    *('handler', 'stores', 'key', 'enumerate', 'evict', 'mark'),
    *('evict_many', 'mark_many', 'recover', 'wants_shield'),
    *('room', 'add', 'debris', 'clean'),
    *('reserve', 'reservations', 'unreserve', 'content', 'quarantine'),
    *('hosts', 'forget_host', 'accept_host'),
    *('age', 'pin', 'unpin', 'sweep'),
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """One obligation of the contract.

    ``ability`` is the method that owes it, ``since`` the edition of the
    contract that it came with.
    """

    ability: str
    text: str
    since: int = 1


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What came of one promise; ``why`` says it of all but the proved.

    ``said`` names obligation, step and calls where it was broken.
    """

    promise: Promise
    state: State
    why: str = ''
    said: str = ''


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one run of a kit has found, promise by promise."""

    kit: str
    findings: tuple[Finding, ...]

    @property
    def is_kept(self) -> bool:
        """Tell if no promise was broken; what was not examined may be."""
        return all(one.state is not State.FAILED for one in self.findings)

    def count(self, ability: str | None = None) -> Counter[State]:
        """Count the findings by state, of one ability or of all."""
        return Counter(
            one.state
            for one in self.findings
            if ability in (None, one.promise.ability)
        )

    def abilities(self) -> list[str]:
        """Name the abilities that promise anything, each once."""
        return list(
            dict.fromkeys(one.promise.ability for one in self.findings)
        )

    def lines(self) -> Iterator[str]:
        """Tell it in lines: the sum, then all that was not proved."""
        yield f'{self.kit}: {count_text(self.count())}'
        for told in self.unproved():
            yield f'{self.kit}: {told}'

    def broken(self) -> Iterator[str]:
        """Say of each broken promise what was wrong, and with which call."""
        for one in self.findings:
            if one.state is State.FAILED:
                yield f'{one.why}\n{one.said}'

    def unproved(self) -> Iterator[str]:
        """Name what was not proved, once for all that share a reason."""
        for state in State:
            if state is not State.PROVED:
                yield from self._told_of(state)

    def _told_of(self, state: State) -> Iterator[str]:
        found = [one for one in self.findings if one.state is state]
        shared: dict[tuple[str, str], list[str]] = {}
        for one in found:
            key = one.promise.ability, one.why
            shared.setdefault(key, []).append(one.promise.text)
        for (ability, why), texts in shared.items():
            several = len(texts) > 1
            what = f'{len(texts)} promises' if several else texts[0]
            yield f'{state.value}: {ability}: {what} ({why})'


def count_text(count: Counter[State]) -> str:
    """Say how many there are of each state that there is."""
    told = [f'{count[one]} {one.value}' for one in _TOLD if count[one]]
    return ', '.join(told) or 'nothing was run'


def put_in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Put them in the order of the contract, method by method."""
    return tuple(
        sorted(findings, key=lambda one: _ORDER.index(one.promise.ability))
    )
