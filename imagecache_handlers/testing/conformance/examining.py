"""Examining: each promise as one test, and what the report says of it."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import functools
from types import TracebackType
from typing import Any
from typing import ClassVar
from typing import TypeVar
import unittest
import warnings

from imagecache_handlers.exceptions import NotSupported
from imagecache_handlers.handler import declares
from imagecache_handlers.testing.conformance.backends import Backend
from imagecache_handlers.testing.conformance.hooks import HandlerHooks
from imagecache_handlers.testing.conformance import refusing
from imagecache_handlers.testing.conformance.reporting import Finding
from imagecache_handlers.testing.conformance.reporting import NotKeptYet
from imagecache_handlers.testing.conformance.reporting import Promise
from imagecache_handlers.testing.conformance.reporting import put_in_order
from imagecache_handlers.testing.conformance.reporting import Report
from imagecache_handlers.testing.conformance.reporting import State
from imagecache_handlers.testing.conformance.samples import ONE

# What every message of a failure has, once.
_OBLIGATION = 'obligation: '
# Hooks that are supplied, or None for a reason.
_REQUIRED = frozenset({'outages', 'doom'})

_Self = TypeVar('_Self', bound='Examining')


class Examining(Backend):
    """What the tests of the kit are made of."""

    #: What came of each promise so far, by the name of its test.
    findings: ClassVar[dict[str, Finding]]
    _promise: Promise
    _state = State.PROVED
    _why = ''
    _said = ''
    _is_used = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.findings = {}

    @classmethod
    def report(cls) -> Report:
        """Tell what the tests that were run have proved, and what not."""
        findings = [
            cls.findings.get(name)
            or Finding(
                promise=promise,
                state=State.UNEXAMINED,
                why='its test was not run',
            )
            for name, promise in _promises_of(cls).items()
        ]
        return Report(kit=cls.__name__, findings=put_in_order(findings))

    @classmethod
    def tearDownClass(cls) -> None:
        for operation, count in cls.calls.items():
            print(f'{cls.__name__}: {operation}: {count} backend calls')
        for line in cls.report().lines():
            print(line, flush=True)
        super().tearDownClass()

    def _examine(self, promise: Promise, test: Callable[[], None]) -> None:
        """Run the test of a promise, and find what came of it."""
        self._promise, self._state = promise, State.PROVED
        self._why = self._said = ''
        self._is_used = False
        self._begin()
        try:
            with _Judged(self):
                self._examine_declared(promise.ability, test)
        finally:
            name = self._testMethodName
            self.findings[name] = Finding(
                promise=promise,
                state=self._state,
                why=self._why,
                said=self._said,
            )

    def _examine_declared(self, name: str, test: Callable[[], None]) -> None:
        if self._declares(name):
            test()
        else:
            self._refuses(name)
            self._leave(State.ABSENT, f'it declares no {name}')

    def _leave(self, state: State, why: str) -> None:
        """Say of a promise that it is not proved, and why."""
        if self._state is State.PROVED:
            self._state, self._why = state, why

    def _declares(self, name: str) -> bool:
        """Tell if the handler has that ability; required ones it has."""
        if name in refusing.CALLS or name in refusing.SILENT:
            return declares(self._connect(), name)
        return True

    def _refuses(self, name: str) -> None:
        if call := refusing.CALLS.get(name):
            meta, data = self.offer(ONE)
            with self.assertRaises(NotSupported):
                call(self._connect(), self.store(), meta, data)

    def _sees_users(self) -> bool:
        """Tell if users are seen; if not, that is what the report says."""
        if not self.sees_users:
            self._leave(State.ABSENT, 'it cannot see users')
        return self.sees_users

    def _supplies(self, hook: str) -> bool:
        """Tell if the author supplies a hook; if not, the report says so."""
        if getattr(self, hook) is None:
            why = self.absent.get(hook)
            self.assertTrue(
                why, f'{hook} = None needs its reason: absent[{hook!r}]'
            )
            self._leave(State.ABSENT, f'{hook}: {why}')
            return False
        if getattr(type(self), hook) is getattr(HandlerHooks, hook):
            if hook in _REQUIRED:
                raise self._missing(hook)
            self._leave(State.UNEXAMINED, f'supply {hook}')
            return False
        return True

    @contextlib.contextmanager
    def _case(self, **which: object) -> Iterator[None]:
        """Examine one case of several, each on a fresh backend."""
        with self.subTest(**which), _Judged(self, **which):
            if self._is_used:
                self._renew()
            self._is_used = True
            yield

    def _step(self, **which: object) -> '_Judged':
        """Name the step of a test in the message of its failure."""
        return _Judged(self, **which)

    def _renew(self) -> None:
        """Begin anew, as the next test would."""
        self.tearDown()
        self.doCleanups()
        self.setUp()
        self._begin()

    def _fail_case(self, told: str, error: BaseException) -> bool:
        """Note a failure; tell if a warning stands for it."""
        promise = self._promise
        if promise.since <= self.connect().contract:
            self._state, self._said = State.FAILED, told
            self._why = _first_line(error)
            return False
        self._leave(State.WARNED, f'since contract {promise.since}')
        warnings.warn(
            f'{told}\nnot kept yet: {error!r}; it came with contract '
            f'{promise.since}',
            NotKeptYet,
            stacklevel=2,
        )
        return True

    def _told(self, **which: object) -> str:
        """Say which obligation, step and calls a failure is about."""
        steps = ', '.join(f'{name} {one!r}' for name, one in which.items())
        promise = self._promise
        return '\n'.join(
            [
                f'{_OBLIGATION}{promise.ability}: {promise.text}',
                f'step: {steps or "the only one"}',
                f'call: {", then ".join(self._called) or "none"}',
            ]
        )


class _Judged:
    """What goes wrong in it is told with its obligation, step and calls."""

    def __init__(self, case: Examining, **which: object) -> None:
        self._case = case
        self._which = which

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if not isinstance(error, Exception) or _is_told(error):
            return False
        if isinstance(error, unittest.SkipTest):
            self._case._leave(State.UNEXAMINED, f'skipped: {error}')
            return False
        told = self._case._told(**self._which)
        error.add_note(told)
        return self._case._fail_case(told, error)


def _first_line(error: BaseException) -> str:
    """Say in a line what went wrong: a difference is told at length."""
    told = str(error).partition('\n')[0]
    return told if isinstance(error, AssertionError) else repr(error)


def _is_told(error: Exception) -> bool:
    notes = getattr(error, '__notes__', ())
    return any(one.startswith(_OBLIGATION) for one in notes)


def _promises_of(kit: type[Examining]) -> dict[str, Promise]:
    """Give the promises of a kit by the names of their tests."""
    tests = {name: getattr(kit, name) for name in dir(kit)}
    return {
        name: test.promise
        for name, test in tests.items()
        if name.startswith('test_') and hasattr(test, 'promise')
    }


def promise(
    ability: str, since: int = 1
) -> Callable[[Callable[[_Self], None]], Callable[[_Self], None]]:
    """Make a test one promise of a method.

    Of a method that the handler does not declare, it is tested that it says
    so.  ``since`` is the contract that the promise came with: to a handler
    of an older one it is a warning.
    """

    def wrap(test: Callable[[_Self], None]) -> Callable[[_Self], None]:
        text = test.__name__.removeprefix('test_').replace('_', ' ')
        one = Promise(ability=ability, text=text, since=since)

        @functools.wraps(test)
        def run(self: _Self) -> None:
            self._examine(one, functools.partial(test, self))

        run.promise = one  # type: ignore[attr-defined]
        return run

    return wrap
