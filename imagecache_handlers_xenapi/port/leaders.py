"""Leaders: whether a host that is said to lead is one that was named."""

from collections.abc import Iterable
import ipaddress
import socket

_IP = ipaddress.IPv4Address | ipaddress.IPv6Address


def is_among(leader: str, hosts: Iterable[str]) -> bool:
    """Tell if a host is one of several, by name or by address.

    xapi names a bare address; the hosts may be names, each of which may
    stand for many.
    """
    named = {_plain_name(host) for host in hosts}
    if (address := _address(leader)) is None:
        return _plain_name(leader) in named
    return any(address in _addresses(host) for host in named)


def _plain_name(host: str) -> str:
    return host.removesuffix('.').casefold()


def _address(text: str) -> _IP | None:
    """Read an address: a zone is left out, IPv4 in IPv6 is IPv4."""
    try:
        found = ipaddress.ip_address(text.partition('%')[0])
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address):
        return found.ipv4_mapped or found
    return found


def _addresses(host: str) -> set[_IP | None]:
    """Give all that a name stands for now: nothing, if nobody knows it."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return set()
    return {_address(str(where[0])) for *_, where in found}
