"""Reading of values: strict, every element is known, in order and there."""

import base64
import binascii
from collections.abc import Iterator
import datetime
import functools
import re
from typing import Any
import xml.etree.ElementTree as ET

from vcenter_simulator.faults import invalid_request
from vcenter_simulator.schema.kinds import Field
from vcenter_simulator.schema.kinds import PRIMITIVES
from vcenter_simulator.schema.kinds import REFERENCE
from vcenter_simulator.schema import table
from vcenter_simulator.values import DataObject
from vcenter_simulator.values import Reference
from vcenter_simulator.values import Typed

NAMESPACE = 'urn:vim25'
_PREFIX = f'{{{NAMESPACE}}}'
XSI = 'http://www.w3.org/2001/XMLSchema-instance'
_TYPE = f'{{{XSI}}}type'
_NIL = f'{{{XSI}}}nil'
_DEPTH = 64

_WHOLE = re.compile(r'[+-]?[0-9]{1,20}')
_BITS = {'byte': 8, 'short': 16, 'int': 32, 'long': 64}
_BOOLEANS = {'true': True, '1': True, 'false': False, '0': False}
_MOMENT = re.compile(
    r'-?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?'
)


def read_arguments(
    element: ET.Element, parameters: tuple[Field, ...]
) -> tuple[Reference, DataObject]:
    """Read what a method is called with: whom it is called on, and the rest.

    :raises VimFault: InvalidRequest.
    """
    this = Field('_this', '@')
    fields = _read_fields(element, (this, *parameters), 0)
    target: Reference = fields.pop('_this')
    return target, DataObject('', **fields)


def _read_fields(
    element: ET.Element, expected: tuple[Field, ...], depth: int
) -> dict[str, Any]:
    """Read the children of an element: each in its place."""
    if depth > _DEPTH:
        raise invalid_request('The request is nested too deeply')
    _check_text(element)
    children = _Children(element)
    found = {}
    for field in expected:
        items = children.take(field)
        if field.many:
            if items:
                found[field.name] = tuple(
                    read_value(one, field, depth) for one in items
                )
        elif items:
            found[field.name] = read_value(items[0], field, depth)
        if not items and not field.optional:
            raise invalid_request(
                f'Required property {field.name} is missing from '
                f'{_name_of(element)}'
            )
    children.end()
    return found


class _Children:
    """The children of an element, taken from the first to the last."""

    def __init__(self, element: ET.Element) -> None:
        self._parent = element
        self._left: Iterator[ET.Element] = iter(element)
        self._next = next(self._left, None)

    def take(self, field: Field) -> list[ET.Element]:
        """Take those that are of a field: one at most, if it is no array."""
        found: list[ET.Element] = []
        tag = _PREFIX + field.name
        while self._next is not None and self._next.tag == tag:
            if found and not field.many:
                break
            if self._next.get(_NIL) not in ('true', '1'):
                found.append(self._next)
            _check_tail(self._next)
            self._next = next(self._left, None)
        return found

    def end(self) -> None:
        """Make sure that none is left.

        :raises VimFault: InvalidRequest.
        """
        if self._next is not None:
            raise invalid_request(
                f'Unexpected element tag "{_name_of(self._next)}" seen '
                f'in {_name_of(self._parent)}'
            )


def read_value(element: ET.Element, field: Field, depth: int) -> Any:
    """Read one value of what a field declares.

    :raises VimFault: InvalidRequest.
    """
    declared = field.kind
    if declared.startswith('@'):
        return _read_reference(element, declared[1:])
    given = element.get(_TYPE, '').rpartition(':')[2]
    if declared == 'anyType':
        return _read_any(element, given, depth)
    if declared in PRIMITIVES:
        if given and given != declared:
            raise _tell_mismatch(element, given, declared)
        return read_scalar(_read_text(element), declared, _name_of(element))
    if table.is_enum(declared):
        return _read_enum(element, declared)
    return _read_data(element, given or declared, declared, depth)


def _read_data(
    element: ET.Element, kind: str, declared: str, depth: int
) -> DataObject:
    if not table.is_data(kind) or not table.is_derived(kind, declared):
        raise _tell_mismatch(element, kind, declared)
    fields = table.data_type(kind).fields
    return DataObject(kind, **_read_fields(element, fields, depth + 1))


def _read_any(element: ET.Element, kind: str, depth: int) -> Any:
    if kind == '':
        raise invalid_request(f'{_name_of(element)} lacks its xsi:type')
    if kind in PRIMITIVES:
        return Typed(
            kind, read_scalar(_read_text(element), kind, _name_of(element))
        )
    if kind == REFERENCE:
        return _read_reference(element, '')
    if table.is_enum(kind):
        return Typed(kind, _read_enum(element, kind))
    item = table.item_kind(kind)
    if item is not None:
        name = '@' if item == REFERENCE else item
        field = Field(item, name, optional=True, many=True)
        found = _read_fields(element, (field,), depth + 1)
        return Typed(kind, found.get(item, ()))
    return _read_data(element, kind, kind, depth)


def _read_reference(element: ET.Element, wanted: str) -> Reference:
    text, kind = _read_text(element), element.get('type', '')
    if not text or not kind:
        raise invalid_request(f'{_name_of(element)} names no managed object')
    if not table.is_kind(kind, wanted):
        raise _tell_mismatch(element, kind, wanted)
    return Reference(kind, text)


def _read_enum(element: ET.Element, kind: str) -> str:
    text = _read_text(element)
    if text not in table.enum_members(kind):
        raise invalid_request(f'Unknown enum value {text!r} of {kind}')
    return text


def read_scalar(text: str, kind: str, name: str) -> Any:
    """Read what is not made of others.

    :raises VimFault: InvalidRequest, naming what it was read for.
    """
    try:
        return _read_scalar(text, kind)
    except (ValueError, KeyError, binascii.Error, OverflowError):
        raise invalid_request(
            f'Invalid value {text[:80]!r} for {name} of type xsd:{kind}'
        ) from None


def _read_scalar(text: str, kind: str) -> Any:
    if kind == 'string':
        return text
    text = text.strip()
    if kind in _BITS:
        return _read_whole(text, _BITS[kind])
    if kind == 'boolean':
        return _BOOLEANS[text]
    if kind == 'dateTime':
        return _read_moment(text)
    if kind == 'base64Binary':
        return base64.b64decode(text, validate=True)
    return float(text)


def _read_whole(text: str, bits: int) -> int:
    if not _WHOLE.fullmatch(text):
        raise ValueError(text)
    number = int(text)
    if not -(2 ** (bits - 1)) <= number < 2 ** (bits - 1):
        raise ValueError(text)
    return number


def _read_moment(text: str) -> datetime.datetime:
    if not _MOMENT.fullmatch(text):
        raise ValueError(text)
    moment = datetime.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        return moment.replace(tzinfo=datetime.UTC)
    return moment.astimezone(datetime.UTC)


def _read_text(element: ET.Element) -> str:
    if len(element):
        raise invalid_request(f'{_name_of(element)} is to hold text only')
    return element.text or ''


def _check_text(element: ET.Element) -> None:
    if element.text and not element.text.isspace():
        raise invalid_request(f'Unexpected text in {_name_of(element)}')


def _check_tail(element: ET.Element) -> None:
    if element.tail and not element.tail.isspace():
        raise invalid_request(f'Unexpected text after {_name_of(element)}')


@functools.lru_cache(1024)
def _cut_namespace(tag: str) -> str:
    return tag.rpartition('}')[2]


def _name_of(element: ET.Element) -> str:
    return _cut_namespace(element.tag)


def _tell_mismatch(
    element: ET.Element, given: str, declared: str
) -> Exception:
    return invalid_request(
        f'{_name_of(element)} is to be of type {declared}, not {given!r}'
    )
