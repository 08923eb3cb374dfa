"""Selection of objects: from where a filter begins, along its traversals."""

from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any

from vcenter_simulator.collector.paths import find_path
from vcenter_simulator.collector.paths import list_paths
from vcenter_simulator.collector.paths import Path
from vcenter_simulator.collector.paths import read_path
from vcenter_simulator.faults import invalid_argument
from vcenter_simulator.faults import VimFault
from vcenter_simulator.inventory import ManagedObject
from vcenter_simulator.schema import table
from vcenter_simulator.sessions import Session
from vcenter_simulator.values import DataObject
from vcenter_simulator.values import Reference
from vcenter_simulator.world import World

VIEW = 'System.View'


class Selection:
    """What one PropertyFilterSpec selects: objects, and paths of each.

    :raises VimFault: InvalidProperty, InvalidArgument, for what is wrong in
        the spec whatever there is.
    """

    def __init__(self, spec: DataObject) -> None:
        self.spec = spec
        self._paths: dict[str, tuple[Path, ...] | None] = {}
        for one in spec.propSet:
            _check_properties(one)
        for one in spec.objectSet:
            for traversal in _walk_specs(one.selectSet):
                _check_traversal(traversal)

    def paths_of(self, kind: str) -> tuple[Path, ...] | None:
        """Give the paths that are wanted of a kind; None: not selected."""
        if kind not in self._paths:
            self._paths[kind] = self._find_paths(kind)
        return self._paths[kind]

    def _find_paths(self, kind: str) -> tuple[Path, ...] | None:
        matching = [
            one for one in self.spec.propSet if table.is_kind(kind, one.type)
        ]
        if not matching:
            return None
        found: dict[str, Path] = {}
        for one in matching:
            if one.all:
                found.update({path.text: path for path in list_paths(kind)})
            for text in one.pathSet or ():
                found[text] = find_path(kind, text)
        return tuple(found.values())

    def check_objects(self, world: World) -> None:
        """Make sure that what is named is there, unless that is left open.

        :raises VimFault: ManagedObjectNotFound.
        """
        if not self.spec.reportMissingObjectsInResults:
            for spec in self.spec.objectSet:
                world.inventory.find(spec.obj)

    def find_objects(
        self, world: World, session: Session | None
    ) -> list[ManagedObject]:
        """Find the objects that are selected now, each once.

        Where a traversal begins at what is gone, it leads nowhere.
        """
        found: dict[Reference, ManagedObject] = {}
        for spec in self.spec.objectSet:
            if not world.inventory.has(spec.obj):
                continue
            walk = _Walk(world, session, spec)
            for one in walk.run():
                if self.paths_of(one.kind) is not None:
                    found[one.reference] = one
        return list(found.values())


class _Walk:
    """One way from an object along traversals."""

    def __init__(
        self, world: World, session: Session | None, spec: DataObject
    ) -> None:
        self._world = world
        self._session = session
        self._spec = spec
        self._named = {
            one.name: one
            for one in _walk_specs(spec.selectSet)
            if one.type_name == 'TraversalSpec' and one.name
        }
        self._done: set[tuple[Reference, int]] = set()

    def run(self) -> Iterator[ManagedObject]:
        start = self._world.inventory.find(self._spec.obj)
        if not self._spec.skip:
            yield start
        waiting = [(start, self._spec.selectSet or ())]
        while waiting:
            one, specs = waiting.pop()
            for spec in self._resolve_names(specs):
                if self._is_due(one, spec):
                    for child in self._follow_path(one, spec):
                        if not spec.skip:
                            yield child
                        waiting.append((child, spec.selectSet or ()))

    def _resolve_names(
        self, specs: Iterable[DataObject]
    ) -> Iterator[DataObject]:
        for one in specs:
            if one.type_name == 'TraversalSpec':
                yield one
            elif one.name in self._named:
                yield self._named[one.name]
            else:
                raise invalid_argument('selectSet.name')

    def _is_due(self, one: ManagedObject, spec: DataObject) -> bool:
        """Tell if a traversal leads on from an object for the first time."""
        mark = one.reference, id(spec)
        if mark in self._done or not table.is_kind(one.kind, spec.type):
            return False
        self._done.add(mark)
        return True

    def _follow_path(
        self, one: ManagedObject, spec: DataObject
    ) -> Iterator[ManagedObject]:
        """Give where a traversal leads to, as far as it may be seen."""
        path = find_path(one.kind, spec.path)
        try:
            self._world.check_privilege(
                self._session, one.reference, path.privilege
            )
            value = read_path(one, path, self._session)
        except VimFault:
            return
        for reference in value if isinstance(value, tuple) else (value,):
            if isinstance(reference, Reference) and self._can_see(reference):
                yield self._world.inventory.find(reference)

    def _can_see(self, reference: Reference) -> bool:
        if not self._world.inventory.has(reference):
            return False
        user = '' if self._session is None else self._session.user
        return not user or self._world.privileges.has(user, reference, VIEW)


def _walk_specs(specs: Any) -> Iterator[DataObject]:
    waiting = list(specs or ())
    while waiting:
        one = waiting.pop()
        yield one
        waiting.extend(one.selectSet or ())


def _check_properties(spec: DataObject) -> None:
    if not table.is_managed(spec.type):
        raise invalid_argument('specSet.propSet.type')
    for text in spec.pathSet or ():
        find_path(spec.type, text)


def _check_traversal(spec: DataObject) -> None:
    if spec.type_name != 'TraversalSpec':
        return
    if not table.is_managed(spec.type):
        raise invalid_argument('specSet.objectSet.selectSet.type')
    try:
        find_path(spec.type, spec.path)
    except VimFault as fault:
        # Of what is read it would be InvalidProperty, says the reference.
        raise invalid_argument('specSet.objectSet.selectSet.path') from fault
