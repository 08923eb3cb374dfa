"""Machines: one read of all that have files on a datastore."""

from collections.abc import Iterable
from collections.abc import Iterator

from imagecache_handlers_vmware.datastores import Datastore
from imagecache_handlers_vmware.port import envelopes
from imagecache_handlers_vmware.port.errors import Incomplete
from imagecache_handlers_vmware.port.properties import Found
from imagecache_handlers_vmware.port.properties import PAGE
from imagecache_handlers_vmware.port.properties import read_object
from imagecache_handlers_vmware.port.properties import read_objects
from imagecache_handlers_vmware.port.replies import Element
from imagecache_handlers_vmware.port.replies import local_name
from imagecache_handlers_vmware.port.requests import Reference
from imagecache_handlers_vmware.port.requests import Selection
from imagecache_handlers_vmware.port.session import Session
from imagecache_handlers_vmware.users import Machine

_FILES, _DEVICES = 'layoutEx.file', 'config.hardware.device'


def read_machines(
    session: Session, datastore: Datastore, *, with_drives: bool
) -> list[Machine]:
    """Tell of every machine with files on a datastore, which files it names.

    ``with_drives``: what is in their drives, too, which costs more.  One
    that the datastore lists, and of which nothing can be read, has no files
    to tell of.

    :raises Incomplete: when the datastore is no longer called what it was,
        or does not tell its machines.
    :raises CallError: when the answer is lost.
    """
    files = (_FILES, _DEVICES) if with_drives else (_FILES,)
    request = envelopes.retrieve_properties(
        session.managers.property_collector,
        [datastore.reference],
        [
            Selection(kind='Datastore', properties=('name', 'vm')),
            Selection(
                kind='VirtualMachine', properties=('name', *files), path='vm'
            ),
        ],
        PAGE,
    )

    def read_one(element: Element) -> Found | tuple[Reference, Machine]:
        found = read_object(element)
        if found.reference == datastore.reference:
            return found
        return found.reference, _read_machine(found, files)

    read = read_objects(session, request, read_one)
    itself = [one for one in read if isinstance(one, Found)]
    told = dict(one for one in read if not isinstance(one, Found))
    return list(_all_machines(_listed(itself, datastore), told))


def _listed(itself: list[Found], datastore: Datastore) -> list[Reference]:
    """Give the machines that a datastore lists.

    Its name is that by which machines name their files.
    """
    if len(itself) != 1:
        raise Incomplete(f'nothing was said of datastore {datastore.name!r}')
    [found] = itself
    name = found.require_text('name')
    if name != datastore.name:
        raise Incomplete(
            f'datastore {datastore.name!r} is called {name!r} meanwhile'
        )
    if 'vm' in found.missing:
        why = found.missing['vm']
        raise Incomplete(f'the machines of {name!r} cannot be listed: {why}')
    return found.references('vm')


def _all_machines(
    listed: Iterable[Reference], told: dict[Reference, Machine]
) -> Iterator[Machine]:
    yield from told.values()
    for reference in listed:
        if reference not in told:
            yield Machine(name=reference.name, files=None)


def _read_machine(found: Found, wanted: Iterable[str]) -> Machine:
    name = found.text('name') or found.reference.name
    files: set[str] = set()
    for prop in wanted:
        element = found.properties.get(prop)
        if element is None:
            return Machine(name=name, files=None)
        files |= set(_named_files(element))
    # Every machine has a file: one without any was not told of.
    return Machine(name=name, files=frozenset(files) or None)


def _named_files(element: Element) -> Iterator[str]:
    """Give what is named by a layout's files, or by devices' backings."""
    for one in element.iter():
        text = one.text
        if text and text.startswith('[') and local_name(one.tag) in _NAMING:
            yield text


_NAMING = frozenset({'name', 'fileName'})
