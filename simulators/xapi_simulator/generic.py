"""The calls that every class has, derived from its fields."""

from collections.abc import Callable
from collections.abc import Iterator
import functools
import operator
from typing import Any
from typing import NoReturn

from xapi_simulator.errors import XapiError
from xapi_simulator.fields import Class
from xapi_simulator.fields import Field
from xapi_simulator.fields import MAP
from xapi_simulator.fields import STRINGS
from xapi_simulator import filters
from xapi_simulator import marshal
from xapi_simulator.messages import Call
from xapi_simulator.messages import Message
from xapi_simulator.messages import Parameter
from xapi_simulator.messages import params
from xapi_simulator.records import Row
from xapi_simulator.xml_text import clipped

READ = 'read-only'


def messages(cls: Class) -> Iterator[Message]:
    """Give the calls of a class that need no words of their own."""
    yield from _single(cls)
    if cls.listed:
        yield from _listed(cls)
    for field in cls.fields.values():
        yield Message(
            f'{cls.name}.get_{field.name}',
            functools.partial(_get_field, cls.name, field.name),
            _self(cls),
            field.type,
            READ,
        )
        if field.role is not None:
            yield from _writers(cls, field, field.role)


def _self(cls: Class) -> tuple[Parameter, ...]:
    return params(f'self: {cls.name} ref')


def _single(cls: Class) -> Iterator[Message]:
    name = cls.name
    yield Message(
        f'{name}.get_record',
        functools.partial(_get_record, name),
        _self(cls),
        f'{name} record',
        READ,
    )
    yield Message(
        f'{name}.get_by_uuid',
        functools.partial(_get_by_uuid, name),
        params('uuid: string'),
        f'{name} ref',
        READ,
    )
    if cls.named:
        yield Message(
            f'{name}.get_by_name_label',
            functools.partial(_get_by_name_label, name),
            params('label: string'),
            f'{name} ref set',
            READ,
        )


def _listed(cls: Class) -> Iterator[Message]:
    name = cls.name
    refs, records = f'{name} ref set', f'({name} ref -> {name} record) map'
    one = functools.partial
    yield Message(f'{name}.get_all', one(_get_all, name), (), refs, READ)
    yield Message(
        f'{name}.get_all_records',
        one(_get_all_records, name),
        (),
        records,
        READ,
    )
    expr = params('expr: string')
    yield Message(
        f'{name}.get_all_records_where',
        one(_get_all_records_where, cls),
        expr,
        records,
        READ,
        hidden=True,
    )
    yield Message(
        f'{name}.get_all_where',
        one(_get_all_where, cls),
        expr,
        refs,
        READ,
        hidden=True,
    )


def _writers(cls: Class, field: Field, role: str) -> Iterator[Message]:
    name = f'{cls.name}.{{}}_{field.name}'
    this = _self(cls)

    def make(verb: str, work: Callable[..., None], *more: str) -> Message:
        bound = functools.partial(work, cls.name, field.name)
        return Message(
            name.format(verb), bound, (*this, *params(*more)), 'void', role
        )

    if field.name not in cls.custom:
        yield make('set', _set, f'value: {field.type}')
    if field.type == MAP:
        yield make('add_to', _add_to, 'key: string', 'value: string')
        yield make('remove_from', _remove_from, 'key: string')
    if field.type == STRINGS and field.name == 'tags':
        yield make('add', _add, 'value: string')
        yield make('remove', _remove, 'value: string')


def _get_record(cls: str, call: Call, ref: str) -> Row:
    return call.world.records.get(cls, ref)


def _get_by_uuid(cls: str, call: Call, uuid: str) -> str:
    return call.world.records.by_uuid(cls, uuid)


def _get_by_name_label(cls: str, call: Call, label: str) -> list[str]:
    rows = call.world.records.rows(cls)
    return [ref for ref, row in rows.items() if row['name_label'] == label]


def _get_all(cls: str, call: Call) -> list[str]:
    return list(call.world.records.rows(cls))


def _get_all_records(cls: str, call: Call) -> dict[str, Row]:
    return call.world.records.rows(cls)


def _get_all_records_where(
    cls: Class, call: Call, expr: str
) -> dict[str, Row]:
    test = _test(cls, expr)
    rows = call.world.records.rows(cls.name)
    return {ref: row for ref, row in rows.items() if test(ref, row)}


def _get_all_where(cls: Class, call: Call, expr: str) -> list[str]:
    return list(_get_all_records_where(cls, call, expr))


def _test(cls: Class, expr: str) -> Callable[[str, Row], bool]:
    try:
        parsed = filters.parse(expr)
    except filters.FilterError as error:
        raise XapiError('INVALID_VALUE', expr, str(error)) from None
    test = filters.compiled(parsed, functools.partial(_reader, cls))
    if '_ref' in filters.columns(parsed):
        return lambda ref, row: test({**row, '_ref': ref})
    return lambda ref, row: test(row)


def _reader(cls: Class, column: str) -> filters.Read:
    if column == '_ref':
        return operator.itemgetter(column)
    field = cls.column(column)
    if field is None:
        return functools.partial(_missing, column)
    name = field.name
    return lambda row: marshal.text(row[name])


def _missing(column: str, row: Row) -> NoReturn:
    """Tell of a column that there is not: only once a row is asked for it."""
    raise XapiError('INTERNAL_ERROR', 'missing field', column, '')


def _get_field(cls: str, field: str, call: Call, ref: str) -> Any:
    return call.world.records.get(cls, ref)[field]


def _set(cls: str, field: str, call: Call, ref: str, value: Any) -> None:
    call.world.records.write(cls, ref, **{field: value})


def _add_to(
    cls: str, field: str, call: Call, ref: str, key: str, value: str
) -> None:
    """Add a key that must not be there: atomic, so a test-and-set."""
    records = call.world.records
    with records.lock:
        have = records.get(cls, ref)[field]
        if not key:
            raise XapiError('INVALID_VALUE', 'key', key)
        if key in have:
            raise XapiError('MAP_DUPLICATE_KEY', cls, field, ref, key)
        new = {**have, clipped(key): clipped(value)}
        records.write(cls, ref, **{field: new})


def _remove_from(cls: str, field: str, call: Call, ref: str, key: str) -> None:
    records = call.world.records
    with records.lock:
        have = records.get(cls, ref)[field]
        if key in have:
            new = {name: have[name] for name in have if name != key}
            records.write(cls, ref, **{field: new})


def _add(cls: str, field: str, call: Call, ref: str, value: str) -> None:
    records = call.world.records
    with records.lock:
        have = records.get(cls, ref)[field]
        if value not in have:
            records.write(cls, ref, **{field: (*have, clipped(value))})


def _remove(cls: str, field: str, call: Call, ref: str, value: str) -> None:
    records = call.world.records
    with records.lock:
        have = records.get(cls, ref)[field]
        left = tuple(one for one in have if one != value)
        if left != have:
            records.write(cls, ref, **{field: left})
