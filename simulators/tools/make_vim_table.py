"""Makes the simulator's table of vSphere's interface out of others' sources.

Data types, their order and optionality come from the schemas that oslo.vmware
ships; managed objects, methods, faults and privileges from pyvmomi::

    pip install pyvmomi oslo.vmware
    python simulators/tools/make_vim_table.py > \
        simulators/vcenter_simulator/schema/vim.txt
"""

from collections.abc import Iterator
import dataclasses
import pathlib
import sys
import xml.etree.ElementTree as ET

import oslo_vmware
from pyVmomi import VmomiSupport

import wanted

RELEASE = '7.0'
NAMESPACE = 'urn:vim25'
VERSION = 'vim.version.v7_0'
FORMS = {
    **{'str': 'string', 'bool': 'boolean', 'int': 'int', 'NoneType': ''},
    **{'long': 'long', 'short': 'short', 'byte': 'byte', 'float': 'float'},
    **{'double': 'double', 'datetime': 'dateTime', 'object': 'anyType'},
    **{'type': 'string', 'PropertyPath': 'string', 'URI': 'string'},
    **{'ManagedMethod': 'string', 'binary': 'base64Binary'},
}
_SCHEMA = '{http://www.w3.org/2001/XMLSchema}'


@dataclasses.dataclass(slots=True)
class Data:
    """One data type or enumeration as the schemas have it."""

    base: str
    fields: list[tuple[str, str, str]]
    members: list[str]


def read_schemas() -> dict[str, Data]:
    """Read every type of the release by its name."""
    folder = pathlib.Path(oslo_vmware.__file__).parent / 'wsdl' / RELEASE
    found = {}
    for part in 'core', 'query', 'reflect', 'vim':
        tree = ET.parse(folder / f'{part}-types.xsd')  # noqa: S314
        for node in tree.getroot():
            if node.tag in (f'{_SCHEMA}complexType', f'{_SCHEMA}simpleType'):
                found[node.get('name', '')] = read_type(node)
    return found


def read_type(node: ET.Element) -> Data:
    extension = node.find(f'.//{_SCHEMA}extension')
    base = '' if extension is None else cut_prefix(extension.get('base', ''))
    return Data(
        base,
        [read_field(one) for one in node.iter(f'{_SCHEMA}element')],
        [one.get('value', '') for one in node.iter(f'{_SCHEMA}enumeration')],
    )


def read_field(node: ET.Element) -> tuple[str, str, str]:
    marks = '?' if node.get('minOccurs') == '0' else ''
    marks += '*' if node.get('maxOccurs') == 'unbounded' else ''
    return node.get('name', ''), cut_prefix(node.get('type', '')), marks


def cut_prefix(name: str) -> str:
    return name.rpartition(':')[2]


def is_old(version: str) -> bool:
    """Tell if the release knows what came with a version."""
    return version in VmomiSupport.parentMap[VERSION]


def form_of(kind: type) -> tuple[str, str]:
    """Give a type of pyvmomi as the table writes it, and its marks."""
    if issubclass(kind, list) and hasattr(kind, 'Item'):
        return form_of(kind.Item)[0], '*'
    if kind.__name__ in FORMS:
        return FORMS[kind.__name__], ''
    name = VmomiSupport.GetWsdlName(kind)
    if issubclass(kind, VmomiSupport.ManagedObject):
        return f'@{"" if name == "ManagedObject" else name}', ''
    return FORMS.get(name, name), ''


def write_item(info: object, privilege: str | None = None) -> str:
    """Write a property or parameter: its name, type, marks, privilege."""
    form, marks = form_of(info.type)
    optional = '?' if info.flags & VmomiSupport.F_OPTIONAL else ''
    needed = f'!{privilege}' if privilege else ''
    return f'{info.name}:{form}{optional}{marks}{needed}'


def find_managed() -> dict[str, type]:
    """Load every managed object's type that the table is to hold."""
    found = {}
    for name in wanted.METHODS:
        kind = VmomiSupport.GetWsdlType(NAMESPACE, name)
        while VmomiSupport.GetWsdlName(kind) != 'ManagedObject':
            found[VmomiSupport.GetWsdlName(kind)] = kind
            kind = kind.__bases__[0]
    return found


def own_properties(kind: type) -> list[object]:
    return [
        info
        for info in kind._propInfo.values()
        if is_old(info.version)
        and form_of(info.type)[0] not in wanted.LEFT_OUT
    ]


def own_methods(kind: type) -> list[object]:
    names = wanted.METHODS.get(VmomiSupport.GetWsdlName(kind), '').split()
    by_name = {info.wsdlName: info for info in kind._methodInfo.values()}
    return [by_name[name] for name in names]


def write_managed(kind: type) -> Iterator[str]:
    name = VmomiSupport.GetWsdlName(kind)
    base = VmomiSupport.GetWsdlName(kind.__bases__[0])
    items = [write_item(info, info.privId) for info in own_properties(kind)]
    yield ' '.join(['m', name, base, *items])
    for info in own_methods(kind):
        yield ' '.join(write_method(name, info))


def write_method(kind: str, info: object) -> Iterator[str]:
    form, marks = form_of(info.result)
    optional = info.resultFlags & VmomiSupport.F_OPTIONAL
    faults = [
        VmomiSupport.GetWsdlName(VmomiSupport.GetVmodlType(fault))
        for fault in info.faults
    ]
    yield from ('f', kind, info.wsdlName, info.privId or '-')
    yield f'{form or "-"}{"?" if optional else ""}{marks}{task_result(info)}'
    yield ','.join(faults) or '-'
    for one in info.params:
        if is_old(one.version):
            yield write_item(one, one.privId)


def task_result(info: object) -> str:
    """Write what the task of a method ends with, after what it returns."""
    if not info.isTask or form_of(info.methodResult)[0] == '':
        return ''
    return '>' + ''.join(form_of(info.methodResult))


def find_reached(lines: list[str], data: dict[str, Data]) -> set[str]:
    """Find the types that the lines name, and all that these lead to."""
    derived: dict[str, list[str]] = {}
    for name, one in data.items():
        derived.setdefault(one.base, []).append(name)
    waiting = [*wanted.TYPES, *names_of(lines)]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in found or name not in data or name in wanted.LEFT_OUT:
            continue
        found.add(name)
        waiting.append(data[name].base)
        waiting.extend(kind for _, kind, _ in data[name].fields)
        if name not in wanted.WITHOUT_DERIVED:
            waiting.extend(derived.get(name, ()))
    return found


def names_of(lines: list[str]) -> Iterator[str]:
    for line in lines:
        words = line.split()
        for word in words:
            for part in word.replace(',', ' ').replace('>', ' ').split():
                yield part.partition(':')[2].split('!')[0].rstrip('?*')
                yield part.rstrip('?*')


def write_data(name: str, data: dict[str, Data], known: set[str]) -> str:
    one = data[name]
    if one.members:
        return ' '.join(['e', name, *one.members])
    fields = [
        f'{field}:{refine_kind(name, field, kind)}{marks}'
        for field, kind, marks in one.fields
        if kind not in wanted.LEFT_OUT
    ]
    return ' '.join(['d', name, one.base or '-', *fields])


def refine_kind(name: str, field: str, kind: str) -> str:
    """Say what a reference refers to, which the schemas do not tell."""
    if kind != 'ManagedObjectReference' or name.startswith('ArrayOf'):
        return kind
    wsdl = VmomiSupport.GetWsdlType(NAMESPACE, name)
    for info in wsdl._propList:
        if info.name == field:
            return form_of(info.type)[0]
    return '@'


def main() -> int:
    """Write the table to where the output goes."""
    data = read_schemas()
    lines = [
        line
        for kind in find_managed().values()
        for line in write_managed(kind)
    ]
    known = find_reached(lines, data)
    lines += [
        write_data(name, data, known)
        for name in known
        if not name.startswith('ArrayOf') and name not in wanted.BUILT_IN
    ]
    print(f'# vSphere {RELEASE}, made by simulators/tools/make_vim_table.py')
    print('\n'.join(sorted(lines)))
    return 0


if __name__ == '__main__':
    sys.exit(main())
