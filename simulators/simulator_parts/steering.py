"""Steers what happens between two calls: other actors, and faults."""

from collections.abc import Callable
from collections.abc import Mapping
import dataclasses
import threading
import time
from typing import NoReturn

Action = Callable[[], object]


class Dropped(Exception):
    """The connection is to be cut without an answer."""


class Replied(Exception):
    """Something else is to be sent than the answer."""

    def __init__(
        self, body: bytes, status: int, headers: Mapping[str, str]
    ) -> None:
        super().__init__(status)
        self.body = body
        self.status = status
        self.headers = headers


def drop() -> Action:
    """Make an action that cuts the connection."""

    def action() -> NoReturn:
        raise Dropped

    return action


def reply(body: bytes, status: int = 200, **headers: str) -> Action:
    """Make an action that sends those bytes, whatever the answer was."""

    def action() -> NoReturn:
        raise Replied(body, status, headers)

    return action


def hang(seconds: float) -> Action:
    """Make an action that keeps the caller waiting."""
    return lambda: time.sleep(seconds)


@dataclasses.dataclass(slots=True)
class _Plan:
    when: str
    method: str
    left: int
    action: Action

    def meets(self, method: str) -> bool:
        # Within a call are points, like VDI.clone#base, that are no calls.
        any_call = self.method == '*' and '#' not in method
        return any_call or self.method == method


class Steering:
    """Actions that wait for their call, each for one, each once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._plans: list[_Plan] = []

    def before(self, method: str, action: Action, nth: int = 1) -> None:
        """Run an action before the nth call of a method from now on."""
        self._add_plan(_Plan('before', method, nth, action))

    def after(self, method: str, action: Action, nth: int = 1) -> None:
        """Run an action after the nth call, before its answer is sent."""
        self._add_plan(_Plan('after', method, nth, action))

    def clear(self) -> None:
        with self._lock:
            self._plans.clear()

    @property
    def waiting(self) -> int:
        """How many actions have not had their call yet."""
        return len(self._plans)

    def reach(self, when: str, method: str) -> None:
        """Run what waits for this moment; it may raise what it likes."""
        if not self._plans:
            return
        for plan in self._take_due(when, method):
            plan.action()

    def _add_plan(self, plan: _Plan) -> None:
        with self._lock:
            self._plans.append(plan)

    def _take_due(self, when: str, method: str) -> list[_Plan]:
        with self._lock:
            for plan in self._plans:
                if plan.when == when and plan.meets(method):
                    plan.left -= 1
            due = [plan for plan in self._plans if plan.left == 0]
            self._plans = [plan for plan in self._plans if plan.left > 0]
            return due
