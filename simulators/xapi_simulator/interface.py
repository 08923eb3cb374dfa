"""All calls by name: who may make them, with what, now or as a task."""

from collections.abc import Mapping
import html
import time
from typing import Any

from simulator_parts.steering import Dropped
from simulator_parts.steering import Replied
from xapi_simulator.errors import XapiError
from xapi_simulator import event
from xapi_simulator import generic
from xapi_simulator import hosts
from xapi_simulator.messages import Call
from xapi_simulator.messages import Message
from xapi_simulator.messages import REQUIRED
from xapi_simulator import registration
from xapi_simulator import revert
from xapi_simulator.schema import CLASSES
from xapi_simulator.sessions import may
from xapi_simulator import sr
from xapi_simulator import suspension
from xapi_simulator import tracking
from xapi_simulator import unmarshal
from xapi_simulator import vdi
from xapi_simulator import vm
from xapi_simulator import vm_copies
from xapi_simulator import vm_revert
from xapi_simulator.world import World

ASYNC = 'Async.'
MODULES = (
    vdi,
    tracking,
    revert,
    sr,
    registration,
    vm,
    suspension,
    vm_copies,
    vm_revert,
    hosts,
    event,
)


def all_messages() -> Mapping[str, Message]:
    """Give every call that the simulator answers, by its name."""
    derived = [
        one for cls in CLASSES.values() for one in generic.messages(cls)
    ]
    own = [one for module in MODULES for one in module.messages()]
    return {one.name: one for one in (*derived, *own)}


class Interface:
    """What the hosts of a pool answer."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._messages = all_messages()

    def answer(self, host: str, method: str, sent: list[Any]) -> Any:
        """Answer a call that came in over the wire.

        :raises XapiError: what the client is to be told.
        """
        world = self._world
        time.sleep(world.timing.latency)
        world.steering.reach('before', method)
        try:
            return self._answer(host, method, sent)
        except (XapiError, Dropped, Replied):
            raise
        except Exception as error:
            # As xapi does with whatever it did not expect.
            raise unexpected(error) from error
        finally:
            world.steering.reach('after', method)

    def do(self, method: str, *sent: Any) -> Any:
        """Make a call from inside: no session, no role, no steering."""
        message = self._find(method)
        args = _arguments(message, 0, list(sent))
        return message.work(self._call(method, self._world.master, ''), *args)

    def _answer(self, host: str, method: str, sent: list[Any]) -> Any:
        message = self._find(method)
        args = _arguments(message, 0 if message.open else 1, sent)
        session = (
            ''
            if message.open
            else unmarshal.value('session_id', 'session ref', sent[0])
        )
        call = self._call(method, host, session)
        hosts.check_master(call)
        if not message.open:
            self._authorise(message, call)
        if method.startswith(ASYNC):
            return self._start(message, call, args)
        return message.work(call, *args)

    def _find(self, method: str) -> Message:
        message = self._messages.get(method.removeprefix(ASYNC))
        wants_task = method.startswith(ASYNC)
        if message is None or (wants_task and not message.is_async):
            raise XapiError('MESSAGE_METHOD_UNKNOWN', method)
        return message

    def _call(self, method: str, host: str, session: str) -> Call:
        world = self._world
        task = f'DummyRef:|{world.records.new_uuid()}|{method}'
        return Call(world, host, session, task, method)

    def _authorise(self, message: Message, call: Call) -> None:
        role = self._world.sessions.check(call.session)
        if not may(role, message.role):
            raise XapiError(
                'RBAC_PERMISSION_DENIED',
                message.name.lower(),
                'No permission in user session',
            )

    def _start(self, message: Message, call: Call, args: list[Any]) -> str:
        world = self._world
        task = world.tasks.create(call.method, '', world.master)
        inside = Call(world, call.host, call.session, task, call.method)

        def work() -> str:
            try:
                result = message.work(inside, *args)
            except (AttributeError, LookupError, TypeError) as error:
                raise unexpected(error) from error
            if message.result == 'void':
                return ''
            return f'<value>{html.escape(str(result))}</value>'

        world.tasks.run(task, work)
        return task


def unexpected(error: Exception) -> XapiError:
    """Tell of what nobody thought of."""
    return XapiError('INTERNAL_ERROR', repr(error))


def _arguments(message: Message, leading: int, sent: list[Any]) -> list[Any]:
    """Read the parameters; those at the end that have a default may lack."""
    given = sent[leading:]
    needed = sum(one.default is REQUIRED for one in message.params)
    if len(sent) < leading or not needed <= len(given) <= len(message.params):
        raise XapiError(
            'MESSAGE_PARAMETER_COUNT_MISMATCH',
            message.name,
            str(leading + len(message.params)),
            str(len(sent)),
        )
    args = []
    for number, one in enumerate(message.params):
        if number >= len(given):
            args.append(one.default)
            continue
        read = unmarshal.value(one.name, one.type, given[number])
        if not message.name.partition('.')[2].startswith('add_'):
            unmarshal.check_legal(one.name, read)
        args.append(read)
    return args
