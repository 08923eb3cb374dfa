"""Which texts XML can carry: what xapi's database takes, and what it cuts."""

import re

_ILLEGAL = re.compile('[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]')


def clipped(text: str) -> str:
    """Cut a text before the first character that XML cannot carry."""
    found = _ILLEGAL.search(text)
    return text if found is None else text[: found.start()]


def is_legal(text: str) -> bool:
    return _ILLEGAL.search(text) is None
