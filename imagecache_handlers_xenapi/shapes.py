"""What calls of xapi bring: the shape that each answer must have.

Checked once, where it comes in, so that nothing behind it has to expect a
text where there should be a map.
"""

from collections.abc import Callable
from collections.abc import Mapping
from typing import Any

Check = Callable[[Any], bool]


class Misshapen(ValueError):
    """An answer that is none to that call."""


def check(method: str, value: Any) -> None:
    """Make sure that a value can be what a call brings.

    :raises Misshapen: when it cannot.
    """
    path, _, message = method.rpartition('.')
    if path.startswith('Async.'):
        wanted: Check = _is_name
    elif message in _RECORDS:
        wanted = _records(path)
    elif message == 'get_record':
        wanted = _record(path)
    else:
        wanted = _OTHERS.get(message, _is_anything)
    if not wanted(value):
        raise Misshapen('that is nothing which this call brings')


def _is_anything(value: Any) -> bool:
    return True


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_number(value: Any) -> bool:
    # In XML-RPC it is a decimal text.
    if isinstance(value, str):
        digits = value.removeprefix('-')
        return len(digits) < 20 and digits.isascii() and digits.isdigit()
    return isinstance(value, int) and not isinstance(value, bool)


# Of many thousand disks every one is looked at: by types, which is quick.
_TEXT = frozenset({str})


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and _TEXT.issuperset(map(type, value))


def _is_map(value: Any) -> bool:
    return isinstance(value, dict) and _TEXT.issuperset(
        map(type, value.values())
    )


# The fields that somebody reads here; there are many more.
_FIELDS: Mapping[str, Mapping[str, Check]] = {
    'PBD': {
        'SR': _is_text,
        'currently_attached': _is_flag,
        'host': _is_text,
    },
    'SR': {
        'name_label': _is_text,
        'other_config': _is_map,
        'physical_size': _is_number,
        'physical_utilisation': _is_number,
        'type': _is_text,
        'uuid': _is_name,
    },
    'VDI': {
        'SR': _is_text,
        'VBDs': _are_texts,
        'current_operations': _is_map,
        'is_a_snapshot': _is_flag,
        'managed': _is_flag,
        'missing': _is_flag,
        'name_label': _is_text,
        'other_config': _is_map,
        'physical_utilisation': _is_number,
        'sm_config': _is_map,
        'type': _is_text,
        'uuid': _is_name,
    },
    'VM': {
        'name_label': _is_text,
        'suspend_VDI': _is_text,
        'uuid': _is_name,
    },
    'host': {
        'address': _is_text,
        'name_label': _is_text,
        'uuid': _is_name,
    },
    'pool': {'default_SR': _is_text, 'master': _is_text},
    'task': {'error_info': _are_texts, 'status': _is_name},
}


def _record(cls: str) -> Check:
    fields = _FIELDS.get(cls, {}).items()

    def is_record(value: Any) -> bool:
        if not isinstance(value, dict):
            return False
        for name, wanted in fields:
            if name not in value or not wanted(value[name]):
                return False
        return True

    return is_record


def _records(cls: str) -> Check:
    is_record = _record(cls)

    def are_records(value: Any) -> bool:
        return isinstance(value, dict) and all(map(is_record, value.values()))

    return are_records


def _is_event(value: Any) -> bool:
    if not isinstance(value, dict) or not _is_name(value.get('operation')):
        return False
    # We ask for those of tasks; one that is gone has no record.
    return value['operation'] == 'del' or _record('task')(
        value.get('snapshot')
    )


def _is_batch(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and _is_name(value.get('token'))
        and isinstance(value.get('events'), list)
        and all(map(_is_event, value['events']))
    )


_RECORDS = frozenset({'get_all_records', 'get_all_records_where'})
_OTHERS: Mapping[str, Check] = {
    'create': _is_name,
    'from': _is_batch,
    'get_VDIs': _are_texts,
    'get_uuid': _is_name,
    'login_with_password': _is_name,
}
