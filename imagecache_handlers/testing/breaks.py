"""Breaks: where and in which way a call of a handler is made to break."""

from collections.abc import Callable
import dataclasses
import enum
import typing
from typing import Literal

# What may have been done when its reply is lost.
WRITES = frozenset(
    {'evict', 'mark', 'add', 'clean'}
    | {'evict_many', 'mark_many', 'result', 'recover'}
    | {'record_host', 'forget_host', 'accept_host'}
    | {'reserve', 'unreserve', 'quarantine'}
)
OPTIONAL = (
    *('evict_many', 'mark_many', 'recover'),
    *('room', 'add', 'debris', 'clean'),
    *('reserve', 'reservations', 'unreserve'),
    *('content', 'quarantine'),
    *('record_host', 'hosts', 'forget_host', 'accept_host'),
)

# ``result`` is what is done, and told, of one image among many.
METHODS = ('enumerate', 'evict', 'mark', 'stores', 'result', *OPTIONAL)

When = Literal['before', 'after']


class Died(BaseException):
    """The process ended here; no handler of errors is to see it."""


class How(enum.Enum):
    """In which way a call breaks."""

    FAIL = 'fail'  # StoreUnavailable; after the work, that is a lie
    LOSE = 'lose'  # the reply is lost: Uncertain, of a read StoreUnavailable
    DIE = 'die'  # Died: from this call, and from all that follow


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What happens before or after one call.

    ``call`` counts from 1, over all calls or those of one ``method``.  A
    function as ``how`` is another actor: it runs there, and the call goes
    on.
    """

    call: int
    method: str | None = None
    when: When = 'before'
    how: How | Callable[[], object]

    def __post_init__(self) -> None:
        if self.call < 1:
            raise ValueError(f'call {self.call}: the first call is 1')
        if self.method is not None and self.method not in METHODS:
            raise ValueError(f'{self.method!r} is none of {METHODS}')
        if self.when not in typing.get_args(When):
            raise ValueError(f'{self.when!r} is neither before nor after')
