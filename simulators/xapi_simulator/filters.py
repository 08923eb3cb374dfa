"""The filters of ``get_all_records_where``: xapi's own grammar, pure.

Four things surprise: ``and`` and ``or`` bind equally and to the left,
``not`` takes everything to its right, a text has no escapes, and sets and
maps are compared whole, as the text that the database holds.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import functools
import re
from typing import Any

_TOKEN = re.compile(
    r'[ \t\r\n]*'
    r'(?:"(?P<text>[^"]*)"|(?P<word>[a-z]+)|(?P<sign>[=()])|(?P<end>\Z))'
)
_WORDS = frozenset({'and', 'or', 'not', 'true', 'false', 'field'})


class FilterError(ValueError):
    """What is no filter, with xapi's kind of reason."""


@dataclasses.dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    name: str


Value = Text | Column


@dataclasses.dataclass(frozen=True, slots=True)
class Truth:
    value: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Equal:
    left: Value
    right: Value


@dataclasses.dataclass(frozen=True, slots=True)
class Both:
    left: 'Expression'
    right: 'Expression'


@dataclasses.dataclass(frozen=True, slots=True)
class Either:
    left: 'Expression'
    right: 'Expression'


@dataclasses.dataclass(frozen=True, slots=True)
class Not:
    inner: 'Expression'


Expression = Truth | Equal | Both | Either | Not


@functools.lru_cache(maxsize=256)
def parse(text: str) -> Expression:
    """Read a filter.

    :raises FilterError: when it is none.
    """
    try:
        return _Parser(text).whole()
    except RecursionError:
        raise FilterError('Stack_overflow') from None


def show(expression: Expression) -> str:
    """Write a filter that ``parse`` reads back as the same."""
    match expression:
        case Truth(value):
            return 'true' if value else 'false'
        case Equal(left, right):
            return f'{_show_value(left)}={_show_value(right)}'
        case Not(inner):
            return f'(not {show(inner)})'
        case Both(left, right):
            return f'({show(left)} and {show(right)})'
        case Either(left, right):
            return f'({show(left)} or {show(right)})'


def columns(expression: Expression) -> Iterator[str]:
    """Give the columns that a filter names."""
    left, joined = _spine(expression)
    for one in left, *(right for _, right in joined):
        match one:
            case Equal():
                for value in one.left, one.right:
                    if isinstance(value, Column):
                        yield value.name
            case Not(inner):
                yield from columns(inner)
            case Both() | Either():
                yield from columns(one)


Read = Callable[[Mapping[str, Any]], str]
Test = Callable[[Mapping[str, Any]], bool]


def compiled(expression: Expression, read: Callable[[str], Read]) -> Test:
    """Make the test of a row; ``read`` gives what reads a column."""
    match expression:
        case Truth(value):
            return lambda row: value
        case Equal(left, right):
            return _same(_reader(left, read), _reader(right, read))
        case Not(inner):
            test = compiled(inner, read)
            return lambda row: not test(row)
    first, joined = _spine(expression)
    start = compiled(first, read)
    steps = [(both, compiled(right, read)) for both, right in joined]
    return functools.partial(_chain, start, steps)


def _spine(
    expression: Expression,
) -> tuple[Expression, list[tuple[bool, Expression]]]:
    """Unroll a chain to the left, which may be thousands of terms long."""
    joined = []
    while isinstance(expression, Both | Either):
        joined.append((isinstance(expression, Both), expression.right))
        expression = expression.left
    return expression, joined[::-1]


def _chain(
    start: Test, steps: list[tuple[bool, Test]], row: Mapping[str, Any]
) -> bool:
    value = start(row)
    for both, test in steps:
        if value is both:
            value = test(row)
    return value


def _same(one: Read, other: Read) -> Test:
    return lambda row: one(row) == other(row)


def _reader(value: Value, read: Callable[[str], Read]) -> Read:
    if isinstance(value, Column):
        return read(value.name)
    text = value.text
    return lambda row: text


def _show_value(value: Value) -> str:
    if isinstance(value, Column):
        return f'field "{value.name}"'
    return f'"{value.text}"'


class _Parser:
    """One pass over the tokens; nesting is bounded by the request's size."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._next = 0

    def whole(self) -> Expression:
        expression = self._expression()
        self._expect('end')
        return expression

    def _expression(self) -> Expression:
        left = self._operand()
        while True:
            if self._take('and'):
                left = self._joined(Both, left)
            elif self._take('or'):
                left = self._joined(Either, left)
            else:
                return left

    def _joined(
        self, join: type[Both] | type[Either], left: Expression
    ) -> Expression:
        # A `not` takes all that follows, so nothing is left to join to it.
        return join(left, self._operand())

    def _operand(self) -> Expression:
        if self._take('not'):
            return Not(self._expression())
        if self._take('('):
            inner = self._expression()
            self._expect(')')
            return inner
        for word, value in ('true', True), ('false', False):
            if self._take(word):
                return Truth(value)
        left = self._value()
        self._expect('=')
        return Equal(left, self._value())

    def _value(self) -> Value:
        if self._take('field'):
            return Column(self._text())
        return Text(self._text())

    def _text(self) -> str:
        kind, text = self._tokens[self._next]
        if kind != 'text':
            raise FilterError('Parsing.Parse_error')
        self._next += 1
        return text

    def _take(self, what: str) -> bool:
        found = self._tokens[self._next][0] == what
        self._next += found
        return found

    def _expect(self, what: str) -> None:
        if not self._take(what):
            raise FilterError('Parsing.Parse_error')


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while True:
        found = _TOKEN.match(text, at)
        if found is None:
            raise FilterError('Failure("lexing: empty token")')
        kind, at = found.lastgroup, found.end()
        word = found['word']
        if kind == 'end':
            yield 'end', ''
            return
        if kind == 'word' and word not in _WORDS:
            raise FilterError('Failure("lexing: empty token")')
        yield (
            ('text', found['text'])
            if kind == 'text'
            else (
                found[kind or 0],
                '',
            )
        )
