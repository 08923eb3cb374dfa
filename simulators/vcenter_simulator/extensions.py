"""ExtensionManager: the extensions that clients register, as Nova does."""

from vcenter_simulator.faults import invalid_argument
from vcenter_simulator.faults import VimFault
from vcenter_simulator.serving import Call
from vcenter_simulator.serving import serves
from vcenter_simulator.values import DataObject

_LIST = 'extensionList'


@serves('ExtensionManager', 'FindExtension')
def find_extension(call: Call) -> DataObject | None:
    return _known(call).get(call.arguments.extensionKey)


@serves('ExtensionManager', 'RegisterExtension')
def register_extension(call: Call) -> None:
    """Register an extension; there is one of each key."""
    extension = call.arguments.extension
    if extension.key in _known(call):
        raise invalid_argument('extension.key')
    _write(call, {**_known(call), extension.key: extension})


@serves('ExtensionManager', 'UnregisterExtension')
def unregister_extension(call: Call) -> None:
    key = call.arguments.extensionKey
    known = _known(call)
    if known.pop(key, None) is None:
        raise VimFault('NotFound', f'There is no extension {key}.')
    _write(call, known)


def _known(call: Call) -> dict[str, DataObject]:
    listed = call.this.read_property(_LIST) or ()
    return {one.key: one for one in listed}


def _write(call: Call, known: dict[str, DataObject]) -> None:
    call.this.properties[_LIST] = tuple(known.values())
