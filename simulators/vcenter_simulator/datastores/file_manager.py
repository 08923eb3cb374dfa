"""FileManager: its methods, as clients call them."""

from vcenter_simulator.datastores.addressing import check_place
from vcenter_simulator.datastores.addressing import make_pause
from vcenter_simulator.datastores.addressing import MANAGE_FILES
from vcenter_simulator.datastores.addressing import resolve_place
from vcenter_simulator.datastores.addressing import start_work
from vcenter_simulator.datastores import files
from vcenter_simulator.datastores.places import Place
from vcenter_simulator.serving import Call
from vcenter_simulator.serving import serves
from vcenter_simulator.values import Reference


@serves('FileManager', 'MakeDirectory')
def make_directory(call: Call) -> None:
    arguments = call.arguments
    place = resolve_place(call, arguments.name, arguments.datacenter)
    call.check_privilege(place.store.reference, MANAGE_FILES)
    files.make_directory(place, bool(arguments.createParentDirectories))


@serves('FileManager', 'DeleteDatastoreFile_Task')
def delete_file(call: Call) -> Reference:
    arguments = call.arguments
    check_place(call, arguments.name, arguments.datacenter)

    def delete_there() -> None:
        place = resolve_place(call, arguments.name, arguments.datacenter)
        files.delete_node(place, make_pause(call))

    return start_work(call, delete_there)


@serves('FileManager', 'MoveDatastoreFile_Task')
def move_file(call: Call) -> Reference:
    _check_both(call)

    def move_there() -> None:
        source, target = _resolve_both(call)
        force = bool(call.arguments.force)
        files.move_node(source, target, force, make_pause(call))

    return start_work(call, move_there)


@serves('FileManager', 'CopyDatastoreFile_Task')
def copy_file(call: Call) -> Reference:
    _check_both(call)

    def copy_there() -> None:
        source, target = _resolve_both(call)
        force = bool(call.arguments.force)
        files.copy_node(source, target, force, make_pause(call))

    return start_work(call, copy_there)


def _check_both(call: Call) -> None:
    arguments = call.arguments
    source = arguments.sourceDatacenter
    check_place(call, arguments.sourceName, source)
    check_place(
        call,
        arguments.destinationName,
        arguments.destinationDatacenter or source,
    )


def _resolve_both(call: Call) -> tuple[Place, Place]:
    """Find source and target; their datacenter is the same unless told."""
    arguments = call.arguments
    source = arguments.sourceDatacenter
    target = arguments.destinationDatacenter or source
    return (
        resolve_place(call, arguments.sourceName, source),
        resolve_place(call, arguments.destinationName, target),
    )
