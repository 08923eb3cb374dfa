"""Address: where a vCenter answers."""

import dataclasses
from typing import ClassVar

from imagecache_handlers.transport import address


@dataclasses.dataclass(frozen=True, slots=True)
class Address(address.Address):
    """An address, as ``url`` of ``[imagecache_vmware]`` says it."""

    GROUP: ClassVar = 'imagecache_vmware'
