"""Writers of values: one is made for each type, the first time it is met."""

from collections.abc import Callable
import datetime
import functools
from typing import Any

from vcenter_simulator.schema.kinds import Field
from vcenter_simulator.schema.kinds import REFERENCE
from vcenter_simulator.schema import table
from vcenter_simulator.soap.text import escape_attribute
from vcenter_simulator.soap.text import escape_text
from vcenter_simulator.soap.text import write_binary
from vcenter_simulator.soap.text import write_boolean
from vcenter_simulator.soap.text import write_moment
from vcenter_simulator.values import DataObject
from vcenter_simulator.values import Reference
from vcenter_simulator.values import Typed

# What writes one value as an element onto the end of a list of texts.
Writer = Callable[[Any, list[str]], None]

_SCALARS: dict[str, Callable[[Any], str]] = {
    'base64Binary': write_binary,
    'boolean': write_boolean,
    'byte': str,
    'dateTime': write_moment,
    'double': repr,
    'float': repr,
    'int': str,
    'long': str,
    'short': str,
    'string': escape_text,
}
_INT = range(-(2**31), 2**31)


def write_value(name: str, kind: str, value: Any, out: list[str]) -> None:
    """Write a value of a kind as an element of that name."""
    make_writer(name, kind)(value, out)


@functools.cache
def make_writer(name: str, kind: str) -> Writer:
    """Make what writes values of a kind as elements of that name.

    A kind is what ``Field`` has, or ``ArrayOf`` of one.
    """
    if kind == 'anyType':
        return _any_writer(name)
    if kind.startswith('@') or kind == REFERENCE:
        return _reference_writer(name, '')
    if kind in _SCALARS or table.is_enum(kind):
        return _scalar_writer(f'<{name}>', name, kind)
    if table.is_data(kind):
        return _data_writer(name, kind)
    return _array_writer(name, '', kind)


def _scalar_writer(start: str, name: str, kind: str) -> Writer:
    write, end = _SCALARS.get(kind, escape_text), f'</{name}>'

    def writer(value: Any, out: list[str]) -> None:
        out.append(f'{start}{write(value)}{end}')

    return writer


def _reference_writer(name: str, attributes: str) -> Writer:
    def writer(value: Reference, out: list[str]) -> None:
        kind = escape_attribute(value.kind)
        moid = escape_text(value.moid)
        out.append(f'<{name} type="{kind}"{attributes}>{moid}</{name}>')

    return writer


def _data_writer(name: str, declared: str) -> Writer:
    plain, end = f'<{name}>', f'</{name}>'

    def writer(value: DataObject, out: list[str]) -> None:
        kind = value.type_name
        if kind == declared:
            out.append(plain)
        else:
            _check_derived(kind, declared)
            out.append(f'<{name} xsi:type="{kind}">')
        _write_fields(kind, value, out)
        out.append(end)

    return writer


def _write_fields(kind: str, value: DataObject, out: list[str]) -> None:
    fields = value.fields
    known = 0
    for name, optional, many, writer in _field_writers(kind):
        item = fields.get(name)
        if item is None:
            if not optional and not many:
                raise TypeError(f'{kind}.{name} is required: {value}')
            known += name in fields
            continue
        known += 1
        if many:
            for one in item:
                writer(one, out)
        else:
            writer(item, out)
    if known != len(fields):
        raise TypeError(f'{kind} has no such fields: {value}')


@functools.cache
def _field_writers(kind: str) -> tuple[tuple[str, bool, bool, Writer], ...]:
    return tuple(
        (one.name, one.optional, one.many, make_writer(one.name, one.kind))
        for one in table.data_type(kind).fields
    )


@functools.cache
def _check_derived(kind: str, declared: str) -> None:
    if not table.is_derived(kind, declared):
        raise TypeError(f'{kind} is not derived from {declared}')


def _array_writer(name: str, attributes: str, kind: str) -> Writer:
    item = table.item_kind(kind)
    if item is None:
        raise TypeError(f'there is no type {kind}')
    start, end = f'<{name}{attributes}>', f'</{name}>'
    write = _item_writer(item)

    def writer(value: Any, out: list[str]) -> None:
        out.append(start)
        for one in value:
            write(one, out)
        out.append(end)

    return writer


def _item_writer(item: str) -> Writer:
    """Make what writes items of arrays: their elements have types' names.

    vCenter says of references and data objects of what type each is.
    """
    if item == REFERENCE or table.is_data(item):
        return _typed_writer(item, item)
    return make_writer(item, item)


def _any_writer(name: str) -> Writer:
    def writer(value: Any, out: list[str]) -> None:
        kind, bare = _tell_kind(value)
        _typed_writer(name, kind)(bare, out)

    return writer


@functools.cache
def _typed_writer(name: str, kind: str) -> Writer:
    """Make what writes values with their type, as where anything may be."""
    if kind.startswith('@') or kind == REFERENCE:
        return _reference_writer(name, f' xsi:type="{REFERENCE}"')
    if kind in _SCALARS:
        return _scalar_writer(f'<{name} xsi:type="xsd:{kind}">', name, kind)
    if table.is_enum(kind):
        return _scalar_writer(f'<{name} xsi:type="{kind}">', name, kind)
    if table.is_data(kind):
        # No type is declared as that, so that each writes its own.
        return _typed_data_writer(name)
    return _array_writer(name, f' xsi:type="{kind}"', kind)


def _typed_data_writer(name: str) -> Writer:
    def writer(value: DataObject, out: list[str]) -> None:
        out.append(f'<{name} xsi:type="{value.type_name}">')
        _write_fields(value.type_name, value, out)
        out.append(f'</{name}>')

    return writer


def _tell_kind(value: Any) -> tuple[str, Any]:
    """Tell the kind of a value, and the value without that."""
    if isinstance(value, Typed):
        return value.kind, value.value
    if isinstance(value, DataObject):
        return value.type_name, value
    if isinstance(value, tuple):
        if not value:
            raise TypeError('of an empty array nobody knows the kind: Typed')
        field = Field('', _tell_kind(value[0])[0], many=True)
        return field.any_kind, value
    return _tell_scalar(value), value


def _tell_scalar(value: Any) -> str:
    if isinstance(value, str):
        return 'string'
    if isinstance(value, bool):
        return 'boolean'
    if isinstance(value, int):
        return 'int' if value in _INT else 'long'
    kinds: dict[type, str] = {
        bytes: 'base64Binary',
        datetime.datetime: 'dateTime',
        float: 'double',
        Reference: REFERENCE,
    }
    return kinds[type(value)]
