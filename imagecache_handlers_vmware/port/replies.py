"""Replies: what vSphere answers, read while it comes.

A reply about a thousand images is a megabyte of XML; what is looked for in
it is taken out piece by piece, and the rest is forgotten.
"""

from collections.abc import Collection
from collections.abc import Iterator
import datetime
import io
import re
from xml.etree import ElementTree

from imagecache_handlers_vmware.port.errors import VimFault
from imagecache_handlers_vmware.port.errors import WrongAnswer

TYPE = '{http://www.w3.org/2001/XMLSchema-instance}type'

Element = ElementTree.Element

_FRACTION = re.compile(r'(\.\d{6})\d+')


def read_elements(
    body: io.RawIOBase, method: str, names: Collection[str]
) -> Iterator[Element]:
    """Give the elements of some names, each when it has come as a whole.

    An element within another that is given is given first, and is no longer
    in it.  Names are without their namespace.

    :raises VimFault: when the answer is a fault.
    :raises WrongAnswer: when it is neither.
    """
    is_answer = False
    try:
        for _, element in ElementTree.iterparse(body):  # noqa: S314
            name = local_name(element.tag)
            if name == 'Fault':
                raise read_fault(method, element)
            is_answer = is_answer or name == f'{method}Response'
            if name in names:
                yield element
                element.clear()
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        why = f'{method}: the answer is not the XML that was asked for'
        raise WrongAnswer(f'{why}: {error}') from error
    if not is_answer:
        raise WrongAnswer(f'{method}: the answer is to something else')


def local_name(tag: str) -> str:
    return tag.rpartition('}')[2]


def child(element: Element, name: str) -> Element | None:
    """Give the first child of a name."""
    for one in element:
        if local_name(one.tag) == name:
            return one
    return None


def children(element: Element, name: str) -> Iterator[Element]:
    return (one for one in element if local_name(one.tag) == name)


def text_of(element: Element, name: str) -> str | None:
    """Give the text of the first child of a name; None: it is not there."""
    found = child(element, name)
    return None if found is None else found.text or ''


def type_of(element: Element) -> str:
    """Give the type that an element says it has, without a prefix."""
    return element.get(TYPE, '').rpartition(':')[2]


def read_time(text: str) -> datetime.datetime | None:
    """Read a time as vSphere writes it; None: it is not one."""
    try:
        found = datetime.datetime.fromisoformat(_FRACTION.sub(r'\1', text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)


def read_fault(method: str, element: Element) -> VimFault:
    """Read the fault of a call: its type is that of its only detail."""
    message = text_of(element, 'faultstring') or ''
    detail = child(element, 'detail')
    name = type_of(detail[0]) if detail is not None and len(detail) else ''
    return VimFault(method, name or 'a fault without a name', message)


def read_task_fault(method: str, error: Element) -> VimFault:
    """Read the fault that a task ended with."""
    fault = child(error, 'fault')
    name = type_of(fault) if fault is not None else ''
    message = text_of(error, 'localizedMessage') or ''
    return VimFault(method, name or 'a fault without a name', message)


def copy_elements(elements: Iterator[Element]) -> list[Element]:
    """Keep elements, which lose what is in them once the next one comes."""
    kept = []
    for element in elements:
        copy = Element(element.tag, element.attrib)
        copy.text = element.text
        copy.extend(element)
        kept.append(copy)
    return kept
