"""Requests: what a call is made of, before it is sent."""

import dataclasses
from typing import Final

NAMESPACE: Final = 'urn:vim25'

_BEGIN = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<soapenv:Envelope'
    ' xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    ' xmlns:xsd="http://www.w3.org/2001/XMLSchema">'
    '<soapenv:Body>'
)
_END = '</soapenv:Body></soapenv:Envelope>'


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Reference:
    """A managed object, by its type and the name that vCenter gave it."""

    kind: str
    name: str


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """A call that can be sent; its secrets are in no text of its own."""

    method: str
    content: str = dataclasses.field(repr=False)

    def encode(self) -> bytes:
        call = f'<{self.method} xmlns="{NAMESPACE}">{self.content}'
        return f'{_BEGIN}{call}</{self.method}>{_END}'.encode()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Objects of one kind, and which of their properties to read."""

    kind: str
    properties: tuple[str, ...]
