"""Values of vSphere's interface that Python has no word for.

Strings, integers, booleans and floats are themselves; an enumeration's member
is a string, an array a tuple, a ``dateTime`` an aware datetime, and
``base64Binary`` bytes.
"""

from collections.abc import Mapping
import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True, slots=True)
class Reference:
    """The name of a managed object: what kind it is, and its identity."""

    kind: str
    moid: str

    def __str__(self) -> str:
        return f'{self.kind}:{self.moid}'


@dataclasses.dataclass(frozen=True, slots=True)
class Typed:
    """A value that stands where anything may, and says what it is.

    Needed only where the value does not tell: an empty array, a member of an
    enumeration, a ``long`` that is small.
    """

    kind: str
    value: Any


class DataObject:
    """A data object: the name of its type, and its fields by their names.

    Fields are read as attributes or by subscript; one that is unset is None.
    It is not to be changed once it has been handed on: ``replace`` copies.
    """

    __slots__ = ('fields', 'type_name')

    def __init__(self, type_name: str, /, **fields: Any) -> None:
        self.type_name = type_name
        self.fields: Mapping[str, Any] = fields

    def __getattr__(self, name: str) -> Any:
        if name.startswith('__'):
            raise AttributeError(name)
        return self.fields.get(name)

    def __getitem__(self, name: str) -> Any:
        return self.fields.get(name)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, DataObject)
            and self.type_name == other.type_name
            and _without_unset(self) == _without_unset(other)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        fields = ', '.join(f'{k}={v!r}' for k, v in self.fields.items())
        return f'{self.type_name}({fields})'

    def replace(self, **fields: Any) -> 'DataObject':
        """Give a copy with some fields changed."""
        return DataObject(self.type_name, **{**self.fields, **fields})


def _without_unset(value: DataObject) -> dict[str, Any]:
    return {k: v for k, v in value.fields.items() if v is not None}
