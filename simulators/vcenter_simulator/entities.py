"""Entities: whatever has a name and a parent in the inventory."""

from typing import Any
from typing import TYPE_CHECKING

from vcenter_simulator.faults import VimFault
from vcenter_simulator.inventory import ManagedObject
from vcenter_simulator.values import Reference

if TYPE_CHECKING:
    from vcenter_simulator.world import World

_ESCAPED = {'%': '%25', '/': '%2f', '\\': '%5c'}
NAME_LIMIT = 80


class Entity(ManagedObject):
    """A managed entity: a folder, host, cluster, datastore, network ..."""

    def __init__(
        self,
        kind: str,
        moid: str,
        name: str,
        parent: Reference | None,
        **properties: Any,
    ) -> None:
        super().__init__(
            kind,
            moid,
            name=name,
            parent=parent,
            overallStatus='green',
            configStatus='green',
            **properties,
        )

    @property
    def name(self) -> str:
        name: str = self.properties['name']
        return name


def escape_name(name: str) -> str:
    """Write a name as vCenter shows it: slashes would look like paths."""
    return ''.join(_ESCAPED.get(letter, letter) for letter in name)


def unescape_name(name: str) -> str:
    """Give a name as people wrote it."""
    for letter, escaped in reversed(_ESCAPED.items()):
        name = name.replace(escaped, letter)
    return name


def check_name(name: str | None) -> str:
    """Give a name as it will be shown.

    :raises VimFault: InvalidName for an empty or an overlong one
    """
    if not name or len(name) > NAME_LIMIT:
        raise VimFault('InvalidName', name=name or '')
    return escape_name(name)


def list_children(world: 'World', parent: Reference) -> tuple[Reference, ...]:
    """Give what has an object as its parent, in the order it came."""
    return tuple(
        one.reference
        for one in world.inventory.all()
        if one.read_property('parent') == parent
    )


def find_above(
    world: 'World', reference: Reference | None, kind: str
) -> ManagedObject | None:
    """Give the object, or the nearest above it, that is of a kind."""
    while reference is not None and world.inventory.has(reference):
        one = world.inventory.find(reference)
        if one.kind == kind:
            return one
        reference = one.read_property('parent')
    return None


def find_datacenter(world: 'World', reference: Reference) -> ManagedObject:
    """Give the datacenter that an entity is in.

    :raises VimFault: InvalidArgument where it is in none
    """
    found = find_above(world, reference, 'Datacenter')
    if found is None:
        raise VimFault('InvalidArgument', 'It is in no datacenter.')
    return found


def check_unique(world: 'World', parent: Reference, name: str) -> None:
    """Make sure that nothing in a folder is called so.

    :raises VimFault: DuplicateName, with whose name it is
    """
    for reference in list_children(world, parent):
        if world.inventory.find(reference).read_property('name') == name:
            raise VimFault('DuplicateName', name=name, object=reference)
