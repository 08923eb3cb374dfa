"""VMware images: what stands for the image service, and the bytes it has."""

import hashlib
import struct
from typing import Any

SECTOR = 512
# Magic, version, flags, capacity, grain, descriptor and its size, tables a
# grain, two directories and what lies before the grains: the head of a VMDK.
HEADER = struct.Struct('<4sIIQQQQIQQQ')


class ImageService:
    """One image, with all that Nova's image API says of it."""

    def __init__(
        self, image: str, data: bytes, properties: dict[str, str]
    ) -> None:
        self.data = data
        self.downloads = 0
        self.said = {
            'id': image,
            'status': 'active',
            'size': len(data),
            'disk_format': 'vmdk',
            'container_format': 'bare',
            'os_hash_algo': 'sha512',
            'os_hash_value': hashlib.sha512(data).hexdigest(),
            'properties': properties,
        }

    def get(self, context: Any, image: str) -> dict[str, Any]:
        return self.said

    def download(self, context: Any, image: str) -> Any:
        self.downloads += 1
        return iter([self.data[:1000], self.data[1000:]])


def make_image(properties: dict[str, str], size: int) -> bytes:
    """Make the bytes of a disk of some size: a sparse one, or just zeros."""
    if properties.get('vmware_disktype') not in ('sparse', 'streamOptimized'):
        return bytes(size)
    sectors = size // SECTOR
    header = HEADER.pack(b'KDMV', 1, 3, sectors, 128, 1, 20, 512, 21, 26, 128)
    return header.ljust(size, b'\0')
