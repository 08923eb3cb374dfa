"""Messages: the schema of calls and replies, by pyvmomi's description.

The schemas that oslo.vmware ships have the types of vSphere and not the
messages that are made of them: those follow from the methods' parameters.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import quoteattr

from pyVmomi import VmomiSupport
from pyVmomi.VmomiSupport import ManagedObject

OPTIONAL = 4  # a flag of parameters and of results
XSD = 'http://www.w3.org/2001/XMLSchema'
VIM = 'urn:vim25'
# Types of pyvmomi's that are plain text in the schemas.
TEXTS = frozenset({'MethodName', 'PropertyPath', 'TypeName'})
HEAD = (
    f'<schema targetNamespace="{VIM}" xmlns="{XSD}" xmlns:vim25="{VIM}"'
    f' xmlns:xsd="{XSD}" elementFormDefault="qualified">'
    '<include schemaLocation="vim-types.xsd"/>'
)
# The envelope of SOAP 1.1, and no more of it than vSphere speaks.
ENVELOPE = f"""\
<schema targetNamespace="http://schemas.xmlsoap.org/soap/envelope/"
 xmlns="{XSD}" xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"
 xmlns:vim25="{VIM}">
 <import namespace="{VIM}" schemaLocation="messages.xsd"/>
 <element name="Envelope"><complexType><sequence>
  <element name="Header" form="qualified" minOccurs="0">
   <complexType><sequence>
    <any processContents="skip" minOccurs="0" maxOccurs="unbounded"/>
   </sequence></complexType>
  </element>
  <element name="Body" form="qualified"><complexType><choice>
   <element name="Fault" form="qualified"><complexType><sequence>
    <element name="faultcode" type="QName"/>
    <element name="faultstring" type="string"/>
    <element name="detail" minOccurs="0"><complexType><sequence>
     <any namespace="{VIM}" processContents="strict"/>
    </sequence></complexType></element>
   </sequence></complexType></element>
   <any namespace="{VIM}" processContents="strict"/>
  </choice></complexType></element>
 </sequence></complexType></element>
</schema>
"""


def describe_messages(
    methods: Iterable[Any], faults: Iterable[str], version: str
) -> str:
    """Write the schema of some methods' messages and of some faults."""
    lines = [HEAD]
    for method in methods:
        lines += describe_method(method, version)
    for fault in faults:
        lines.append(f'<element name="{fault}Fault" type="vim25:{fault}"/>')
    return '\n'.join([*lines, '</schema>'])


def describe_method(method: Any, version: str) -> Iterator[str]:
    name = method.wsdlName
    parts = [
        describe_part(each.name, each.type, each.flags)
        for each in method.params
        if VmomiSupport.IsChildVersion(version, each.version)
    ]
    this = '<element name="_this" type="vim25:ManagedObjectReference"/>'
    parts.insert(0, this)
    yield describe_element(name, parts)
    yield describe_element(f'{name}Response', list(describe_result(method)))


def describe_element(name: str, parts: list[str]) -> str:
    return (
        f'<element name="{name}"><complexType><sequence>'
        f'{"".join(parts)}</sequence></complexType></element>'
    )


def describe_result(method: Any) -> Iterator[str]:
    # A task's result is known only where the task is read.
    if method.result is not type(None):
        yield describe_part('returnval', method.result, method.resultFlags)


def describe_part(name: str, kind: Any, flags: int) -> str:
    many = issubclass(kind, list) and kind is not VmomiSupport.binary
    least = ' minOccurs="0"' if flags & OPTIONAL else ''
    most = ' maxOccurs="unbounded"' if many else ''
    type_name = name_type(kind.Item if many else kind)
    return f'<element name={quoteattr(name)} type="{type_name}"{least}{most}/>'


def name_type(kind: Any) -> str:
    if issubclass(kind, ManagedObject):
        return 'vim25:ManagedObjectReference'
    namespace, name = VmomiSupport.GetQualifiedWsdlName(kind)
    if name in TEXTS:
        return 'xsd:string'
    prefix = 'xsd' if namespace == XSD else 'vim25'
    return f'{prefix}:{name}'
