"""SearchIndex: managed entities by their path, uuid or files."""

import functools
from typing import Any
import urllib.parse

from vcenter_simulator import hierarchy
from vcenter_simulator.inventory import ManagedObject
from vcenter_simulator.serving import Call
from vcenter_simulator.serving import serves
from vcenter_simulator.values import Reference
from vcenter_simulator.world import World


@serves('SearchIndex', 'FindByInventoryPath')
def find_by_inventory_path(call: Call) -> Reference | None:
    """Find by names from the root; a slash in a name is ``%2f``."""
    at: ManagedObject | None = call.world.root
    for name in call.arguments.inventoryPath.strip('/').split('/'):
        if at is None:
            return None
        at = _find_child(call.world, at, name) if name else at
    return None if at is None else at.reference


@serves('SearchIndex', 'FindChild')
def find_child(call: Call) -> Reference | None:
    entity = call.find(call.arguments.entity)
    found = _find_child(call.world, entity, call.arguments.name)
    return None if found is None else found.reference


def _find_child(
    world: World, parent: ManagedObject, name: str
) -> ManagedObject | None:
    wanted = decode_name(name)
    for child in hierarchy.list_children(world.inventory, parent):
        if decode_name(str(child.read_property('name'))) == wanted:
            return child
    return None


def decode_name(name: str) -> str:
    """Give a name as people see it: vCenter keeps ``/`` as ``%2f``."""
    return urllib.parse.unquote(name)


@serves('SearchIndex', 'FindByUuid')
def find_by_uuid(call: Call) -> Reference | None:
    return next(iter(find_all_by_uuid(call)), None)


@serves('SearchIndex', 'FindAllByUuid')
def find_all_by_uuid(call: Call) -> tuple[Reference, ...]:
    """Find machines by their BIOS' or instance uuid, or hosts by theirs."""
    given = call.arguments
    read = _read_host_uuid
    if given.vmSearch:
        name = 'instanceUuid' if given.instanceUuid else 'uuid'
        read = functools.partial(_read_config, name)
    kind = 'VirtualMachine' if given.vmSearch else 'HostSystem'
    return tuple(
        one.reference
        for one in call.world.inventory.all(kind)
        if str(read(one)).lower() == given.uuid.lower()
        and _is_below(call.world, one, given.datacenter)
    )


@serves('SearchIndex', 'FindByDatastorePath')
def find_by_datastore_path(call: Call) -> Reference | None:
    """Find a machine by the path of its .vmx."""
    given = call.arguments
    for one in call.world.inventory.all('VirtualMachine'):
        files = _read_config('files', one)
        found = files is not None and files.vmPathName == given.path
        if found and _is_below(call.world, one, given.datacenter):
            return one.reference
    return None


def _read_config(name: str, machine: ManagedObject) -> Any:
    config = machine.read_property('config')
    return None if config is None else config[name]


def _read_host_uuid(host: ManagedObject) -> Any:
    summary = host.read_property('summary')
    return summary and summary.hardware and summary.hardware.uuid


def _is_below(world: World, one: ManagedObject, top: Reference | None) -> bool:
    """Tell if an object lies in another one, or there is none given."""
    at: Reference | None = one.reference
    while at is not None and at != top:
        if not world.inventory.has(at):
            return top is None
        at = world.inventory.find(at).read_property('parent')
    return at == top
