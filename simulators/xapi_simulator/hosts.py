"""The calls of the classes host, pool, task and session."""

from collections.abc import Iterator
import time

from xapi_simulator.errors import XapiError
from xapi_simulator.fields import STRING
from xapi_simulator.messages import Call
from xapi_simulator.messages import Message
from xapi_simulator.messages import Parameter
from xapi_simulator.messages import params
from xapi_simulator.values import Date
from xapi_simulator.values import date

READ = 'read-only'


def messages() -> Iterator[Message]:
    host, this = params('host: host ref'), params('self: task ref')
    yield Message(
        'host.get_servertime', get_servertime, host, 'datetime', READ
    )
    yield Message(
        'pool.designate_new_master',
        designate,
        host,
        'void',
        'pool-operator',
        True,
    )
    names = params('label: string', 'description: string')
    yield Message('task.create', create_task, names, 'task ref', READ, True)
    task = params('task: task ref')
    yield Message('task.cancel', cancel_task, task, 'void', READ, True)
    yield Message('task.destroy', destroy_task, this, 'void', READ, True)
    who = (
        *params('uname: string', 'pwd: string'),
        Parameter('version', STRING, ''),
        Parameter('originator', STRING, ''),
    )
    yield Message(
        'session.login_with_password',
        login,
        who,
        'session ref',
        READ,
        open=True,
    )
    yield Message('session.logout', logout, (), 'void', READ)


def get_servertime(call: Call, host: str) -> Date:
    call.world.records.get('host', host)
    return date(time.time())


def designate(call: Call, host: str) -> None:
    """Let another host lead; who leads already goes on as it is."""
    world = call.world
    world.records.get('host', host)
    if host == world.master:
        return
    if world.records.get('pool', world.pool)['ha_enabled']:
        raise XapiError('HA_IS_ENABLED')
    if host in world.down:
        raise XapiError('CANNOT_CONTACT_HOST', host)
    world.promote(host)


def create_task(call: Call, label: str, description: str) -> str:
    """Make a task for work that comes in over HTTP."""
    return call.world.tasks.create(label, description, call.world.master)


def cancel_task(call: Call, task: str) -> None:
    call.world.tasks.cancel(task)
    call.world.queues.wake()


def destroy_task(call: Call, task: str) -> None:
    call.world.tasks.destroy(task)


def login(
    call: Call, uname: str, pwd: str, version: str, originator: str
) -> str:
    """Open a session, of the master only.

    :raises XapiError: HOST_IS_SLAVE, with the address of the master.
    """
    return call.world.sessions.login(uname, pwd, originator, call.host)


def logout(call: Call) -> None:
    call.world.sessions.end(call.session)


def check_master(call: Call) -> None:
    """Only the master answers.

    :raises XapiError: HOST_IS_SLAVE, with the bare address of the master.
    """
    master = call.world.master
    if call.host != master:
        raise XapiError('HOST_IS_SLAVE', call.world.address(master))
