"""Filters for ``get_all_records_where``, whose grammar has no escapes."""

from collections.abc import Iterator
from collections.abc import Sequence
import re

# So many are named in one: a request may have 300 KiB.
_AT_ONCE = 500

_FIELD = re.compile(r'[A-Za-z_]+', flags=re.ASCII)


def equals(**fields: str) -> str:
    """Ask for what has all these values.

    :raises ValueError: when a value cannot be written down: a quote ends it.
    """
    return ' and '.join(
        f'{_check_column(name)} = {_quote_value(value)}'
        for name, value in fields.items()
    )


def any_of(name: str, values: Sequence[str]) -> Iterator[str]:
    """Ask for what has one of these values, in filters that are short enough.

    :raises ValueError: when a value cannot be written down.
    """
    for first in range(0, len(values), _AT_ONCE):
        some = values[first : first + _AT_ONCE]
        yield ' or '.join(equals(**{name: value}) for value in some)


def differs(name: str, value: str) -> str:
    """Ask for what has any other value; ``not`` takes all that follows.

    :raises ValueError: when the value cannot be written down.
    """
    return f'not {equals(**{name: value})}'


def _check_column(name: str) -> str:
    if not _FIELD.fullmatch(name):
        raise ValueError(f'{name!r} is not a column')
    return f'(field "{name}"'


def is_sound(value: str) -> bool:
    """Tell if a value can be written down."""
    return '"' not in value and value.isprintable()


def _quote_value(value: str) -> str:
    if not is_sound(value):
        raise ValueError(f'{value!r} cannot stand in a filter')
    return f'"{value}")'
