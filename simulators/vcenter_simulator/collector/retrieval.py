"""Retrieval of properties: at once or in pages, and pyvmomi's way."""

from collections.abc import Iterator
import dataclasses
from typing import Any
import uuid

from vcenter_simulator.collector.paths import find_path
from vcenter_simulator.collector.paths import Path
from vcenter_simulator.collector.paths import read_path
from vcenter_simulator.collector.reading import Reader
from vcenter_simulator.collector.selection import Selection
from vcenter_simulator.faults import invalid_argument
from vcenter_simulator.faults import not_authenticated
from vcenter_simulator.inventory import ManagedObject
from vcenter_simulator.privileges import ANONYMOUS
from vcenter_simulator.serving import Call
from vcenter_simulator.serving import serves
from vcenter_simulator.values import DataObject
from vcenter_simulator.values import Typed

Wanted = tuple[ManagedObject, tuple[Path, ...]]
_PAGES = 'pages'


@dataclasses.dataclass(slots=True)
class _Rest:
    """What of a retrieval has not been sent yet."""

    waiting: list[Wanted]
    size: int


@serves('PropertyCollector', 'RetrievePropertiesEx')
def retrieve_properties_ex(call: Call) -> Any:
    """Read everything, or a page; who has no session (any more): nothing."""
    size = call.arguments.options.maxObjects
    if size is not None and size <= 0:
        raise invalid_argument('options.maxObjects')
    wanted = list(_select_objects(call))
    if call.session is None and not _is_open(wanted):
        return None
    return _give_page(call, _Rest(wanted, size or len(wanted)))


@serves('PropertyCollector', 'RetrieveProperties')
def retrieve_properties(call: Call) -> tuple[DataObject, ...]:
    call.logged_in  # noqa: B018
    reader = Reader(call.world, call.session)
    return tuple(
        reader.read_object(one, paths) for one, paths in _select_objects(call)
    )


@serves('PropertyCollector', 'ContinueRetrievePropertiesEx')
def continue_retrieve_properties_ex(call: Call) -> Any:
    rest = _pages_of(call).pop(call.arguments.token, None)
    if rest is None:
        raise invalid_argument('token')
    return _give_page(call, rest)


@serves('PropertyCollector', 'CancelRetrievePropertiesEx')
def cancel_retrieve_properties_ex(call: Call) -> None:
    if _pages_of(call).pop(call.arguments.token, None) is None:
        raise invalid_argument('token')


@serves('ManagedObject', 'Fetch')
def fetch(call: Call) -> Any:
    """Read one property, as pyvmomi does: what stands in the way is raised."""
    path = find_path(call.this.kind, call.arguments.prop)
    if call.session is None and path.privilege != ANONYMOUS:
        raise not_authenticated(call.this.reference, path.privilege)
    Reader(call.world, call.session).check(call.this, path)
    value = read_path(call.this, path, call.session)
    if value is None or not path.kind:
        return value
    return Typed(path.kind, value)


def _select_objects(call: Call) -> Iterator[Wanted]:
    for spec in call.arguments.specSet:
        selection = Selection(spec)
        selection.check_objects(call.world)
        for one in selection.find_objects(call.world, call.session):
            yield one, selection.paths_of(one.kind) or ()


def _is_open(wanted: list[Wanted]) -> bool:
    """Tell if all that is wanted may be read by anybody."""
    return all(
        path.privilege == ANONYMOUS for _, paths in wanted for path in paths
    )


def _give_page(call: Call, rest: _Rest) -> DataObject | None:
    """Read the next page as it is now; None if there is nothing at all."""
    page, rest.waiting = rest.waiting[: rest.size], rest.waiting[rest.size :]
    if not page:
        return None
    reader = Reader(call.world, call.session)
    objects = tuple(reader.read_object(one, paths) for one, paths in page)
    return DataObject(
        'RetrieveResult', token=_keep_rest(call, rest), objects=objects
    )


def _keep_rest(call: Call, rest: _Rest) -> str | None:
    if not rest.waiting:
        return None
    token = str(uuid.uuid4())
    _pages_of(call)[token] = rest
    return token


def _pages_of(call: Call) -> dict[str, _Rest]:
    """Give what waits of a session's retrievals with one collector."""
    pages: dict[str, dict[str, _Rest]]
    pages = call.logged_in.belongings.setdefault(_PAGES, {})
    return pages.setdefault(call.this.moid, {})
