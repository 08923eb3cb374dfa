"""Dialling: how a connection to a host of a pool is made."""

import dataclasses
from typing import ClassVar

from imagecache_handlers.transport import dialling


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionOptions(dialling.ConnectionOptions):
    """What the options in ``[imagecache_xenapi]`` say of connections."""

    GROUP: ClassVar = 'imagecache_xenapi'
