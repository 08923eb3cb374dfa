"""Answers: a value, xapi's no, or nothing that can be understood."""

from collections.abc import Callable
from collections.abc import Iterable
import logging
import threading
from typing import Any

from imagecache_handlers_xenapi.port import answer_shapes
from imagecache_handlers_xenapi.port import decoding
from imagecache_handlers_xenapi.port.errors import WrongAnswer
from imagecache_handlers_xenapi.port.errors import XapiFailure

LOG = logging.getLogger(__name__)

# A host could think of ever new ones.
_KINDS = 100


class Garbled(ValueError):
    """What came is not an answer: nobody knows if the call was made."""


class NoJson(Exception):
    """The host does not speak JSON-RPC."""


class Warnings:
    """Tells of wrong answers, once of each kind."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._told: set[tuple[str, str]] = set()

    def warn(self, error: WrongAnswer) -> None:
        kind = error.method, error.what
        with self._guard:
            if kind in self._told or len(self._told) == _KINDS:
                return
            self._told.add(kind)
        LOG.warning('The answer is not understood: %s', error)


def of_xml(method: str, pieces: Iterable[bytes]) -> Any:
    """Give the value of an answer over XML-RPC.

    :raises XapiFailure: when xapi says no, and to nothing else.
    :raises Garbled: when it is not an answer to that call.
    """
    answer = _decode_answer(decoding.of_xml, pieces)
    if not isinstance(answer, dict):
        raise Garbled('the answer is not a map')
    if answer.get('Status') == 'Failure':
        raise _make_failure(method, answer.get('ErrorDescription'))
    if answer.get('Status') != 'Success' or 'Value' not in answer:
        raise Garbled('the answer says neither success nor failure')
    return _check_shape(method, answer['Value'])


def of_json(method: str, body: bytes | bytearray) -> Any:
    """Give the value of an answer over JSON-RPC, with the same errors.

    :raises NoJson: when it is XML, as of hosts of old, or a page of HTML.
    """
    if body[:100].lstrip().startswith(b'<'):
        raise NoJson('markup came')
    answer = _decode_answer(decoding.of_json, body)
    if not isinstance(answer, dict):
        raise Garbled('the answer is not a map')
    refusal = answer.get('error')
    if refusal is not None:
        raise _make_failure(method, _as_one_list(refusal))
    if 'result' not in answer:
        raise Garbled('the answer has neither result nor error')
    return _check_shape(method, answer['result'])


def _decode_answer(decode: Callable[[Any], Any], content: Any) -> Any:
    try:
        return decode(content)
    except decoding.Undecodable as error:
        raise Garbled(str(error)) from error


def _as_one_list(refusal: Any) -> Any:
    """Give code and parameters as one list, as version 1 does."""
    if not isinstance(refusal, dict):
        return refusal
    params = refusal.get('data') or []
    if not isinstance(params, list):
        return None
    return [refusal.get('message'), *params]


def _make_failure(method: str, details: Any) -> XapiFailure | Garbled:
    if not isinstance(details, list) or not details or not details[0]:
        return Garbled('the answer is an error without a code')
    if not all(isinstance(one, str) for one in details):
        return Garbled('the answer is an error that is not a list of texts')
    return XapiFailure(method, details)


def _check_shape(method: str, value: Any) -> Any:
    try:
        answer_shapes.check(method, value)
    except answer_shapes.Misshapen as error:
        raise Garbled(str(error)) from error
    return value
