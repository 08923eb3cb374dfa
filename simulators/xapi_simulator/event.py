"""The calls of class event: what changed since a token was given out."""

from collections.abc import Iterator
import time
from typing import Any
from typing import NamedTuple

from xapi_simulator.errors import XapiError
from xapi_simulator.messages import Call
from xapi_simulator.messages import Message
from xapi_simulator.messages import params
from xapi_simulator.records import Change
from xapi_simulator.schema import CLASSES
from xapi_simulator.values import Int32

READ = 'read-only'

# A blocked caller looks this often whether its session is still open.
_LOOK = 1.0


class Topic(NamedTuple):
    """What a caller wants to hear of: a class, or one object."""

    cls: str
    ref: str = ''


def messages() -> Iterator[Message]:
    what = params('classes: string set', 'token: string', 'timeout: float')
    yield Message('event.from', wait, what, 'an event batch', READ)
    one = params('class: string', 'ref: string')
    yield Message('event.inject', inject, one, 'string', READ)
    yield Message('event.get_current_id', current, (), 'int', READ)


def wait(
    call: Call, classes: list[str], token: str, timeout: float
) -> dict[str, Any]:
    """Wait for changes; an empty answer only comes when the time is over."""
    since = _parse_token(token)
    topics = [_parse_topic(one) for one in classes]
    deadline = time.monotonic() + timeout
    while True:
        newest, changes = _changes(call, topics, since)
        left = deadline - time.monotonic()
        if changes or left <= 0:
            return _batch(call, newest, changes)
        _sleep(call, newest, left)
        since = max(since, newest)


def inject(call: Call, cls: str, ref: str) -> str:
    """Make an object look changed, and give the token from just before."""
    if cls not in CLASSES:
        raise XapiError('HANDLE_INVALID', cls, ref)
    return _token(call.world.records.touch(cls, ref))


def current(call: Call) -> int:
    return call.world.records.generation


def _changes(
    call: Call, topics: list[Topic], since: int
) -> tuple[int, list[Change]]:
    wanted = [
        name
        for name, cls in CLASSES.items()
        if cls.listed and any(one.cls in ('*', name.lower()) for one in topics)
    ]
    newest, changes = call.world.records.since(since, wanted)
    return newest, [one for one in changes if _matches(topics, one)]


def _matches(topics: list[Topic], change: Change) -> bool:
    name = change.cls.lower()
    return any(
        one.cls == '*' or (one.cls == name and one.ref in ('', change.ref))
        for one in topics
    )


def _sleep(call: Call, newest: int, left: float) -> None:
    """Sleep until something changes, then a little, for more to come."""
    records = call.world.records
    with records.lock:
        if records.generation == newest:
            records.lock.wait(min(left, _LOOK))
            if records.generation == newest:
                left = 0
    if not call.world.sessions.is_open(call.session):
        raise XapiError('SESSION_INVALID', call.session)
    if left > 0:
        time.sleep(min(left, call.world.timing.event_batch))


def _batch(call: Call, newest: int, changes: list[Change]) -> dict[str, Any]:
    counts = {
        name.lower(): Int32(call.world.records.count(name)) for name in CLASSES
    }
    return {
        'events': [_event(one) for one in changes],
        'valid_ref_counts': counts,
        'token': _token(newest),
    }


def _event(change: Change) -> dict[str, Any]:
    event = {
        'id': str(change.generation),
        'timestamp': '0.0',
        'class': change.cls.lower(),
        'operation': change.operation,
        'ref': change.ref,
    }
    if change.row is not None:
        event['snapshot'] = change.row  # type: ignore[assignment]
    return event


def _token(generation: int) -> str:
    return f'{generation:020},{0:020}'


def _parse_token(token: str) -> int:
    if not token:
        return 0
    parts = token.split(',')
    if len(parts) != 2 or not all(
        part.isascii() and part.isdigit() for part in parts
    ):
        raise XapiError('EVENT_FROM_TOKEN_PARSE_FAILURE', token)
    return int(parts[0])


def _parse_topic(text: str) -> Topic:
    cls, slash, ref = text.partition('/')
    if not cls or (slash and not ref):
        raise XapiError('EVENT_SUBSCRIPTION_PARSE_FAILURE', text)
    return Topic(cls.lower(), ref)
