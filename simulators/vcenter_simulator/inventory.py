"""Inventory: the managed objects of a vCenter, by their references."""

from collections.abc import Iterator
import itertools
import threading
from typing import Any
from typing import TypeVar

from vcenter_simulator.faults import object_not_found
from vcenter_simulator.values import Reference


_Kind = TypeVar('_Kind', bound='ManagedObject')


class ManagedObject:
    """One managed object: properties are values, or what computes them.

    ``read_property`` may be overridden; it gives None for what is unset and
    raises VimFault for what cannot be read: that fault goes into the missing
    set of whoever asks.
    """

    def __init__(self, kind: str, moid: str, **properties: Any) -> None:
        self.kind = kind
        self.moid = moid
        self.reference = Reference(kind, moid)
        self.properties: dict[str, Any] = properties

    def read_property(self, name: str) -> Any:
        """Give the value of a property by its name, without any dots."""
        value = self.properties.get(name)
        return value() if callable(value) else value

    def read_for(self, session: Any, name: str) -> Any:
        """Give a property to a session (None: to nobody who is known).

        To be overridden where it differs from one session to another.
        """
        return self.read_property(name)

    def __repr__(self) -> str:
        return f'<{self.reference}>'


class Inventory:
    """Every managed object there is; it is locked by itself."""

    def __init__(self) -> None:
        self._objects: dict[Reference, ManagedObject] = {}
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)

    def new_moid(self, prefix: str) -> str:
        """Give an identity that nobody has had: ``vm-12``."""
        return f'{prefix}-{next(self._numbers)}'

    def add(self, one: _Kind) -> _Kind:
        with self._lock:
            self._objects[one.reference] = one
        return one

    def find(self, reference: Reference) -> ManagedObject:
        """Give the object that a reference names.

        :raises VimFault: ManagedObjectNotFound.
        """
        found = self._objects.get(reference)
        if found is None:
            raise object_not_found(reference)
        return found

    def has(self, reference: Reference) -> bool:
        return reference in self._objects

    def remove(self, reference: Reference) -> None:
        with self._lock:
            self._objects.pop(reference, None)

    def all(self, kind: str | None = None) -> Iterator[ManagedObject]:
        """Give the objects of exactly that kind, or all, as they are now."""
        with self._lock:
            found = list(self._objects.values())
        return (one for one in found if kind in (None, one.kind))
