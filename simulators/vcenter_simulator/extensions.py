"""Extensions: by their keys, what clients register themselves as."""

from vcenter_simulator.faults import invalid_argument
from vcenter_simulator.faults import VimFault
from vcenter_simulator.serving import Call
from vcenter_simulator.serving import serves
from vcenter_simulator.values import DataObject

_LIST = 'extensionList'


@serves('ExtensionManager', 'FindExtension')
def find_extension(call: Call) -> DataObject | None:
    for one in call.this.read_property(_LIST) or ():
        if one.key == call.arguments.extensionKey:
            found: DataObject = one
            return found
    return None


@serves('ExtensionManager', 'RegisterExtension')
def register_extension(call: Call) -> None:
    """Add an extension; it is not to be there yet."""
    given = call.arguments.extension
    known = call.this.read_property(_LIST) or ()
    if any(one.key == given.key for one in known):
        raise invalid_argument('extension.key')
    call.this.properties[_LIST] = (*known, given)
    call.world.note_change()


@serves('ExtensionManager', 'UnregisterExtension')
def unregister_extension(call: Call) -> None:
    key = call.arguments.extensionKey
    known = call.this.read_property(_LIST) or ()
    left = tuple(one for one in known if one.key != key)
    if len(left) == len(known):
        raise VimFault('NotFound', f'There is no extension {key}.')
    call.this.properties[_LIST] = left
    call.world.note_change()
