"""AuthorizationManager: what a session or a user may do to entities."""

from vcenter_simulator.faults import invalid_argument
from vcenter_simulator.schema import table
from vcenter_simulator.serving import Call
from vcenter_simulator.serving import serves
from vcenter_simulator.values import DataObject
from vcenter_simulator.values import Reference


@serves('AuthorizationManager', 'HasPrivilegeOnEntities')
def has_privilege_on_entities(call: Call) -> tuple[DataObject, ...]:
    """Tell of each entity which of some privileges a session has."""
    given = call.arguments
    session = call.world.sessions.by_key(given.sessionId)
    if session is None:
        raise invalid_argument('sessionId')
    user = session.user
    return tuple(
        DataObject(
            'EntityPrivilege',
            entity=entity,
            privAvailability=tuple(
                _tell_privilege(call, user, entity, name)
                for name in given.privId or ('System.View',)
            ),
        )
        for entity in given.entity
    )


def _tell_privilege(
    call: Call, user: str, entity: Reference, name: str
) -> DataObject:
    return DataObject(
        'PrivilegeAvailability',
        privId=name,
        isGranted=call.world.privileges.has(user, entity, name),
    )


@serves('AuthorizationManager', 'FetchUserPrivilegeOnEntities')
def fetch_user_privilege_on_entities(call: Call) -> tuple[DataObject, ...]:
    """Tell of each entity which privileges a user has."""
    given = call.arguments
    return tuple(
        DataObject(
            'UserPrivilegeResult',
            entity=entity,
            privileges=_list_privileges(call, given.userName, entity),
        )
        for entity in given.entities
    )


def _list_privileges(
    call: Call, user: str, entity: Reference
) -> tuple[str, ...]:
    role = call.world.privileges.role_on(user, entity)
    return tuple(sorted(table.list_privileges() if role is None else role))
