"""Address: where somebody answers, by https or http."""

import dataclasses
from typing import ClassVar
from typing import Self
import urllib.parse

from imagecache_handlers.exceptions import ConfigurationError

_PORTS = {'http': 80, 'https': 443}


@dataclasses.dataclass(frozen=True, slots=True)
class Address:
    """Scheme, host (an IPv6 address without brackets) and port.

    ``GROUP`` is that of the option ``url``, which an error names.
    """

    GROUP: ClassVar[str]

    scheme: str
    host: str
    port: int

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read a URL such as ``https://host`` or ``https://[fd00::1]:8443``.

        :raises ConfigurationError: when it is not a URL, or says more.
        """
        try:
            parts = urllib.parse.urlsplit(url)
            port = parts.port
        except ValueError:
            # What is wrong would be told with a part of a password.
            why = 'its host and port cannot be read'
            raise cls._wrong_url(url, why) from None
        if parts.scheme not in _PORTS:
            raise cls._wrong_url(url, 'it must begin with https:// or http://')
        if not parts.hostname or not parts.hostname.isprintable():
            raise cls._wrong_url(url, 'it names no host')
        more = parts.path.strip('/') or parts.query or parts.fragment
        if more or parts.username or parts.password:
            raise cls._wrong_url(
                url, 'scheme, host and port are all it may have'
            )
        return cls(parts.scheme, parts.hostname, port or _PORTS[parts.scheme])

    def __str__(self) -> str:
        host = f'[{self.host}]' if ':' in self.host else self.host
        if self.port == _PORTS[self.scheme]:
            return f'{self.scheme}://{host}'
        return f'{self.scheme}://{host}:{self.port}'

    @classmethod
    def _wrong_url(cls, url: str, why: str) -> ConfigurationError:
        shown = url.rpartition('@')[2]
        return ConfigurationError(f'[{cls.GROUP}] url {shown!r}: {why}')
