"""A pool that tells of its tasks as fakes and old hosts do."""

from unittest import mock

from xapi_simulator import XapiError

_RECORDS = 'task.get_all_records_where'


def tell_badly(case):
    """Have the pool of a test know no events, nor why tasks have failed.

    Their records lack ``error_info``, and what failed has ``failed``.
    """
    interface = case.pool._interface
    answer = interface.answer

    def badly(host, method, sent):
        if method == 'event.from':
            raise XapiError('MESSAGE_METHOD_UNKNOWN', method)
        value = answer(host, method, sent)
        if method == 'task.get_record':
            return _told(value)
        if method == _RECORDS:
            return {ref: _told(record) for ref, record in value.items()}
        return value

    case.enterContext(mock.patch.object(interface, 'answer', badly))


def rename_failure(case):
    """Have it tell of what failed in a word of its own, and why."""
    interface = case.pool._interface
    answer = interface.answer

    def renamed(host, method, sent):
        value = answer(host, method, sent)
        if method == 'task.get_record':
            return {**value, 'status': _status(value)}
        return value

    case.enterContext(mock.patch.object(interface, 'answer', renamed))


def _told(record):
    told = {**record, 'status': _status(record)}
    del told['error_info']
    return told


def _status(record):
    status = record['status']
    return 'failed' if status == 'failure' else status
