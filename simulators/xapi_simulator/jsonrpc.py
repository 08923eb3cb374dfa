"""JSON-RPC 1.0 and 2.0 as xapi speaks them: integers as numbers."""

import dataclasses
import json
from typing import Any

from xapi_simulator.errors import XapiError

TYPE = 'application/json'


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """One call: xapi wants an id, and parameters by position."""

    method: str
    params: list[Any]
    id: int | str
    is_v2: bool


def read(body: bytes) -> Request:
    """Read a call.

    :raises ValueError: when it is none.
    """
    try:
        sent = json.loads(body)
    except RecursionError as error:
        raise ValueError('nested too deeply') from error
    if not isinstance(sent, dict):
        raise ValueError('Jsonrpc.Malformed_method_request: no object')
    method, params, number = map(sent.get, ('method', 'params', 'id'))
    if (
        not isinstance(method, str)
        or not isinstance(params, list)
        or not isinstance(number, int | str)
    ):
        raise ValueError('Jsonrpc.Malformed_method_request')
    version = sent.get('jsonrpc')
    if version not in (None, '1.0', '2.0'):
        raise ValueError('Jsonrpc.Malformed_method_request: version')
    return Request(method, params, number, version == '2.0')


def success(request: Request, value: Any) -> bytes:
    """Write the answer of a call that went well."""
    value = '' if value is None else value
    if request.is_v2:
        return _dump({'jsonrpc': '2.0', 'result': value, 'id': request.id})
    return _dump({'result': value, 'error': None, 'id': request.id})


def failure(request: Request, error: XapiError) -> bytes:
    """Write the answer of a call that went wrong."""
    if request.is_v2:
        why = {'code': 1, 'message': error.code, 'data': list(error.params)}
        return _dump({'jsonrpc': '2.0', 'error': why, 'id': request.id})
    return _dump(
        {'result': None, 'error': error.description, 'id': request.id}
    )


def _dump(answer: dict[str, Any]) -> bytes:
    return json.dumps(answer, separators=(',', ':')).encode()
