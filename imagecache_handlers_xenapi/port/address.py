"""Address: where a host of a pool answers."""

import dataclasses
import ipaddress
from typing import ClassVar

from imagecache_handlers.transport import address


@dataclasses.dataclass(frozen=True, slots=True)
class Address(address.Address):
    """An address of a host, as ``url`` of ``[imagecache_xenapi]`` says it."""

    GROUP: ClassVar = 'imagecache_xenapi'

    def at(self, host: str) -> 'Address':
        """Give another host of the pool, which xapi names by address only.

        :raises ValueError: when that is not an address.
        """
        plain = host.strip('[]')
        if not _is_host(plain):
            raise ValueError(f'{host!r} is not an address of a host')
        return Address(self.scheme, plain, self.port)


def _is_host(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return bool(text) and all(one.isalnum() or one in '.-' for one in text)
    return True
