"""Description of the interface: the WSDL and the list of versions.

It tells of what is simulated, and is complete for that: a client that reads
it whole does so in a fraction of the seconds that vCenter's own takes.
"""

from collections.abc import Iterable
from collections.abc import Iterator
import functools

from vcenter_simulator.schema.kinds import DataType
from vcenter_simulator.schema.kinds import Field
from vcenter_simulator.schema.kinds import Method
from vcenter_simulator.schema.kinds import PRIMITIVES
from vcenter_simulator.schema.kinds import REFERENCE
from vcenter_simulator.schema import table
from vcenter_simulator.soap.reading import NAMESPACE

VERSIONS = f"""\
<?xml version="1.0" encoding="UTF-8" ?>
<namespaces version="1.0">
  <namespace>
    <name>{NAMESPACE}</name>
    <version>7.0.0.0</version>
    <priorVersions>
      <version>6.7</version>
      <version>6.5</version>
      <version>6.0</version>
    </priorVersions>
  </namespace>
</namespaces>
""".encode()

_START = f"""\
<?xml version="1.0" encoding="UTF-8" ?>
<definitions targetNamespace="{NAMESPACE}"
 xmlns="http://schemas.xmlsoap.org/wsdl/"
 xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
 xmlns:vim25="{NAMESPACE}">
<types>
<schema targetNamespace="{NAMESPACE}" elementFormDefault="qualified"
 xmlns="http://www.w3.org/2001/XMLSchema"
 xmlns:xsd="http://www.w3.org/2001/XMLSchema">
<complexType name="{REFERENCE}"><simpleContent>\
<extension base="xsd:string"><attribute name="type" type="xsd:string"/>\
</extension></simpleContent></complexType>
<element name="versionURI" type="xsd:string"/>
"""
_SERVICE = """\
<service name="VimService"><port name="VimPort" binding="vim25:VimBinding">\
<soap:address location="https://localhost/sdk/vimService"/></port></service>
</definitions>
"""


@functools.cache
def write_wsdl() -> bytes:
    """Write the description of everything that is simulated."""
    methods = sorted(table.all_methods().values(), key=lambda one: one.name)
    lines = [_START, *_write_types(), *_write_calls(methods)]
    lines += ['</schema></types>\n', *_write_messages(methods)]
    lines += [*_write_port(methods), *_write_binding(methods), _SERVICE]
    return ''.join(lines).encode()


def _write_types() -> Iterator[str]:
    for name in table.enum_names():
        members = ''.join(
            f'<enumeration value="{member}"/>'
            for member in sorted(table.enum_members(name))
        )
        yield (
            f'<simpleType name="{name}"><restriction base="xsd:string">'
            f'{members}</restriction></simpleType>\n'
        )
    for name in table.data_names():
        yield _write_data(table.data_type(name))
    for item in _list_items():
        field = Field(item, item, optional=True, many=True)
        array = f'ArrayOf{item[0].upper()}{item[1:]}'
        yield _write_complex(array, (field,))


def _write_data(data: DataType) -> str:
    if data.base == '-':
        return _write_complex(data.name, data.own)
    fields = ''.join(_write_element(one) for one in data.own)
    return (
        f'<complexType name="{data.name}"><complexContent>'
        f'<extension base="vim25:{data.base}"><sequence>{fields}</sequence>'
        '</extension></complexContent></complexType>\n'
    )


def _list_items() -> set[str]:
    """List what arrays may hold where anything may stand."""
    found = {*PRIMITIVES, REFERENCE}
    for name in table.data_names():
        found.update(_list_many(table.data_type(name).own))
    for name in table.managed_names():
        found.update(_list_many(table.managed_type(name).properties.values()))
    return {*found, *('HostDatastoreBrowserSearchResults',)}


def _list_many(fields: Iterable[Field]) -> set[str]:
    return {one.wire_kind for one in fields if one.many}


def _write_complex(name: str, fields: Iterable[Field]) -> str:
    inner = ''.join(_write_element(one) for one in fields)
    return (
        f'<complexType name="{name}"><sequence>{inner}</sequence>'
        '</complexType>\n'
    )


def _write_element(field: Field) -> str:
    prefix = 'xsd' if field.kind in PRIMITIVES else 'vim25'
    least = ' minOccurs="0"' if field.optional else ''
    most = ' maxOccurs="unbounded"' if field.many else ''
    kind = f'{prefix}:{field.wire_kind}'
    return f'<element name="{field.name}" type="{kind}"{least}{most}/>'


def _write_calls(methods: list[Method]) -> Iterator[str]:
    for one in methods:
        this = Field('_this', '@')
        request = f'{one.name.removesuffix("_Task")}RequestType'
        yield _write_complex(request, (this, *one.parameters))
        yield f'<element name="{one.name}" type="vim25:{request}"/>\n'
        result = '' if one.result is None else _write_element(one.result)
        yield (
            f'<element name="{one.name}Response"><complexType><sequence>'
            f'{result}</sequence></complexType></element>\n'
        )
    for fault in _list_faults(methods):
        yield f'<element name="{fault}Fault" type="vim25:{fault}"/>\n'


def _list_faults(methods: list[Method]) -> list[str]:
    return sorted(
        {'RuntimeFault', *(f for one in methods for f in one.faults)}
    )


def _write_messages(methods: list[Method]) -> Iterator[str]:
    for one in methods:
        for name in one.name, f'{one.name}Response':
            suffix = 'Msg' if name.endswith('Response') else 'RequestMsg'
            yield (
                f'<message name="{name}{suffix}"><part name="parameters" '
                f'element="vim25:{name}"/></message>\n'
            )
    for fault in _list_faults(methods):
        yield (
            f'<message name="{fault}FaultMsg"><part name="fault" '
            f'element="vim25:{fault}Fault"/></message>\n'
        )


def _write_port(methods: list[Method]) -> Iterator[str]:
    yield '<portType name="VimPortType">\n'
    for one in methods:
        faults = ''.join(
            f'<fault name="{fault}" message="vim25:{fault}FaultMsg"/>'
            for fault in (*one.faults, 'RuntimeFault')
        )
        yield (
            f'<operation name="{one.name}">'
            f'<input message="vim25:{one.name}RequestMsg"/>'
            f'<output message="vim25:{one.name}ResponseMsg"/>'
            f'{faults}</operation>\n'
        )
    yield '</portType>\n'


def _write_binding(methods: list[Method]) -> Iterator[str]:
    yield (
        '<binding name="VimBinding" type="vim25:VimPortType"><soap:binding '
        'style="document" transport="http://schemas.xmlsoap.org/soap/http"/>\n'
    )
    body = '<soap:body use="literal"/>'
    for one in methods:
        faults = ''.join(
            f'<fault name="{fault}"><soap:fault name="{fault}" use="literal"/>'
            '</fault>'
            for fault in (*one.faults, 'RuntimeFault')
        )
        yield (
            f'<operation name="{one.name}">'
            f'<soap:operation soapAction="{NAMESPACE}/7.0.0.0" '
            'style="document"/>'
            f'<input>{body}</input><output>{body}</output>{faults}'
            '</operation>\n'
        )
    yield '</binding>\n'
