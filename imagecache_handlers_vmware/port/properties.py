"""Properties: what is read of many objects, to the last of them."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
from typing import TypeVar

from imagecache_handlers_vmware.port.errors import Incomplete
from imagecache_handlers_vmware.port.managers import read_reference
from imagecache_handlers_vmware.port.replies import child
from imagecache_handlers_vmware.port.replies import children
from imagecache_handlers_vmware.port.replies import Element
from imagecache_handlers_vmware.port.replies import local_name
from imagecache_handlers_vmware.port.replies import text_of
from imagecache_handlers_vmware.port.replies import type_of
from imagecache_handlers_vmware.port.requests import Reference
from imagecache_handlers_vmware.port.requests import Request
from imagecache_handlers_vmware.port.requests import Selection
from imagecache_handlers_vmware.port import retrievals
from imagecache_handlers_vmware.port.session import Session

# Objects in an answer: the files of so many machines are some megabytes.
PAGE = 1000
# vCenter may send smaller pages than it was asked for, but not for ever.
_MOST_PAGES = 10_000

T = TypeVar('T')


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was read of one object.

    ``missing`` names the fault of each property that is there and cannot be
    read; one that is in neither is not set.
    """

    reference: Reference
    properties: Mapping[str, Element]
    missing: Mapping[str, str]

    def text(self, name: str) -> str | None:
        element = self.properties.get(name)
        return None if element is None else element.text or ''

    def require_text(self, name: str) -> str:
        """Give a property that such an object always has.

        :raises Incomplete: when the answer leaves it out.
        """
        text = self.text(name)
        if text is None:
            why = self.missing.get(name, 'nothing was said of it')
            raise Incomplete(
                f'{self.reference.kind} {self.reference.name}: {name} cannot '
                f'be read: {why}'
            )
        return text

    def references(self, name: str) -> list[Reference]:
        """Read an array of managed objects; an unset one is empty."""
        element = self.properties.get(name)
        return [] if element is None else list(map(read_reference, element))


def read_properties(
    session: Session,
    begin: Iterable[Reference],
    selections: Iterable[Selection],
) -> list[Found]:
    """Read properties of objects, all pages of them.

    :raises Incomplete: when the answer says nothing at all.
    :raises CallError: when any page is lost.
    """
    start = tuple(begin)
    request = retrievals.retrieve_properties(
        session.managers.property_collector, start, selections, PAGE
    )
    return read_objects(session, request, read_object)


def read_one(
    session: Session, reference: Reference, properties: tuple[str, ...]
) -> Found:
    """Read properties of one object.

    :raises Incomplete: when the answer is not of that one, and it alone.
    :raises CallError: when it is lost.
    """
    selection = Selection(kind=reference.kind, properties=properties)
    found = read_properties(session, [reference], [selection])
    if [one.reference for one in found] != [reference]:
        told = ', '.join(one.reference.name for one in found)
        raise Incomplete(
            f'{reference.name} was asked for, and told of: {told}'
        )
    return found[0]


def read_objects(
    session: Session, request: Request, use: Callable[[Element], T]
) -> list[T]:
    """Read all pages of an answer, each object used while it comes.

    :raises Incomplete: when the answer says nothing at all.
    :raises CallError: when any page is lost.
    """
    # A session that has ended is answered, too: with nothing.
    found = _read_pages(session, request, use)
    if not found:
        session.forget_login()
        found = _read_pages(session, request, use)
    if not found:
        raise Incomplete(f'{session.address} says nothing of what is there')
    return found


def _read_pages(
    session: Session, request: Request, use: Callable[[Element], T]
) -> list[T]:
    collector = session.managers.property_collector
    found: list[T] = []

    def read_page(elements: Iterator[Element]) -> tuple[list[T], str | None]:
        page: list[T] = []
        token = None
        for element in elements:
            if local_name(element.tag) == 'token':
                token = element.text or ''
            else:
                page.append(use(element))
        return page, token

    for _ in range(_MOST_PAGES):
        page, token = session.stream(request, ('objects', 'token'), read_page)
        found += page
        if token is None:
            return found
        if not page:
            break
        request = retrievals.continue_retrieval(collector, token)
    raise Incomplete(f'{session.address} tells of ever more pages')


def read_object(element: Element) -> Found:
    """Read what an answer says of one object."""
    return Found(
        reference=_reference_of(element),
        properties={
            text_of(one, 'name') or '': value
            for one in children(element, 'propSet')
            if (value := child(one, 'val')) is not None
        },
        missing={
            text_of(one, 'path') or '': _fault_of(one)
            for one in children(element, 'missingSet')
        },
    )


def _reference_of(element: Element) -> Reference:
    found = child(element, 'obj')
    if found is None:
        raise Incomplete('an object without a name was told of')
    return read_reference(found)


def _fault_of(missing: Element) -> str:
    error = child(missing, 'fault')
    fault = None if error is None else child(error, 'fault')
    return '' if fault is None else type_of(fault)
