"""Text of XML: what must be escaped, and how scalars are written."""

import base64
import datetime
import re
from typing import Any

_SPECIAL = re.compile(
    '[&<>\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]'
)
_ESCAPES = {'&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#13;'}


def escape_text(text: str) -> str:
    """Escape what XML reserves; what it cannot hold becomes a ``?``."""
    if _SPECIAL.search(text) is None:
        return text
    return _SPECIAL.sub(lambda hit: _ESCAPES.get(hit[0], '?'), text)


def escape_attribute(text: str) -> str:
    return escape_text(text).replace('"', '&quot;')


def write_boolean(value: Any) -> str:
    return 'true' if value else 'false'


def write_moment(value: datetime.datetime) -> str:
    """Write a time as vCenter does: in UTC, with microseconds if any."""
    if value.tzinfo is not datetime.UTC:
        value = value.astimezone(datetime.UTC)
    return value.isoformat()[:-6] + 'Z'


def write_binary(value: bytes) -> str:
    return base64.b64encode(value).decode('ascii')
