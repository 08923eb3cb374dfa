"""Decoding of XML-RPC and JSON, at the price of so much memory and no more.

Of many small things an answer makes far more bytes than it has itself.
"""

from collections.abc import Iterable
import json
import re
import sys
from typing import Any
from xml.parsers import expat
import xmlrpc.client

# What takes memory, in bytes: a value, a list or map, a field of one.
_VALUE, _CONTAINER, _FIELD = 56, 160, 16

# In UTF-8 the first bytes of characters that take so many as a text.
_TWO_BYTES = re.compile(rb'[\xc4-\xef]')
_FOUR_BYTES = re.compile(rb'[\xf0-\xf7]')

# What stands between two tags; longer ones come as several.
_TEXTS = 1000

# Lists and maps in each other; xapi has five at most.
_DEPTH = 100

#: The most bytes that an answer may take when it is decoded: some 20,000
#: VDIs do.
MEMORY = 144 * 2**20


class Undecodable(ValueError):
    """What came is not in that language, or takes too much memory."""


def of_xml(pieces: Iterable[bytes]) -> Any:
    """Decode an answer over XML-RPC, while it comes.

    :raises Undecodable: when it cannot be decoded, or is a fault.
    """
    target = _Target()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = target.start
    parser.EndElementHandler = target.end
    parser.CharacterDataHandler = target.data
    # No answer has a document type; entities grow in one.
    parser.StartDoctypeDeclHandler = _refuse_doctype
    memory = 0
    for piece in pieces:
        # Counted here, for to look at each tag would take twice the time.
        memory += _memory_of_xml(piece)
        _limit_memory(memory)
        _try_step(parser.Parse, piece, False)
        target.check()
    _try_step(parser.Parse, b'', True)
    return _try_step(lambda: _take_only(target.close()))


def _memory_of_xml(piece: bytes) -> int:
    """Tell what the values will take of which this is the text."""
    containers = piece.count(b'<struct') + piece.count(b'<array')
    fields = piece.count(b'<member')
    values = piece.count(b'<value')
    every = piece.count(b'</') + piece.count(b'/>')
    # Values need not stand in <value>.
    bare = max(0, every - containers - 2 * fields - values)
    return (
        _CONTAINER * containers
        + _FIELD * fields
        + _VALUE * values
        + _VALUE // 2 * bare
    )


def _take_only(values: tuple[Any, ...]) -> Any:
    [value] = values
    return value


# The parser trusts the peer not to send a fault that is a number, and such.
_UNREADABLE = (
    ArithmeticError,
    LookupError,
    TypeError,
    expat.ExpatError,
    xmlrpc.client.ResponseError,
)


def _try_step(step: Any, *given: Any) -> Any:
    try:
        return step(*given)
    except Undecodable:
        raise
    except xmlrpc.client.Fault as error:
        said = f'the answer is a fault: {error.faultString!s:.100}'
        raise Undecodable(said) from error
    except (*_UNREADABLE, ValueError) as error:
        raise Undecodable('the answer is not XML-RPC') from error


def _refuse_doctype(*_: object) -> None:
    raise Undecodable('the answer is not XML-RPC: it has a document type')


class _Target(xmlrpc.client.Unmarshaller):
    """Builds values, and the names of fields once each."""

    def __init__(self) -> None:
        super().__init__()
        # The parser gives text, not bytes.
        self._encoding = ''
        self.dispatch = {**self.dispatch, 'name': _intern_name}

    def check(self) -> None:
        """Refuse what takes ever longer to build."""
        if len(self._marks) > _DEPTH or len(self._data) > _TEXTS:
            raise Undecodable('the answer is nested too deeply')


def _intern_name(target: Any, name: str) -> None:
    target.append(sys.intern(name))
    target._value = False


def of_json(body: bytes | bytearray) -> Any:
    """Decode an answer over JSON-RPC.

    :raises Undecodable: when it cannot be decoded.
    """
    try:
        _limit_memory(_memory_of_text(body))
        text = body.decode()
        _limit_memory(len(body) + sys.getsizeof(text) + _memory_of_json(text))
        return json.loads(text)
    except Undecodable:
        raise
    except (ValueError, RecursionError) as error:
        raise Undecodable('the answer is not JSON') from error


def _memory_of_text(body: bytes | bytearray) -> int:
    """Tell what decoding takes at its peak, measured, before it is done.

    All characters of a text are as wide as its widest one.
    """
    if body.isascii():
        return 2 * len(body)
    if _FOUR_BYTES.search(body):
        return 11 * len(body)
    return (7 if _TWO_BYTES.search(body) else 4) * len(body)


def _memory_of_json(text: str) -> int:
    containers = text.count('{') + text.count('[')
    return _CONTAINER * containers + _VALUE * text.count(',')


def _limit_memory(memory: int) -> None:
    if memory > MEMORY:
        raise Undecodable(
            f'the answer takes more than {MEMORY >> 20} MiB of memory'
        )
