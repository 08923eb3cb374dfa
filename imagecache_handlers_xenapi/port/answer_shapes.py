"""Answer shapes: which shape the answer to each call of xapi must have.

Checked once, where it comes in, so that nothing behind it has to expect a
text where there should be a map.
"""

from collections.abc import Callable
from collections.abc import Mapping
from typing import Any

Check = Callable[[Any], bool]
# What is wrong with a value: nothing, when it is empty.
Wrong = Callable[[Any], str]


class Misshapen(ValueError):
    """An answer that cannot be the one to that call."""


def check(method: str, value: Any) -> None:
    """Make sure that a value can be what a call brings.

    :raises Misshapen: when it cannot.
    """
    path, _, message = method.rpartition('.')
    if path.startswith('Async.'):
        wrong: Wrong = _require_kind(_is_name)
    elif message in _RECORDS:
        wrong = _records_check(path)
    elif message == 'get_record':
        wrong = _record_check(path, 'the answer')
    else:
        wrong = _OTHERS.get(message, _accept_any)
    if what := wrong(value):
        raise Misshapen(what)


def _accept_any(value: Any) -> str:
    return ''


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


_WORDS: Mapping[Check, str] = {
    _is_name: 'text, or it is empty',
    _is_text: 'text',
    _is_flag: 'true or false',
    _is_number: 'a whole number',
    _are_texts: 'a list of texts',
    _is_map: 'a map of texts',
}


def _require_kind(wanted: Check) -> Wrong:
    def find_wrong(value: Any) -> str:
        return '' if wanted(value) else f'the answer is not {_WORDS[wanted]}'

    return find_wrong


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
    'VBD': {'mode': _is_text},
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


def _record_check(cls: str, where: str) -> Wrong:
    fields = _FIELDS.get(cls, {}).items()

    def find_wrong(value: Any) -> str:
        if not isinstance(value, dict):
            return f'{where} is not a record'
        for name, wanted in fields:
            if name not in value:
                return f'no field {name} in {where}'
            if not wanted(value[name]):
                return f'field {name} of {where} is not {_WORDS[wanted]}'
        return ''

    return find_wrong


def _records_check(cls: str) -> Wrong:
    wrong = _record_check(cls, 'a record')

    def find_wrongs(value: Any) -> str:
        if not isinstance(value, dict):
            return 'the answer is not a map of records'
        return next(filter(None, map(wrong, value.values())), '')

    return find_wrongs


# We ask for those of tasks.
_snapshot = _record_check('task', 'the record of an event')


def _check_event(value: Any) -> str:
    if not isinstance(value, dict):
        return 'an event is not a map'
    if not _is_name(value.get('operation')):
        return 'an event has no operation'
    # One that is gone has no record.
    gone = value['operation'] == 'del'
    return '' if gone else _snapshot(value.get('snapshot'))


def _check_batch(value: Any) -> str:
    if not isinstance(value, dict):
        return 'the answer is not a map'
    if not _is_name(value.get('token')):
        return 'no token in the answer'
    if not isinstance(value.get('events'), list):
        return 'no list of events in the answer'
    return next(filter(None, map(_check_event, value['events'])), '')


_RECORDS = frozenset({'get_all_records', 'get_all_records_where'})
_OTHERS: Mapping[str, Wrong] = {
    'create': _require_kind(_is_name),
    'from': _check_batch,
    'get_VDIs': _require_kind(_are_texts),
    'get_uuid': _require_kind(_is_name),
    'login_with_password': _require_kind(_is_name),
}
