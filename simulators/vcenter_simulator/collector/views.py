"""Views: containers whose content is what the inventory has now."""

from collections.abc import Iterator
import functools
from typing import Any
import uuid

from vcenter_simulator.faults import invalid_argument
from vcenter_simulator import hierarchy
from vcenter_simulator.inventory import ManagedObject
from vcenter_simulator.schema import table
from vcenter_simulator.serving import Call
from vcenter_simulator.serving import serves
from vcenter_simulator.sessions import Session
from vcenter_simulator.values import Reference
from vcenter_simulator.world import World

_VIEWS = 'views'
VIEW = 'System.View'


@serves('ViewManager', 'CreateContainerView')
def create_container_view(call: Call) -> Reference:
    """Make a view of what lies in a container, directly or anywhere below."""
    given = call.arguments
    kinds = given.type or ()
    for kind in kinds:
        if not table.is_managed(kind):
            raise invalid_argument('type')
    container = call.find(given.container)
    if hierarchy.child_names(container.kind) is None:
        raise invalid_argument('container')
    content = functools.partial(
        _list_content,
        call.world,
        call.session,
        container,
        kinds,
        given.recursive,
    )
    return _add_view(
        call,
        'ContainerView',
        view=content,
        container=given.container,
        type=kinds,
        recursive=given.recursive,
    )


@serves('ViewManager', 'CreateListView')
def create_list_view(call: Call) -> Reference:
    return _add_view(call, 'ListView', view=call.arguments.obj or ())


@serves('ListView', 'ModifyListView')
def modify_list_view(call: Call) -> tuple[Reference, ...]:
    """Add and remove objects; gives those that are not there."""
    added = call.arguments.add or ()
    removed = call.arguments.remove or ()
    kept = (one for one in call.this.properties['view'] if one not in removed)
    call.this.properties['view'] = tuple(dict.fromkeys((*kept, *added)))
    return ()


@serves('ListView', 'ResetListView')
def reset_list_view(call: Call) -> tuple[Reference, ...]:
    call.this.properties['view'] = call.arguments.obj or ()
    return ()


@serves('View', 'DestroyView')
def destroy_view(call: Call) -> None:
    call.world.inventory.remove(call.this.reference)


def _add_view(call: Call, kind: str, **properties: Any) -> Reference:
    session = call.logged_in
    moid = f'session[{session.key}]{uuid.uuid4()}'
    view = ManagedObject(kind, moid, **properties)
    call.world.inventory.add(view)
    session.belongings.setdefault(_VIEWS, []).append(view.reference)
    return view.reference


def drop_views(world: World, session: Session) -> None:
    """Remove the views of a session that has ended."""
    for reference in session.belongings.get(_VIEWS, ()):
        world.inventory.remove(reference)


def _list_content(
    world: World,
    session: Session | None,
    container: ManagedObject,
    kinds: tuple[str, ...],
    recursive: bool,
) -> tuple[Reference, ...]:
    found = (
        hierarchy.list_below(world.inventory, container)
        if recursive
        else hierarchy.list_children(world.inventory, container)
    )
    return tuple(_select_visible(world, session, found, kinds))


def _select_visible(
    world: World,
    session: Session | None,
    found: Iterator[ManagedObject],
    kinds: tuple[str, ...],
) -> Iterator[Reference]:
    user = '' if session is None else session.user
    for one in found:
        wanted = not kinds or any(
            table.is_kind(one.kind, kind) for kind in kinds
        )
        if wanted and world.privileges.has(user, one.reference, VIEW):
            yield one.reference
