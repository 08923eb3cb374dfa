"""Values as the database keeps them, which is what filters compare."""

from typing import Any


def text(value: Any) -> str:
    """Write a value as the database does."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return 'true' if value else 'false'
    if isinstance(value, tuple | list):
        return f'({" ".join(_quoted(one) for one in value)})'
    if isinstance(value, dict):
        pairs = (
            f'({_quoted(key)} {_quoted(one)})' for key, one in value.items()
        )
        return f'({" ".join(pairs)})'
    return str(value)


def _quoted(value: Any) -> str:
    plain = text(value)
    for special in '\\\'"':
        plain = plain.replace(special, f'\\{special}')
    return f"'{plain}'"
