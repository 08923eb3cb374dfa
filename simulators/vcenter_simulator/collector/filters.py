"""Filters: what a client wants to hear of, and what it has heard already."""

from collections.abc import Iterator
from typing import Any

from vcenter_simulator.collector.reading import Reader
from vcenter_simulator.collector.reading import tell_missing
from vcenter_simulator.collector.selection import Selection
from vcenter_simulator.faults import VimFault
from vcenter_simulator.inventory import ManagedObject
from vcenter_simulator.sessions import Session
from vcenter_simulator.values import DataObject
from vcenter_simulator.values import Reference
from vcenter_simulator.world import World

# What is known of each object: its paths, with values or faults.
Known = dict[Reference, dict[str, Any]]


class Filter(ManagedObject):
    """One filter of a collector.

    A changed property is told whole, which ``partialUpdates`` allows, too.
    """

    def __init__(
        self,
        moid: str,
        spec: DataObject,
        partial: bool,
        world: World,
        session: Session,
    ) -> None:
        super().__init__(
            'PropertyFilter', moid, spec=spec, partialUpdates=partial
        )
        self.selection = Selection(spec)
        self._world = world
        self._session = session

    def look(self) -> Known:
        """Read all that is selected as it is now."""
        reader = Reader(self._world, self._session)
        return {
            one.reference: dict(
                reader.read_values(
                    one, self.selection.paths_of(one.kind) or ()
                )
            )
            for one in self.selection.find_objects(self._world, self._session)
        }


def list_updates(old: Known, new: Known) -> Iterator[DataObject]:
    """Tell what has changed, object by object."""
    for reference, values in new.items():
        known = old.get(reference)
        if known is None:
            yield _tell_update('enter', reference, {}, values)
        elif not _is_same(known, values):
            yield _tell_update('modify', reference, known, values)
    for reference in old:
        if reference not in new:
            yield DataObject('ObjectUpdate', kind='leave', obj=reference)


def take_over(known: Known, new: Known, reference: Reference) -> None:
    """Note that an object has been told of."""
    if reference in new:
        known[reference] = new[reference]
    else:
        known.pop(reference, None)


def _is_same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(
        _is_equal(one[path], other[path]) for path in one
    )


def _is_equal(one: Any, other: Any) -> bool:
    if isinstance(one, VimFault) and isinstance(other, VimFault):
        return one.value == other.value
    return bool(one == other)


def _tell_update(
    kind: str,
    reference: Reference,
    old: dict[str, Any],
    new: dict[str, Any],
) -> DataObject:
    changes, missing = [], []
    for path, value in new.items():
        if path in old and _is_equal(old[path], value):
            continue
        if isinstance(value, VimFault):
            missing.append(tell_missing(path, value))
        else:
            changes.append(_tell_change(path, value))
    changes += [_tell_change(path, None) for path in old if path not in new]
    return DataObject(
        'ObjectUpdate',
        kind=kind,
        obj=reference,
        changeSet=tuple(changes),
        missingSet=tuple(missing),
    )


def _tell_change(path: str, value: Any) -> DataObject:
    return DataObject('PropertyChange', name=path, op='assign', val=value)
