"""Steers what happens between two calls: what it takes to fail as vCenter."""

from typing import Any
from typing import NoReturn

from simulator_parts.steering import Action
from simulator_parts.steering import reply
from vcenter_simulator.faults import VimFault
from vcenter_simulator.soap.envelope import write_fault


def fail(type_name: str, message: str = '', **fields: Any) -> Action:
    """Make an action that answers with a fault, or ends a task with it.

    :raises TypeError: vSphere has no such fault, or it has other fields.
    """
    write_fault(VimFault(type_name, message, **fields))

    def action() -> NoReturn:
        raise VimFault(type_name, message, **fields)

    return action


def unavailable(text: str = '') -> Action:
    """Make an action that answers 503, with that text or nothing at all."""
    return reply(text.encode(), 503)
