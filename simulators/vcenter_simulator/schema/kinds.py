"""Kinds that the table is made of: fields, data types, methods, objects."""

from collections.abc import Mapping
import dataclasses

PRIMITIVES = frozenset(
    {
        *('anyType', 'base64Binary', 'boolean', 'byte', 'dateTime'),
        *('double', 'float', 'int', 'long', 'short', 'string'),
    }
)
REFERENCE = 'ManagedObjectReference'


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """A field, a property, a parameter or a result.

    ``kind`` is the name of a type, ``@Folder`` a reference to that kind of
    managed object, ``@`` one to any.  ``privilege`` is what a parameter's
    object, or reading a property, takes.
    """

    name: str
    kind: str
    optional: bool = False
    many: bool = False
    privilege: str | None = None

    @property
    def wire_kind(self) -> str:
        """The type's name as the wire has it."""
        return REFERENCE if self.kind.startswith('@') else self.kind

    @property
    def any_kind(self) -> str:
        """The type's name where anything may stand."""
        if not self.many:
            return self.wire_kind
        return f'ArrayOf{self.wire_kind[0].upper()}{self.wire_kind[1:]}'


@dataclasses.dataclass(frozen=True, slots=True)
class DataType:
    """A data type: its fields in their order, those of its base first."""

    name: str
    base: str
    fields: tuple[Field, ...]
    own: tuple[Field, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Method:
    """A method of a managed object; ``result`` is None if it has none.

    ``task_result`` is what the task ends with that it returns.
    """

    owner: str
    name: str
    privilege: str | None
    result: Field | None
    faults: tuple[str, ...]
    parameters: tuple[Field, ...]
    task_result: Field | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class ManagedType:
    """A kind of managed object, with all that it inherits.

    ``kinds`` are its own name and those of its bases, itself first.
    """

    name: str
    kinds: tuple[str, ...]
    properties: Mapping[str, Field]
    methods: Mapping[str, Method]
