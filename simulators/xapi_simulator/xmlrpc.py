"""XML-RPC as xapi speaks it: envelopes, and integers as text."""

from collections.abc import Callable
from collections.abc import Mapping
from typing import Any
import xmlrpc.client

from xapi_simulator.errors import XapiError
from xapi_simulator.values import Date
from xapi_simulator.values import Int32

TYPE = 'text/xml'
_STATUS = '<member><name>Status</name><value>Success</value></member>'
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
    parts = [_HEAD, '<value><struct>', _STATUS, '<member><name>Value</name>']
    _add(parts.append, value)
    parts.append('</member></struct></value>')
    return _whole(parts)


def failure(error: XapiError) -> bytes:
    """Write the answer of a call that went wrong."""
    parts = [_HEAD]
    envelope = {'Status': 'Failure', 'ErrorDescription': error.description}
    _add(parts.append, envelope)
    return _whole(parts)


def _whole(parts: list[str]) -> bytes:
    parts.append(_TAIL)
    return ''.join(parts).encode()


def _add(put: Callable[[str], None], value: Any) -> None:
    """Write a value; as xapi does, text without a tag of its own."""
    kind = type(value)
    if kind is str:
        put(f'<value>{_escaped(value)}</value>')
    elif kind is dict:
        _add_struct(put, value)
    elif kind is tuple or kind is list:
        put('<value><array><data>')
        for one in value:
            _add(put, one)
        put('</data></array></value>')
    elif value is None:
        put('<value></value>')
    else:
        put(f'<value>{_TAGS[kind](value)}</value>')


# What is neither text nor container, by its exact type.
_TAGS: Mapping[type, Callable[[Any], str]] = {
    int: str,
    bool: '<boolean>{:d}</boolean>'.format,
    float: '<double>{}</double>'.format,
    Int32: '<i4>{}</i4>'.format,
    Date: '<dateTime.iso8601>{}</dateTime.iso8601>'.format,
}


def _add_struct(put: Callable[[str], None], value: dict[str, Any]) -> None:
    put('<value><struct>')
    for name, one in value.items():
        put(f'<member><name>{_escaped(name)}</name>')
        _add(put, one)
        put('</member>')
    put('</struct></value>')


def _escaped(text: str) -> str:
    if '&' in text or '<' in text or '>' in text:
        text = text.replace('&', '&amp;').replace('<', '&lt;')
        return text.replace('>', '&gt;')
    return text
