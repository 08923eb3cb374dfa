"""Table of vSphere 7.0's interface, read from what others' sources gave."""

import functools
import importlib.resources

from vcenter_simulator.schema.kinds import DataType
from vcenter_simulator.schema.kinds import Field
from vcenter_simulator.schema.kinds import ManagedType
from vcenter_simulator.schema.kinds import Method
from vcenter_simulator.schema.kinds import PRIMITIVES
from vcenter_simulator.schema.kinds import REFERENCE

_ARRAY = 'ArrayOf'


class _Lines:
    """The lines of the table, by what they are about; words are split late."""

    def __init__(self) -> None:
        source = importlib.resources.files(__package__).joinpath('vim.txt')
        self.data: dict[str, str] = {}
        self.enums: dict[str, str] = {}
        self.managed: dict[str, str] = {}
        self.methods: dict[str, list[str]] = {}
        by_letter = {'d': self.data, 'e': self.enums, 'm': self.managed}
        for line in source.read_text('utf-8').splitlines():
            letter, _, rest = line.partition(' ')
            name, _, rest = rest.partition(' ')
            if letter == 'f':
                self.methods.setdefault(name, []).append(rest)
            elif letter in by_letter:
                by_letter[letter][name] = rest


@functools.cache
def _read_lines() -> _Lines:
    return _Lines()


def is_data(name: str) -> bool:
    """Tell if there is a data type of that name."""
    return name in _read_lines().data


def is_enum(name: str) -> bool:
    return name in _read_lines().enums


def data_names() -> list[str]:
    """Give the names of all data types."""
    return list(_read_lines().data)


def enum_names() -> list[str]:
    return list(_read_lines().enums)


def managed_names() -> list[str]:
    """Give the names of all kinds of managed objects."""
    return list(_read_lines().managed)


@functools.cache
def is_managed(name: str) -> bool:
    """Tell if there is a kind of managed object of that name."""
    return name == 'ManagedObject' or name in _read_lines().managed


@functools.cache
def data_type(name: str) -> DataType:
    """Give a data type.

    :raises KeyError: there is none of that name.
    """
    base, *words = _read_lines().data[name].split()
    own = tuple(_read_field(word) for word in words)
    inherited = () if base == '-' else data_type(base).fields
    return DataType(name, base, inherited + own, own)


@functools.cache
def enum_members(name: str) -> frozenset[str]:
    """Give the members of an enumeration.

    :raises KeyError: there is none of that name.
    """
    return frozenset(_read_lines().enums[name].split())


@functools.cache
def managed_type(name: str) -> ManagedType:
    """Give a kind of managed object.

    :raises KeyError: there is none of that name.
    """
    if name == 'ManagedObject':
        return ManagedType(name, (name,), {}, {})
    base, *words = _read_lines().managed[name].split()
    above = managed_type(base)
    fields = [_read_field(word) for word in words]
    methods = [
        _read_method(name, line)
        for line in _read_lines().methods.get(name, ())
    ]
    return ManagedType(
        name,
        (name, *above.kinds),
        {**above.properties, **{one.name: one for one in fields}},
        {**above.methods, **{one.name: one for one in methods}},
    )


@functools.cache
def is_kind(kind: str, wanted: str) -> bool:
    """Tell if a managed object of a kind is of a wanted one, too."""
    if wanted in ('', 'ManagedObject'):
        return True
    if kind not in _read_lines().managed:
        return kind == wanted
    return wanted in managed_type(kind).kinds


@functools.cache
def is_derived(name: str, base: str) -> bool:
    """Tell if a data type is another one, or derived from it."""
    while name != base:
        if name not in _read_lines().data:
            return False
        name = _read_lines().data[name].partition(' ')[0]
    return True


@functools.cache
def item_kind(array: str) -> str | None:
    """Give what an ``ArrayOf...`` type holds; None if it is no such type."""
    name = array.removeprefix(_ARRAY)
    if name == array:
        return None
    small = name[:1].lower() + name[1:]
    if small in PRIMITIVES:
        return small
    known = name == REFERENCE or is_data(name) or is_enum(name)
    return name if known else None


def all_methods() -> dict[str, Method]:
    """Give every method by its name; no two objects declare the same."""
    return {
        method.name: method
        for name in _read_lines().managed
        for method in managed_type(name).methods.values()
    }


@functools.cache
def list_privileges() -> frozenset[str]:
    """List the privileges that any method, parameter or property takes."""
    methods = all_methods().values()
    fields = [
        *(field for one in methods for field in one.parameters),
        *(
            field
            for name in managed_names()
            for field in managed_type(name).properties.values()
        ),
    ]
    named = {one.privilege for one in fields}
    named.update(one.privilege for one in methods)
    return frozenset(name for name in named if name is not None)


def _read_field(word: str) -> Field:
    name, _, rest = word.partition(':')
    kind, _, privilege = rest.partition('!')
    bare = kind.rstrip('?*')
    marks = kind[len(bare) :]
    return Field(name, bare, '?' in marks, '*' in marks, privilege or None)


def _read_method(owner: str, line: str) -> Method:
    name, privilege, results, faults, *parameters = line.split()
    result, _, ended = results.partition('>')
    return Method(
        owner,
        name,
        None if privilege == '-' else privilege,
        None if result == '-' else _read_field(f'returnval:{result}'),
        () if faults == '-' else tuple(faults.split(',')),
        tuple(_read_field(word) for word in parameters),
        _read_field(f'result:{ended}') if ended else None,
    )
