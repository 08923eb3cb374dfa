"""Envelopes: how requests are written, as vSphere wants them.

Order and names are those of vSphere's schema (``vim25``); an element out of
its order is refused.
"""

from xml.sax import saxutils

from imagecache_handlers_vmware.port.requests import Reference
from imagecache_handlers_vmware.port.requests import Request


def make_request(method: str, this: Reference, *parts: str) -> Request:
    return Request(method, write_reference('_this', this) + ''.join(parts))


def write_element(name: str, text: str) -> str:
    return f'<{name}>{saxutils.escape(text)}</{name}>'


def write_reference(name: str, to: Reference) -> str:
    kind = saxutils.quoteattr(to.kind)
    return f'<{name} type={kind}>{saxutils.escape(to.name)}</{name}>'
