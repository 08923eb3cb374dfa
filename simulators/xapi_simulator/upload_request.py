"""What a client asks of ``/import_raw_vdi``, and whether it may."""

import base64
import binascii
import dataclasses
from email.message import Message
import http.cookies
from typing import Self
import urllib.parse

from xapi_simulator.errors import XapiError
from xapi_simulator.sessions import may
from xapi_simulator.values import NULL
from xapi_simulator.world import World

PATH = '/import_raw_vdi'
ROLE = 'vm-admin'


class Refused(Exception):
    """An answer below 500 that is none of xapi's own errors."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """What a client asked for, in the query or in cookies."""

    fields: dict[str, str]
    basic: tuple[str, str] | None
    length: int | None
    encoding: str | None

    @classmethod
    def read(cls, query: str, headers: Message) -> Self:
        cookies = http.cookies.SimpleCookie(headers.get('Cookie', ''))
        fields = {name: cookies[name].value for name in cookies}
        fields |= urllib.parse.parse_qsl(query, keep_blank_values=True)
        length = headers.get('Content-Length', '')
        return cls(
            fields,
            _basic(headers.get('Authorization', '')),
            int(length) if length.isascii() and length.isdigit() else None,
            headers.get('Transfer-Encoding'),
        )


def _basic(header: str) -> tuple[str, str] | None:
    kind, _, text = header.partition(' ')
    if kind.lower() != 'basic':
        return None
    try:
        name, _, password = base64.b64decode(text).decode().partition(':')
    except (binascii.Error, UnicodeDecodeError):
        return None
    return name, password


def authorise(world: World, request: Request) -> None:
    """Make sure that the client may write disks.

    :raises Refused: 401 without a session, 403 with too weak a role.
    """
    try:
        if request.basic is not None:
            name, password = request.basic
            session = world.sessions.login(name, password, 'http', NULL)
            role = world.sessions.check(session)
            world.sessions.end(session)
        else:
            role = world.sessions.check(request.fields.get('session_id', ''))
    except XapiError as error:
        raise Refused(401, error.code) from None
    if not may(role, ROLE):
        raise Refused(403, 'RBAC_PERMISSION_DENIED')
