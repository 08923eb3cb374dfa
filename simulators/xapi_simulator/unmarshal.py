"""What clients send, as the type that a parameter has."""

from collections.abc import Mapping
from typing import Any

from xapi_simulator.enums import ENUMS
from xapi_simulator.errors import XapiError
from xapi_simulator.schema import CLASSES
from xapi_simulator.xml_text import is_legal

# What a record must have for an object to be made of it.
NEEDED: Mapping[str, tuple[str, ...]] = {
    'VDI': (
        'SR',
        'virtual_size',
        'type',
        'sharable',
        'read_only',
        'other_config',
    ),
    'VBD': (
        'VM',
        'VDI',
        'userdevice',
        'bootable',
        'mode',
        'type',
        'empty',
        'other_config',
        'qos_algorithm_type',
        'qos_algorithm_params',
    ),
    'VM': ('name_label',),
    'PBD': ('host', 'SR', 'device_config'),
}


def value(name: str, kind: str, sent: Any) -> Any:
    """Read a parameter.

    :raises XapiError: FIELD_TYPE_ERROR with the name of the parameter.
    """
    try:
        return _value(kind, sent)
    except (TypeError, ValueError):
        raise XapiError('FIELD_TYPE_ERROR', name) from None


def _value(kind: str, sent: Any) -> Any:
    if kind.endswith(' set'):
        if not isinstance(sent, list):
            raise TypeError(kind)
        return tuple(_value(kind.removesuffix(' set'), one) for one in sent)
    if kind.endswith(' map'):
        return {_text(key): _text(sent[key]) for key in _struct(sent)}
    if kind.endswith(' record'):
        return _record(kind.removesuffix(' record'), _struct(sent))
    if kind.startswith('enum '):
        return _enum(kind.removeprefix('enum '), _text(sent))
    return _PLAIN.get(kind, _text)(sent)


def _record(name: str, sent: dict[str, Any]) -> dict[str, Any]:
    for needed in NEEDED[name]:
        if needed not in sent:
            raise XapiError('FIELD_TYPE_ERROR', needed)
    fields = CLASSES[name].fields
    return {
        key: value(key, fields[key].type, sent[key])
        for key in sent
        if key in fields
    }


def _enum(name: str, sent: str) -> str:
    for known in ENUMS[name]:
        if known.lower() == sent.lower():
            return known
    raise ValueError(sent)


def _struct(sent: Any) -> dict[str, Any]:
    if not isinstance(sent, dict):
        raise TypeError(sent)
    return sent


def _text(sent: Any) -> str:
    if not isinstance(sent, str):
        raise TypeError(sent)
    return sent


def _int(sent: Any) -> int:
    if isinstance(sent, bool) or not isinstance(sent, int | str):
        raise TypeError(sent)
    return int(sent)


def _bool(sent: Any) -> bool:
    if not isinstance(sent, bool):
        raise TypeError(sent)
    return sent


def _float(sent: Any) -> float:
    if isinstance(sent, bool) or not isinstance(sent, int | float | str):
        raise TypeError(sent)
    return float(sent)


_PLAIN = {'int': _int, 'bool': _bool, 'float': _float}


def check_legal(name: str, sent: Any) -> None:
    """Refuse what the database cannot hold; only ``add_to`` cuts it.

    :raises XapiError: INVALID_VALUE.
    """
    if isinstance(sent, str):
        if not is_legal(sent):
            raise XapiError('INVALID_VALUE', name, '')
    elif isinstance(sent, dict):
        check_legal(name, list(sent.items()))
    elif isinstance(sent, list | tuple):
        for one in sent:
            check_legal(name, one)
