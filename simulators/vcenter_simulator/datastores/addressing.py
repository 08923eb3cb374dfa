"""Addresses: how the arguments of a call lead to places, and who may go."""

from collections.abc import Callable
from typing import Any

from vcenter_simulator.datastores.places import Place
from vcenter_simulator.faults import VimFault
from vcenter_simulator.serving import Call
from vcenter_simulator.values import Reference

MANAGE_FILES = 'Datastore.FileManagement'


def resolve_place(
    call: Call, text: str, datacenter: Reference | None
) -> Place:
    """Find where an argument leads.

    :raises VimFault: InvalidDatastorePath, InvalidDatastore, InvalidArgument
    """
    moid = None if datacenter is None else datacenter.moid
    return call.world.stores.resolve_path(text, moid)


def check_place(
    call: Call,
    text: str,
    datacenter: Reference | None,
    privilege: str = MANAGE_FILES,
) -> None:
    """Make sure that who calls may work there, if it leads anywhere.

    Where it leads nowhere, the work itself says so: a task fails with it.

    :raises VimFault: NoPermission
    """
    try:
        place = resolve_place(call, text, datacenter)
    except VimFault:
        return
    call.check_privilege(place.store.reference, privilege)


def start_work(call: Call, work: Callable[[], Any]) -> Reference:
    """Start a task on the datacenter that a call names, or on the root."""
    arguments = call.arguments
    reference = arguments.datacenter or arguments.sourceDatacenter
    entity = call.world.root if reference is None else call.find(reference)
    return call.world.tasks.start(call, entity, lambda task: work())


def make_pause(call: Call) -> Callable[[], None]:
    """Give what is called between two entries of a folder.

    Steering meets it by the method's name and ``#entry``.
    """
    name = f'{call.method}#entry'
    return lambda: call.world.steering.reach('after', name)
