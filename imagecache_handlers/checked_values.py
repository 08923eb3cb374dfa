"""Checked values: sizes, texts, names, times, users; else ValueError."""

from collections.abc import Mapping
import datetime


def check_size(what: str, size: int | None) -> None:
    """Refuse what is no number of bytes, or a negative one."""
    if size is None:
        return
    if not isinstance(size, int) or isinstance(size, bool):
        raise wrong_type(what, size, 'a number of bytes')
    if size < 0:
        raise ValueError(f'{what} {size} must be 0 bytes or more')


def check_count(what: str, size: int) -> None:
    """Refuse what is no number of bytes; there has to be one."""
    if size is None:
        raise wrong_type(what, size, 'a number of bytes')
    check_size(what, size)


def check_text(what: str, text: str) -> None:
    """Refuse what is no text."""
    if not isinstance(text, str):
        raise wrong_type(what, text, 'a text')


def check_name(what: str, name: str) -> str:
    """Refuse a name of a backend's own that is empty or not printable."""
    check_text(what, name)
    if not name or not name.isprintable():
        raise ValueError(f'{what} {name!r} is empty or not printable')
    return name


def check_time(what: str, at: datetime.datetime | None) -> None:
    """Refuse a time that does not say its zone."""
    if at is None:
        return
    if not isinstance(at, datetime.datetime):
        raise wrong_type(what, at, 'a time')
    if at.tzinfo is None:
        raise ValueError(f'{what} {at} must be an aware time')


def check_moment(what: str, at: datetime.datetime) -> None:
    """Refuse a time that does not say its zone; there has to be one."""
    if at is None:
        raise wrong_type(what, at, 'a time')
    check_time(what, at)


def check_flag(what: str, flag: bool) -> None:
    """Refuse what is neither True nor False, as ``'no'`` is."""
    if not isinstance(flag, bool):
        raise wrong_type(what, flag, 'True or False')


def check_mapping(what: str, mapping: Mapping[str, object]) -> None:
    """Refuse what has no texts for its keys."""
    if not isinstance(mapping, Mapping):
        raise wrong_type(what, mapping, 'a mapping')
    for key in mapping:
        check_text(f'a key of {what}', key)


def check_users(users: frozenset[str] | None) -> None:
    """Refuse users that are no frozenset of texts."""
    if users is None:
        return
    if not isinstance(users, frozenset):
        raise wrong_type('users', users, 'a frozenset')
    for user in users:
        # Not by check_text: there are thousands in a pass.
        if not isinstance(user, str):
            raise wrong_type('user', user, 'a text')


def wrong_type(what: str, value: object, wanted: str) -> ValueError:
    """Say of a value what it should have been."""
    shown = repr(value)[:100]
    kind = type(value).__name__
    return ValueError(f'{what} {shown} must be {wanted}, not of type {kind}')
