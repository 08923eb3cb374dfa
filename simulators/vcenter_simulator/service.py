"""ServiceInstance and SessionManager: where every client begins."""

from typing import Any

from vcenter_simulator.faults import VimFault
from vcenter_simulator.inventory import ManagedObject
from vcenter_simulator.serving import Call
from vcenter_simulator.serving import serves
from vcenter_simulator import sessions
from vcenter_simulator.values import DataObject
from vcenter_simulator.values import Reference
from vcenter_simulator.world import World

VERSION = '7.0.0.0'
# The field of ServiceContent, the kind, and vCenter's own identity of it.
MANAGERS = (
    ('authorizationManager', 'AuthorizationManager', 'AuthorizationManager'),
    (
        'datastoreNamespaceManager',
        'DatastoreNamespaceManager',
        'DatastoreNamespaceManager',
    ),
    ('extensionManager', 'ExtensionManager', 'ExtensionManager'),
    ('fileManager', 'FileManager', 'FileManager'),
    ('propertyCollector', 'PropertyCollector', 'propertyCollector'),
    ('searchIndex', 'SearchIndex', 'SearchIndex'),
    ('sessionManager', 'SessionManager', 'SessionManager'),
    ('taskManager', 'TaskManager', 'TaskManager'),
    ('viewManager', 'ViewManager', 'ViewManager'),
    ('virtualDiskManager', 'VirtualDiskManager', 'virtualDiskManager'),
)


def add_service(world: World, uuid: str) -> None:
    """Add the service instance and its managers to an empty world."""
    content = DataObject(
        'ServiceContent',
        rootFolder=world.root.reference,
        about=describe_product(uuid),
        **{name: Reference(kind, moid) for name, kind, moid in MANAGERS},
    )
    for _, kind, moid in MANAGERS:
        make = SessionManager if kind == 'SessionManager' else ManagedObject
        world.inventory.add(make(kind, moid))
    world.inventory.add(
        ManagedObject(
            'ServiceInstance',
            'ServiceInstance',
            content=content,
            serverClock=world.clock.now,
        )
    )
    manager = world.inventory.find(content.sessionManager)
    manager.properties.update(
        defaultLocale='en',
        supportedLocaleList=('en',),
        messageLocaleList=('en',),
        sessionList=lambda: tuple(
            sessions.describe_session(one) for one in world.sessions.all()
        ),
    )


class SessionManager(ManagedObject):
    """Who is logged in; everybody is told of their own session."""

    def read_for(self, session: Any, name: str) -> Any:
        if name == 'currentSession' and session is not None:
            return sessions.describe_session(session)
        return self.read_property(name)


def describe_product(uuid: str) -> DataObject:
    """Describe the product as a vCenter 7.0 does itself."""
    return DataObject(
        'AboutInfo',
        name='VMware vCenter Server',
        fullName='VMware vCenter Server 7.0.0 build-15952498',
        vendor='VMware, Inc.',
        version='7.0.0',
        build='15952498',
        localeVersion='INTL',
        localeBuild='000',
        osType='linux-x64',
        productLineId='vpx',
        apiType='VirtualCenter',
        apiVersion=VERSION,
        instanceUuid=uuid,
        licenseProductName='VMware VirtualCenter Server',
        licenseProductVersion='7.0',
    )


@serves('ServiceInstance', 'RetrieveServiceContent')
def retrieve_service_content(call: Call) -> Any:
    return call.this.read_property('content')


@serves('ServiceInstance', 'CurrentTime')
def current_time(call: Call) -> Any:
    return call.world.clock.now()


@serves('SessionManager', 'Login')
def login(call: Call) -> DataObject:
    if call.session is not None:
        raise sessions.invalid_login()
    given = call.arguments
    session = call.world.sessions.login(given.userName, given.password)
    session.locale = given.locale or session.locale
    session.address, session.agent = call.caller.address, call.caller.agent
    call.caller.session = session
    return sessions.describe_session(session)


@serves('SessionManager', 'Logout')
def logout(call: Call) -> None:
    call.world.sessions.end(call.logged_in)


@serves('SessionManager', 'SessionIsActive')
def session_is_active(call: Call) -> bool:
    found = call.world.sessions.by_key(call.arguments.sessionID)
    return found is not None and found.user == call.arguments.userName


@serves('SessionManager', 'TerminateSession')
def terminate_session(call: Call) -> None:
    for key in call.arguments.sessionId:
        session = call.world.sessions.by_key(key)
        if session is None:
            raise VimFault('NotFound', f'There is no session {key}.')
        call.world.sessions.end(session)


@serves('SessionManager', 'AcquireGenericServiceTicket')
def acquire_generic_service_ticket(call: Call) -> DataObject:
    ticket = call.world.sessions.give_ticket(call.logged_in)
    return DataObject('SessionManagerGenericServiceTicket', id=ticket)
