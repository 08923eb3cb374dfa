"""What a call is made of: its name, parameters, result, role and work."""

from collections.abc import Callable
from collections.abc import Mapping
import dataclasses
from typing import Any

from xapi_simulator.world import World

REQUIRED = object()


@dataclasses.dataclass(frozen=True, slots=True)
class Call:
    """One call under way: where it came in, and who asks.

    ``task`` is what ``current_operations`` and errors name: of a synchronous
    call a reference that no object has.
    """

    world: World
    host: str
    session: str
    task: str
    method: str


@dataclasses.dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: the type is written as the datamodel writes it."""

    name: str
    type: str
    default: Any = REQUIRED


@dataclasses.dataclass(frozen=True, slots=True)
class Message:
    """One call that can be made.

    ``role`` is the weakest that may; ``open`` calls come without a session;
    ``hidden`` ones exist though the datamodel does not tell of them.
    """

    name: str
    work: Callable[..., Any]
    params: tuple[Parameter, ...]
    result: str
    role: str
    is_async: bool = False
    open: bool = False
    hidden: bool = False


Messages = Mapping[str, Message]


def params(*pairs: str) -> tuple[Parameter, ...]:
    """Make required parameters out of ``'name: type'``."""
    found = []
    for pair in pairs:
        name, _, kind = pair.partition(': ')
        found.append(Parameter(name, kind))
    return tuple(found)
