"""Fields: what a field and a class of XAPI are, and what they are made of."""

from collections.abc import Mapping
import dataclasses
from typing import Any

from xapi_simulator.values import EPOCH
from xapi_simulator.values import NULL

# The weakest first: each may do what those before it may.
ROLES = (
    'read-only',
    'vm-operator',
    'vm-admin',
    'vm-power-admin',
    'pool-operator',
    'pool-admin',
)

STRING, INT, BOOL, FLOAT, DATE = 'string', 'int', 'bool', 'float', 'datetime'
MAP = '(string -> string) map'
STRINGS = 'string set'

_EMPTY: Mapping[str, Any] = {
    STRING: '',
    INT: 0,
    BOOL: False,
    FLOAT: 0.0,
    DATE: EPOCH,
}


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """One field of a class.

    ``role`` is what a client needs to write it: None where it cannot.
    ``column`` is its name in filters.  ``other`` names the field of the
    members of a reference set that refers back: xapi keeps such sets itself.
    """

    name: str
    type: str
    default: Any = None
    role: str | None = None
    column: str = ''
    other: str = ''

    def empty(self) -> Any:
        if self.default is not None:
            return self.default
        if self.type.endswith(' map'):
            return {}
        if self.type.endswith(' set'):
            return ()
        if self.type.endswith(' ref'):
            return NULL
        return _EMPTY.get(self.type, '')


@dataclasses.dataclass(frozen=True, slots=True)
class Class:
    """One class; ``listed``: it has ``get_all`` and what goes with it.

    ``custom`` are the fields that have calls of their own to write them.
    """

    name: str
    fields: Mapping[str, Field]
    listed: bool = True
    named: bool = False
    custom: frozenset[str] = frozenset()

    def column(self, name: str) -> Field | None:
        """Give the field of a database column, as filters name it."""
        for field in self.fields.values():
            if (field.column or field.name) == name:
                return field
        return None


def make_class(
    name: str,
    *fields: Field,
    listed: bool = True,
    named: bool = False,
    custom: str = '',
) -> Class:
    uuid = Field('uuid', STRING)
    return Class(
        name,
        {field.name: field for field in (uuid, *fields)},
        listed,
        named,
        frozenset(custom.split()),
    )


def name_fields(
    role: str | None, prefix: str = 'name__'
) -> tuple[Field, Field]:
    return (
        Field('name_label', STRING, role=role, column=f'{prefix}label'),
        Field(
            'name_description',
            STRING,
            role=role,
            column=f'{prefix}description',
        ),
    )


def operation_fields(enum: str) -> tuple[Field, Field]:
    return (
        Field('allowed_operations', f'enum {enum} set'),
        Field('current_operations', f'(string -> enum {enum}) map'),
    )
