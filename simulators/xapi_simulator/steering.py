"""Steers what happens between two calls: what it takes to fail as xapi."""

from typing import NoReturn

from simulator_parts.steering import Action
from xapi_simulator.errors import XapiError


def fail(code: str, *params: str) -> Action:
    """Make an action that answers with an error of xapi."""
    error = XapiError(code, *params)

    def action() -> NoReturn:
        raise XapiError(error.code, *error.params)

    return action
