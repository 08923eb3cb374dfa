"""Filters for ``get_all_records_where``, whose grammar has no escapes."""

from collections.abc import Iterable
import re

_FIELD = re.compile(r'[A-Za-z_]+', flags=re.ASCII)


def equals(**fields: str) -> str:
    """Ask for what has all these values.

    :raises ValueError: when a value cannot be written down: a quote ends it.
    """
    return ' and '.join(
        f'{_check_column(name)} = {_quote_value(value)}'
        for name, value in fields.items()
    )


def one_of(name: str, values: Iterable[str]) -> str:
    """Ask for what has any of these values, of which there is one or more.

    :raises ValueError: when a value cannot be written down.
    """
    return ' or '.join(equals(**{name: value}) for value in values)


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
