"""Envelopes: from the bytes of a request to a method, and replies to bytes."""

import dataclasses
from typing import Any
import xml.etree.ElementTree as ET

from vcenter_simulator.faults import invalid_request
from vcenter_simulator.faults import VimFault
from vcenter_simulator.schema.kinds import Method
from vcenter_simulator.soap.reading import NAMESPACE
from vcenter_simulator.soap.text import escape_text
from vcenter_simulator.soap.writing import make_writer
from vcenter_simulator.soap.writing import write_value

TYPE = 'text/xml; charset=utf-8'
SOAP = 'http://schemas.xmlsoap.org/soap/envelope/'
_START = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    f'<soapenv:Envelope xmlns:soapenv="{SOAP}" '
    'xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n'
    '<soapenv:Body>\n'
)
_END = '\n</soapenv:Body>\n</soapenv:Envelope>'


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """A method's name, and the element that holds its arguments."""

    method: str
    element: ET.Element


def read_request(body: bytes) -> Request:
    """Find the call in an envelope.

    :raises VimFault: InvalidRequest.
    """
    element = _find_call(_parse_body(body))
    name = element.tag.removeprefix(f'{{{NAMESPACE}}}')
    if name == element.tag:
        raise invalid_request(f'Unsupported namespace of {element.tag}')
    return Request(name, element)


def _parse_body(body: bytes) -> ET.Element:
    # An entity can be made to unfold for ever, and no client sends any.
    if b'<!DOCTYPE' in body or b'\0' in body:
        raise invalid_request('A document type declaration is not allowed')
    try:
        return ET.fromstring(body)  # noqa: S314
    except (ET.ParseError, ValueError, LookupError) as error:
        raise invalid_request(f'Error parsing XML: {error}') from None


def _find_call(root: ET.Element) -> ET.Element:
    if root.tag != f'{{{SOAP}}}Envelope':
        raise invalid_request(f'Unexpected root of the envelope: {root.tag}')
    bodies = root.findall(f'{{{SOAP}}}Body')
    if len(bodies) != 1 or len(bodies[0]) != 1:
        raise invalid_request('An envelope has one body with one call')
    return bodies[0][0]


def write_reply(method: Method, value: Any) -> bytes:
    """Write what a method returned."""
    name = f'{method.name}Response'
    out = [_START, f'<{name} xmlns="{NAMESPACE}">']
    if value is not None and method.result is not None:
        write = make_writer('returnval', method.result.kind)
        for one in value if method.result.many else (value,):
            write(one, out)
    out += f'</{name}>', _END
    return ''.join(out).encode()


def write_fault(fault: VimFault) -> bytes:
    """Write a fault: its detail names it, and says of which type it is."""
    out: list[str] = []
    write_value('X', 'MethodFault', fault.value, out)
    inner = ''.join(out[1:-1])
    kind = fault.type_name
    return ''.join(
        (
            _START,
            '<soapenv:Fault><faultcode>ServerFaultCode</faultcode>',
            f'<faultstring>{escape_text(fault.message)}</faultstring>',
            f'<detail><{kind}Fault xmlns="{NAMESPACE}" xsi:type="{kind}">',
            f'{inner}</{kind}Fault></detail></soapenv:Fault>',
            _END,
        )
    ).encode()
