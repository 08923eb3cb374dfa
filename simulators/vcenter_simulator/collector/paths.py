"""Paths of properties: ``config.hardware.device[4000].backing``."""

import dataclasses
import functools
import re
from typing import Any

from vcenter_simulator.faults import invalid_property
from vcenter_simulator.faults import VimFault
from vcenter_simulator.inventory import ManagedObject
from vcenter_simulator.schema.kinds import Field
from vcenter_simulator.schema import table
from vcenter_simulator.sessions import Session
from vcenter_simulator.values import DataObject
from vcenter_simulator.values import Typed

READ = 'System.Read'
_STEP = re.compile(r'(\w+)(?:\[(?:"([^"]*)"|([^\]"]*))\])?(?:\.|$)')


@dataclasses.dataclass(frozen=True, slots=True)
class _Step:
    name: str
    key: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class Path:
    """A path that a kind of managed object has.

    ``kind`` is what its values are; '' if only the values can tell.
    """

    text: str
    steps: tuple[_Step, ...]
    kind: str
    privilege: str


@functools.lru_cache(4096)
def find_path(kind: str, text: str) -> Path:
    """Give a path of a kind of managed object.

    :raises VimFault: InvalidProperty, there is none.
    """
    steps = _split_path(text)
    properties = table.managed_type(kind).properties
    if not steps or steps[0].name not in properties:
        raise invalid_property(text)
    first = field = properties[steps[0].name]
    for number, step in enumerate(steps):
        if number:
            field = _find_field(field, step.name, text)
        if step.key is not None:
            if not field.many:
                raise invalid_property(text)
            field = dataclasses.replace(field, many=False)
        elif field.many and number < len(steps) - 1:
            raise invalid_property(text)
    return Path(text, steps, _tell_kind(field), first.privilege or READ)


def list_paths(kind: str) -> tuple[Path, ...]:
    """Give the paths of all properties of a kind of managed object."""
    return tuple(
        find_path(kind, name) for name in table.managed_type(kind).properties
    )


def _tell_kind(field: Field) -> str:
    return '' if field.kind == 'anyType' else field.any_kind


def _split_path(text: str) -> tuple[_Step, ...]:
    steps, at = [], 0
    while at < len(text):
        hit = _STEP.match(text, at)
        if hit is None:
            return ()
        key = hit[3] if hit[2] is None else hit[2]
        steps.append(_Step(hit[1], key))
        at = hit.end()
    return () if text.endswith('.') else tuple(steps)


def _find_field(field: Field, name: str, text: str) -> Field:
    """Find a field of what a field holds, or of what is derived from that.

    :raises VimFault: InvalidProperty.
    """
    kinds = [field.kind] if table.is_data(field.kind) else []
    for kind in (*kinds, *_list_derived(field.kind)):
        for one in table.data_type(kind).fields:
            if one.name == name:
                return one
    raise invalid_property(text)


@functools.cache
def _list_derived(kind: str) -> tuple[str, ...]:
    return tuple(
        name for name in table.data_names() if table.is_derived(name, kind)
    )


def read_path(
    one: ManagedObject, path: Path, session: Session | None = None
) -> Any:
    """Read what a path leads to for a session; None if any of it is unset.

    :raises VimFault: what stands in the way.
    """
    value: Any = one
    for step in path.steps:
        if isinstance(value, ManagedObject):
            value = value.read_for(session, step.name)
        elif isinstance(value, DataObject):
            value = value[step.name]
        else:
            return None
        if isinstance(value, Typed):
            value = value.value
        if step.key is not None:
            value = _find_keyed(value, step.key)
    return value


def _find_keyed(items: Any, key: str) -> Any:
    for one in items or ():
        found = one['key'] if isinstance(one, DataObject) else one
        if str(getattr(found, 'moid', found)) == key:
            return one
    return None


def find_fault(
    missing: dict[tuple[Any, str], VimFault], one: ManagedObject, text: str
) -> VimFault | None:
    """Give the fault that was planned for a path of an object, if any."""
    for (reference, name), fault in list(missing.items()):
        if reference in (one.reference, None):
            beyond = text[len(name) :][:1]
            if text.startswith(name) and beyond in ('', '.', '['):
                return fault
    return None
