"""Interface: from a request's bytes to the function that answers it."""

import dataclasses
import time
from typing import Any

from simulator_parts.counters import Counters
from vcenter_simulator.faults import ERRORS
from vcenter_simulator.faults import invalid_request
from vcenter_simulator.faults import unexpected
from vcenter_simulator.faults import VimFault
from vcenter_simulator.inventory import ManagedObject
from vcenter_simulator import rooms
from vcenter_simulator.schema.kinds import Field
from vcenter_simulator.schema.kinds import Method
from vcenter_simulator.schema import table
from vcenter_simulator.serving import Call
from vcenter_simulator.serving import Caller
from vcenter_simulator.serving import find_service
from vcenter_simulator.serving import Service
from vcenter_simulator.soap import envelope
from vcenter_simulator.soap.reading import read_arguments
from vcenter_simulator.values import DataObject
from vcenter_simulator.values import Reference
from vcenter_simulator.world import World

# How pyvmomi reads one property; the published interface does not tell.
FETCH = Method(
    'ManagedObject',
    'Fetch',
    'System.Anonymous',
    Field('returnval', 'anyType', optional=True),
    (),
    (Field('prop', 'string'),),
)
METHODS = {**table.all_methods(), FETCH.name: FETCH}


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """A reply's status and bytes."""

    status: int
    body: bytes


class Interface:
    """Answers requests; steered, and counted by their methods."""

    def __init__(self, world: World, counters: Counters) -> None:
        self._world = world
        self._counters = counters
        rooms.load()

    def answer(self, body: bytes, caller: Caller) -> Answer:
        """Answer a request: whatever it is, with a reply or a fault.

        :raises Dropped, Replied: what was planned by steering.
        """
        try:
            request = envelope.read_request(body)
            method = find_method(request.method)
        except VimFault as fault:
            return Answer(500, envelope.write_fault(fault))
        self._counters.begin(method.name, len(body))
        if self._world.timing.latency:
            time.sleep(self._world.timing.latency)
        answer = self._answer_call(method, request, caller)
        failed = answer.status != 200
        self._counters.end(method.name, len(answer.body), failed)
        return answer

    def _answer_call(
        self, method: Method, request: envelope.Request, caller: Caller
    ) -> Answer:
        try:
            self._world.steering.reach('before', method.name)
            value = self._run_call(method, request, caller)
            self._world.steering.reach('after', method.name)
            return Answer(200, envelope.write_reply(method, value))
        except VimFault as fault:
            return Answer(500, envelope.write_fault(fault))
        except ERRORS as error:
            return Answer(500, envelope.write_fault(unexpected(error)))

    def _run_call(
        self, method: Method, request: envelope.Request, caller: Caller
    ) -> Any:
        this, arguments = read_arguments(request.element, method.parameters)
        if not table.is_managed(this.kind):
            raise invalid_request(f'there is no type {this.kind}')
        if not table.is_kind(this.kind, method.owner):
            raise VimFault('MethodNotFound', receiver=this, method=method.name)
        return self.call(method, this, arguments, caller)

    def call(
        self,
        method: Method,
        this: Reference,
        arguments: DataObject,
        caller: Caller,
    ) -> Any:
        """Make a call whose arguments have been read.

        :raises VimFault: what it ends with.
        """
        world = self._world
        with world.lock:
            target = self._find_this(method, this, caller)
            self._check_arguments(method, arguments, caller)
            service = _find_service(this.kind, method.name)
            call = Call(world, target, method.name, arguments, caller)
            if service.locked:
                try:
                    return service.work(call)
                finally:
                    world.note_change()
        return service.work(call)

    def _find_this(
        self, method: Method, this: Reference, caller: Caller
    ) -> ManagedObject:
        needed = method.privilege or 'System.View'
        self._world.check_privilege(caller.session, this, needed)
        return self._world.inventory.find(this)

    def _check_arguments(
        self, method: Method, arguments: DataObject, caller: Caller
    ) -> None:
        """Make sure that what arguments refer to exists and may be used."""
        for field in method.parameters:
            given = arguments[field.name]
            if given is None or not field.kind.startswith('@'):
                continue
            for one in given if field.many else (given,):
                self._world.inventory.find(one)
                if field.privilege is not None:
                    self._world.check_privilege(
                        caller.session, one, field.privilege
                    )


def find_method(name: str) -> Method:
    """Give a method by its name.

    :raises VimFault: InvalidRequest.
    """
    found = METHODS.get(name)
    if found is None:
        raise invalid_request(f'Unable to resolve WSDL method name {name}')
    return found


def _find_service(kind: str, method: str) -> Service:
    """Find what answers a method.

    :raises VimFault: NotSupported.
    """
    found = find_service(table.managed_type(kind).kinds, method)
    if found is None:
        raise VimFault('NotSupported', f'{method} is not simulated.')
    return found
