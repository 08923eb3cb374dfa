"""Machines: one read of all that have files on a datastore.

A volume that is mounted in several datacenters is a datastore in each, and
each lists machines of its own only.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses

from imagecache_handlers_vmware.datastores import Datastore
from imagecache_handlers_vmware.datastores import Mount
from imagecache_handlers_vmware.paths import is_unclear
from imagecache_handlers_vmware.paths import read_path
from imagecache_handlers_vmware.port.errors import Incomplete
from imagecache_handlers_vmware.port.properties import Found
from imagecache_handlers_vmware.port.properties import PAGE
from imagecache_handlers_vmware.port.properties import read_object
from imagecache_handlers_vmware.port.properties import read_objects
from imagecache_handlers_vmware.port.replies import Element
from imagecache_handlers_vmware.port.replies import local_name
from imagecache_handlers_vmware.port.requests import Reference
from imagecache_handlers_vmware.port.requests import Selection
from imagecache_handlers_vmware.port import retrievals
from imagecache_handlers_vmware.port.session import Session
from imagecache_handlers_vmware.users import Machine

_FILES, _DEVICES = 'layoutEx.file', 'config.hardware.device'
_ROOTS, _LATER = 'rootSnapshot', 'childSnapshot'


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What was told of a machine, or of a snapshot of one."""

    reference: Reference
    name: str
    files: frozenset[str] | None
    snapshots: tuple[Reference, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What one read tells: of datastores, and of who names files."""

    stores: list[Found]
    told: Mapping[Reference, _Told]


def read_machines(
    session: Session, datastore: Datastore, *, with_drives: bool
) -> list[Machine]:
    """Tell of every machine with files on a datastore, which files it names.

    ``with_drives``: what is in their drives, too, now and in each snapshot,
    which costs more.  One that the datastore lists, and of which anything
    cannot be read, has no files to tell of.

    :raises Incomplete: when the datastore is no longer called what it was,
        or does not tell its machines.
    :raises CallError: when the answer is lost.
    """
    answer = _ask_for_machines(session, datastore, with_drives)
    listed = {
        mount: list_machines(answer.stores, mount)
        for mount in datastore.mounts
    }
    others = _find_unlisted(answer.told, listed.values())
    return [
        _note_stale(
            _make_machine(reference, answer.told, mount), datastore.known
        )
        for mount, references in listed.items()
        for reference in (*references, *others)
    ]


def _ask_for_machines(
    session: Session, datastore: Datastore, with_drives: bool
) -> _Answer:
    request = retrievals.retrieve_machines(
        session.managers.property_collector,
        [mount.reference for mount in datastore.mounts],
        _choose_properties(with_drives),
        PAGE,
        with_snapshots=with_drives,
    )
    read = read_objects(
        session, request, lambda element: _read_one(element, with_drives)
    )
    return _Answer(
        stores=[one for one in read if isinstance(one, Found)],
        told={one.reference: one for one in read if isinstance(one, _Told)},
    )


def _read_one(element: Element, with_drives: bool) -> Found | _Told:
    """Read a datastore; of what names files, no more than these."""
    found = read_object(element)
    if found.reference.kind == 'Datastore':
        return found
    if found.reference.kind == 'VirtualMachine':
        return _read_told(found, _naming_properties(with_drives))
    return _read_told(found, (_DEVICES,))


def _find_unlisted(
    told: Iterable[Reference], listed: Iterable[list[Reference]]
) -> list[Reference]:
    """Find who is told of and not listed any more, or not yet.

    It may be of any of the datastores.
    """
    everywhere = {one for some in listed for one in some}
    return [
        one
        for one in told
        if one.kind == 'VirtualMachine' and one not in everywhere
    ]


def _naming_properties(with_drives: bool) -> tuple[str, ...]:
    """Give the properties by which a machine names files."""
    return (_FILES, _DEVICES) if with_drives else (_FILES,)


def _choose_properties(with_drives: bool) -> list[Selection]:
    stores = Selection(kind='Datastore', properties=('name', 'vm'))
    names = ('name', *_naming_properties(with_drives))
    if not with_drives:
        return [stores, Selection(kind='VirtualMachine', properties=names)]
    return [
        stores,
        Selection(kind='VirtualMachine', properties=(*names, _ROOTS)),
        Selection(
            kind='VirtualMachineSnapshot', properties=(_DEVICES, _LATER)
        ),
    ]


def list_machines(stores: Iterable[Found], mount: Mount) -> list[Reference]:
    """Give the machines that a datastore lists.

    Its name is that by which machines name their files.
    """
    itself = [one for one in stores if one.reference == mount.reference]
    if len(itself) != 1:
        raise Incomplete(f'nothing was said of datastore {mount.name!r}')
    [found] = itself
    name = found.require_text('name')
    if name != mount.name:
        raise Incomplete(
            f'datastore {mount.name!r} is called {name!r} meanwhile'
        )
    # One without a machine says so: its list is empty, and is there.
    if 'vm' not in found.properties:
        why = found.missing.get('vm', 'nothing was said of them')
        raise Incomplete(f'the machines of {name!r} cannot be listed: {why}')
    return found.references('vm')


def _make_machine(
    reference: Reference, told: Mapping[Reference, _Told], mount: Mount
) -> Machine:
    """Gather what a machine names, and what each of its snapshots does."""
    files: frozenset[str] | None = frozenset()
    waiting, seen = [reference], {reference}
    while waiting:
        one = told.get(waiting.pop())
        if one is None or one.files is None or files is None:
            files = None
            break
        files |= one.files
        waiting += [new for new in one.snapshots if new not in seen]
        seen.update(one.snapshots)
    itself = told.get(reference)
    return Machine(
        name=reference.name if itself is None else itself.name,
        # Every machine has a file: one without any was not told of.
        files=files or None,
        datastore=mount.name,
    )


def _note_stale(machine: Machine, known: Iterable[str]) -> Machine:
    """Note where what is told of a machine is older than some name.

    Its host may be cut off since a datastore was renamed.  One that truly
    lies elsewhere, and has a disc of this one in its drive, say, names
    nothing but datastores that there are.
    """
    files = machine.files or ()
    if any(map(_names_one(machine.datastore), files)):
        return machine
    places = [_names_one(name) for name in known]
    is_stale = any(
        not is_unclear(text) and not any(place(text) for place in places)
        for text in files
    )
    return dataclasses.replace(machine, is_stale=is_stale)


def _names_one(datastore: str) -> Callable[[str], bool]:
    return lambda text: read_path(text, datastore) is not None


def _read_told(found: Found, wanted: Iterable[str]) -> _Told:
    files: set[str] | None = set()
    for prop in wanted:
        element = found.properties.get(prop)
        if element is None or files is None:
            files = None
        else:
            files |= set(named_files(element))
    if found.missing.keys() & {_ROOTS, _LATER}:
        files = None
    return _Told(
        reference=found.reference,
        name=found.text('name') or found.reference.name,
        files=None if files is None else frozenset(files),
        snapshots=(*found.references(_ROOTS), *found.references(_LATER)),
    )


def named_files(element: Element) -> Iterator[str]:
    """Give what is named by a layout's files, or by devices' backings."""
    for one in element.iter():
        text = one.text
        if text and local_name(one.tag) in _NAMING and _is_path(text):
            yield text


def _is_path(text: str) -> bool:
    return text.startswith('[') or '/' in text


_NAMING = frozenset({'name', 'fileName'})
