"""Updates: WaitForUpdatesEx, and the collectors that hold filters."""

import dataclasses
import uuid

from vcenter_simulator.collector.filters import Filter
from vcenter_simulator.collector.filters import Known
from vcenter_simulator.collector.filters import list_updates
from vcenter_simulator.collector.filters import take_over
from vcenter_simulator.faults import invalid_argument
from vcenter_simulator.faults import not_authenticated
from vcenter_simulator.faults import VimFault
from vcenter_simulator.inventory import ManagedObject
from vcenter_simulator.serving import Call
from vcenter_simulator.serving import serves
from vcenter_simulator.sessions import Session
from vcenter_simulator.values import DataObject
from vcenter_simulator.values import Reference
from vcenter_simulator.world import World

_COLLECTORS = 'collectors'


@dataclasses.dataclass(slots=True)
class _State:
    """What a session has heard through one collector.

    ``told`` has what was known at the last two versions: a client that lost
    a reply asks by the older one again.
    """

    filters: dict[str, Filter] = dataclasses.field(default_factory=dict)
    version: int = 0
    told: dict[str, dict[str, Known]] = dataclasses.field(default_factory=dict)
    cancelled: int = 0


@serves('PropertyCollector', 'CreatePropertyCollector')
def create_property_collector(call: Call) -> Reference:
    session = call.logged_in
    moid = f'session[{session.key}]{uuid.uuid4()}'
    collector = ManagedObject('PropertyCollector', moid)
    call.world.inventory.add(collector)
    _states_of(session)[moid] = _State()
    return collector.reference


@serves('PropertyCollector', 'DestroyPropertyCollector')
def destroy_property_collector(call: Call) -> None:
    state = _states_of(call.logged_in).pop(call.this.moid, None)
    if state is not None:
        _drop_filters(call.world, state)
    if call.this.moid.startswith('session['):
        call.world.inventory.remove(call.this.reference)


@serves('PropertyCollector', 'CreateFilter')
def create_filter(call: Call) -> Reference:
    session = call.logged_in
    moid = f'session[{session.key}]{uuid.uuid4()}'
    given = call.arguments
    one = Filter(moid, given.spec, given.partialUpdates, call.world, session)
    one.selection.check_objects(call.world)
    call.world.inventory.add(one)
    _state_of(call).filters[moid] = one
    return one.reference


@serves('PropertyFilter', 'DestroyPropertyFilter')
def destroy_property_filter(call: Call) -> None:
    for state in _states_of(call.logged_in).values():
        state.filters.pop(call.this.moid, None)
    call.world.inventory.remove(call.this.reference)


@serves('PropertyCollector', 'CancelWaitForUpdates')
def cancel_wait_for_updates(call: Call) -> None:
    _state_of(call).cancelled += 1


@serves('PropertyCollector', 'CheckForUpdates')
def check_for_updates(call: Call) -> DataObject | None:
    return _tell_changes(call, _state_of(call), None)


@serves('PropertyCollector', 'WaitForUpdates', locked=False)
def wait_for_updates(call: Call) -> DataObject | None:
    return _wait_for_changes(call, None, None)


@serves('PropertyCollector', 'WaitForUpdatesEx', locked=False)
def wait_for_updates_ex(call: Call) -> DataObject | None:
    """Wait until anything has changed; None when the time is over."""
    options = call.arguments.options or DataObject('WaitOptions')
    seconds, limit = options.maxWaitSeconds, options.maxObjectUpdates
    if seconds is not None and seconds < 0:
        raise invalid_argument('options.maxWaitSeconds')
    if limit is not None and limit <= 0:
        raise invalid_argument('options.maxObjectUpdates')
    return _wait_for_changes(call, seconds, limit)


def _wait_for_changes(
    call: Call, seconds: int | None, limit: int | None
) -> DataObject | None:
    world = call.world
    until = None if seconds is None else world.clock.moment + seconds
    with world.lock:
        state = _state_of(call)
        cancelled = state.cancelled
        while True:
            _check_alive(call, state, cancelled)
            found = _tell_changes(call, state, limit)
            if found is not None or not _wait_on(world, until):
                return found


def _wait_on(world: World, until: float | None) -> bool:
    """Wait for a change, unlocked; tell if it was not too late."""
    left = None if until is None else until - world.clock.moment
    if left is not None and left <= 0:
        return False
    # The clock may be moved, and a clock that stands still is no time-out.
    world.changed.wait(None if world.clock.is_frozen else left)
    return True


def _check_alive(call: Call, state: _State, cancelled: int) -> None:
    session = call.logged_in
    if session.ended.is_set() or call.world.stopped.is_set():
        raise not_authenticated(call.this.reference, 'System.View')
    if state.cancelled != cancelled:
        raise VimFault('RequestCanceled', 'The wait was canceled.')


def _tell_changes(
    call: Call, state: _State, limit: int | None
) -> DataObject | None:
    """Tell what has changed since the version that the client has."""
    version = call.arguments.version or ''
    known = _find_known(state, version)
    told = _Told(limit)
    for moid, one in state.filters.items():
        told.add_filter(one, known.get(moid, {}))
    if not told.sets:
        return None
    return DataObject(
        'UpdateSet',
        version=_new_version(state, version, told.heard),
        filterSet=tuple(told.sets),
        truncated=told.left == 0,
    )


def _find_known(state: _State, version: str) -> dict[str, Known]:
    """Give what was known at a version: nothing at the empty one.

    :raises VimFault: InvalidCollectorVersion.
    """
    if not version:
        return {}
    if version not in state.told:
        message = f'Invalid collector version: {version}'
        raise VimFault('InvalidCollectorVersion', message)
    return state.told[version]


class _Told:
    """What one answer tells, and what the client has heard after it.

    ``left`` is how many more objects it may tell of; None: of all.
    """

    def __init__(self, limit: int | None) -> None:
        self.left = limit
        self.sets: list[DataObject] = []
        self.heard: dict[str, Known] = {}

    def add_filter(self, one: Filter, old: Known) -> None:
        """Add what has changed of a filter's objects, as far as it fits."""
        new = one.look()
        updates = tuple(list_updates(old, new))
        if self.left is not None:
            updates = updates[: self.left]
            self.left -= len(updates)
        known = self.heard[one.moid] = dict(old)
        for update in updates:
            take_over(known, new, update.obj)
        if updates:
            self.sets.append(_tell_filter(one, updates))


def _tell_filter(one: Filter, updates: tuple[DataObject, ...]) -> DataObject:
    return DataObject(
        'PropertyFilterUpdate', filter=one.reference, objectSet=updates
    )


def _new_version(state: _State, version: str, heard: dict[str, Known]) -> str:
    state.version += 1
    kept = {version: state.told[version]} if version in state.told else {}
    state.told = {**kept, str(state.version): heard}
    return str(state.version)


def _states_of(session: Session) -> dict[str, _State]:
    states: dict[str, _State]
    states = session.belongings.setdefault(_COLLECTORS, {})
    return states


def _state_of(call: Call) -> _State:
    return _states_of(call.logged_in).setdefault(call.this.moid, _State())


def _drop_filters(world: World, state: _State) -> None:
    for one in state.filters.values():
        world.inventory.remove(one.reference)


def drop_collectors(world: World, session: Session) -> None:
    """Remove the collectors and filters of a session that has ended."""
    for moid, state in _states_of(session).items():
        _drop_filters(world, state)
        if moid.startswith('session['):
            world.inventory.remove(Reference('PropertyCollector', moid))
