"""Opening: the port that the options ask for, or that a session was lent."""

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from imagecache_handlers_xenapi.port.dialling import ConnectionOptions
from imagecache_handlers_xenapi.port import lent_sessions
from imagecache_handlers_xenapi.port.logins import PasswordLogin
from imagecache_handlers_xenapi.port.port import Port
from imagecache_handlers_xenapi.port.session import Session


def open_port(
    urls: Sequence[str], given: Mapping[str, Any], session: Any
) -> Port:
    """Open it to the hosts at ``urls``, as the options are ``given``.

    A ``session`` that is lent has logged in already; None: none is.
    """
    dialling = ConnectionOptions(
        timeout=given['timeout_seconds'],
        ca_file=given['ca_file'],
        insecure=given['insecure'],
    )
    if session is not None:
        first = urls[0] if urls else None
        return lent_sessions.port(session, dialling, first)
    logins = PasswordLogin(
        urls,
        given['username'],
        given['password'],
        dialling,
        any_leader=given['follow_any'],
    )
    return Session(logins, dialling)
