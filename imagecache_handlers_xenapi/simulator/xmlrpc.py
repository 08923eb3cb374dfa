"""XML-RPC as xapi speaks it: envelopes, and integers as text."""

from collections.abc import Iterator
from typing import Any
import xmlrpc.client

from imagecache_handlers_xenapi.simulator.errors import XapiError
from imagecache_handlers_xenapi.simulator.values import Date
from imagecache_handlers_xenapi.simulator.values import Int32

TYPE = 'text/xml'
_HEAD = '<?xml version="1.0"?><methodResponse><params><param>'
_TAIL = '</param></params></methodResponse>'


def read(body: bytes) -> tuple[str, list[Any]]:
    """Read a call: its method and parameters.

    :raises ValueError: when it is none.
    """
    try:
        values, method = xmlrpc.client.loads(body)
    except Exception as error:  # noqa: BLE001
        # The parser of the standard library promises nothing about what it
        # raises for the bytes of strangers.
        raise ValueError(f'Xmlrpc.Parse_error: {error!r}') from error
    if not isinstance(method, str):
        raise ValueError('Xmlrpc.Parse_error: no methodName')
    return method, [_plain(one) for one in values]


def _plain(value: Any) -> Any:
    if isinstance(value, xmlrpc.client.DateTime):
        return value.value
    if isinstance(value, dict):
        return {key: _plain(value[key]) for key in value}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value


def success(value: Any) -> bytes:
    """Write the answer of a call that went well."""
    parts = [_HEAD, '<value><struct>', _member('Status', 'Success')]
    parts.append('<member><name>Value</name>')
    parts.extend(_value(value))
    parts.append('</member></struct></value>')
    return _whole(parts)


def failure(error: XapiError) -> bytes:
    """Write the answer of a call that went wrong."""
    envelope = {'Status': 'Failure', 'ErrorDescription': error.description}
    return _whole([_HEAD, *_value(envelope)])


def _whole(parts: list[str]) -> bytes:
    parts.append(_TAIL)
    return ''.join(parts).encode()


def _member(name: str, text: str) -> str:
    return f'<member><name>{name}</name><value>{text}</value></member>'


def _value(value: Any) -> Iterator[str]:
    # Only what is neither text nor container is tagged: as xapi does.
    if isinstance(value, Date):
        yield f'<value><dateTime.iso8601>{value}</dateTime.iso8601></value>'
    elif isinstance(value, str):
        yield f'<value>{_escaped(value)}</value>'
    elif isinstance(value, bool):
        yield f'<value><boolean>{value:d}</boolean></value>'
    elif isinstance(value, Int32):
        yield f'<value><i4>{value}</i4></value>'
    elif isinstance(value, int):
        yield f'<value>{value}</value>'
    elif isinstance(value, float):
        yield f'<value><double>{value}</double></value>'
    elif isinstance(value, dict):
        yield from _struct(value)
    elif value is None:
        yield '<value></value>'
    else:
        yield '<value><array><data>'
        for one in value:
            yield from _value(one)
        yield '</data></array></value>'


def _struct(value: dict[str, Any]) -> Iterator[str]:
    if not value:
        yield '<value><struct></struct></value>'
        return
    yield '<value><struct>'
    for name, one in value.items():
        yield f'<member><name>{_escaped(name)}</name>'
        yield from _value(one)
        yield '</member>'
    yield '</struct></value>'


def _escaped(text: str) -> str:
    if '&' in text or '<' in text or '>' in text:
        text = text.replace('&', '&amp;').replace('<', '&lt;')
        return text.replace('>', '&gt;')
    return text
