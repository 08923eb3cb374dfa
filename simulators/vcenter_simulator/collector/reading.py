"""Reading of selected objects: their properties, and what lacks of them."""

from collections.abc import Iterator
from typing import Any

from vcenter_simulator.collector.paths import find_fault
from vcenter_simulator.collector.paths import Path
from vcenter_simulator.collector.paths import read_path
from vcenter_simulator.faults import object_not_found
from vcenter_simulator.faults import VimFault
from vcenter_simulator.inventory import ManagedObject
from vcenter_simulator.sessions import Session
from vcenter_simulator.values import DataObject
from vcenter_simulator.values import Typed
from vcenter_simulator.world import World


class Reader:
    """Reads for one session, as far as it may."""

    def __init__(self, world: World, session: Session | None) -> None:
        self._world = world
        self._session = session

    def read_object(
        self, one: ManagedObject, paths: tuple[Path, ...]
    ) -> DataObject:
        """Give an object's content: what is unset stands nowhere."""
        values, missing = [], []
        for path, value in self.read_values(one, paths):
            if isinstance(value, VimFault):
                missing.append(tell_missing(path, value))
            else:
                values.append(
                    DataObject('DynamicProperty', name=path, val=value)
                )
        return DataObject(
            'ObjectContent',
            obj=one.reference,
            propSet=tuple(values),
            missingSet=tuple(missing),
        )

    def read_values(
        self, one: ManagedObject, paths: tuple[Path, ...]
    ) -> Iterator[tuple[str, Any]]:
        """Give each path that is set, with its value or with a fault."""
        for path in paths:
            value = self._read_value(one, path)
            if value is not None:
                yield path.text, value

    def _read_value(self, one: ManagedObject, path: Path) -> Any:
        try:
            self.check(one, path)
            value = read_path(one, path, self._session)
        except VimFault as fault:
            return fault
        if value is None or not path.kind:
            return value
        return Typed(path.kind, value)

    def check(self, one: ManagedObject, path: Path) -> None:
        """Make sure that a path may be read.

        :raises VimFault: NoPermission, NotAuthenticated, what was planned,
            or ManagedObjectNotFound: an earlier page was sent before it went.
        """
        if not self._world.inventory.has(one.reference):
            raise object_not_found(one.reference)
        planned = self._world.missing
        if planned:
            fault = find_fault(planned, one, path.text)
            if fault is not None:
                raise fault
        self._world.check_privilege(
            self._session, one.reference, path.privilege
        )


def tell_missing(path: str, fault: VimFault) -> DataObject:
    """Tell why a property is not there."""
    return DataObject('MissingProperty', path=path, fault=fault.localized)
