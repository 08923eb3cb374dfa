"""Hosts: whether a libvirt is the one of this host, whose files we see."""

from collections.abc import Iterable
import urllib.parse

_HERE = frozenset(['', 'unix'])


def is_this_host(
    uris: Iterable[str], hostname: str, own: Iterable[str]
) -> bool:
    """Tell if a libvirt of these URIs, on that host, runs on our own.

    A name in the configuration may stand for a URI, and a socket of this
    host may lead to another: so both have to say so.
    """
    names = {name.casefold() for name in own} - {''}
    return all(map(_is_local, uris)) and hostname.casefold() in names


def _is_local(uri: str) -> bool:
    try:
        parts = urllib.parse.urlsplit(uri)
    except ValueError:
        return False
    transport = parts.scheme.partition('+')[2]
    return transport in _HERE and not parts.netloc and not parts.query
