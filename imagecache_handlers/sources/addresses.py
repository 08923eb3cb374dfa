"""Addresses: which ones a source may have; none that reach into this host.

What a catalogue, a redirect or a name server says must not make this host
ask itself, or the service that gives machines of a cloud their secrets.
"""

import ipaddress
import urllib.parse

from imagecache_handlers.exceptions import SourceError

_SCHEMES = 'http', 'https'
_LOCAL = 'localhost'
# Where clouds tell machines who they are, and what opens their doors.
_METADATA = frozenset(
    map(
        ipaddress.ip_address,
        ('169.254.169.254', 'fd00:ec2::254', '100.100.100.200'),
    )
)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def check_url(url: str, named: frozenset[str] = frozenset()) -> str:
    """Refuse a URL that no image is fetched from.

    ``named`` are the hosts that the operator has named: only these may be
    this one, or a neighbour on its cable.

    :raises SourceError: tells why.
    """
    if why := _refuse_host(read_host(url), named):
        raise SourceError(show_url(url), why)
    return url


def read_host(url: str) -> str:
    """Give the host that a URL names.

    :raises SourceError: when it is no URL by which images are fetched.
    """
    try:
        parts = urllib.parse.urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise SourceError(show_url(url), 'it is not a URL') from None
    if parts.scheme not in _SCHEMES or not host or not url.isprintable():
        why = 'it must begin with https:// or http:// and name a host'
        raise SourceError(show_url(url), why)
    if parts.username is not None or parts.password is not None:
        why = 'a URL with a name or a password in it would tell it to logs'
        raise SourceError(show_url(url), why)
    return host


def check_peer(host: str, peer: str) -> None:
    """Refuse who answers for a host before anything is asked.

    :raises SourceError: when a name led to this host, or worse.
    """
    address = _read_address(peer)
    if address is None or not _is_near(address):
        return
    if address in _METADATA or not _means_near(host):
        why = f'that name stands for {peer}, which is no place of images'
        raise SourceError(host, why)


def show_url(url: str) -> str:
    """Give a URL without what may be a secret in it."""
    plain = url.partition('#')[0].partition('?')[0]
    scheme, slashes, rest = plain.partition('://')
    if not slashes:
        return plain[:300]
    host, slash, path = rest.partition('/')
    return f'{scheme}://{host.rpartition("@")[2]}{slash}{path}'[:300]


def read_origin(url: str) -> tuple[str, str, int]:
    """Give scheme, host and port of a URL that was checked."""
    parts = urllib.parse.urlsplit(url)
    port = parts.port or (443 if parts.scheme == 'https' else 80)
    return parts.scheme, parts.hostname or '', port


def _refuse_host(host: str, named: frozenset[str]) -> str:
    """Say why a host is refused by what it is called; empty: it is not."""
    address = _read_address(host)
    if address is not None and address in _METADATA:
        return 'that is where a cloud keeps secrets of its machines'
    if _means_near(host) and host not in named:
        return 'it is an address of this host or its cable: nobody named it'
    return ''


def _means_near(host: str) -> bool:
    address = _read_address(host)
    return host == _LOCAL if address is None else _is_near(address)


def _is_near(address: Address) -> bool:
    return (
        address.is_loopback
        or address.is_link_local
        or address.is_unspecified
        or address.is_multicast
        or address in _METADATA
    )


def _read_address(text: str) -> Address | None:
    try:
        found = ipaddress.ip_address(text.partition('%')[0])
    except ValueError:
        return None
    # An IPv4 address may be written as one of IPv6.
    return getattr(found, 'ipv4_mapped', None) or found
