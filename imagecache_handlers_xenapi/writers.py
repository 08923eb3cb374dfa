"""Writers: images seen with machines that can write to them, until labelled.

Who comes to see such an image later will not see why it is to stay.
"""

from collections.abc import Iterable

from imagecache_handlers_xenapi.disk_reads import read_written_disks
from imagecache_handlers_xenapi.disks import Disk
from imagecache_handlers_xenapi.disks import WRITABLE
from imagecache_handlers_xenapi.port.port import Port


class Writers:
    """Remembers images that a machine was seen to have for writing."""

    def __init__(self, port: Port) -> None:
        self._port = port
        self._waiting: dict[tuple[str, str], Disk] = {}

    def note_attached(self, store: str, images: Iterable[Disk]) -> None:
        """Read how images are attached, and remember what can be written to.

        A VBD that went before it was read says nothing: it was one of an
        image in use, as these records have it.

        :raises CallError: when they cannot be read.
        """
        attached = {
            image.ref: image
            for image in images
            if image.vbds
            and WRITABLE not in image.labels
            and (store, image.ref) not in self._waiting
        }
        for ref in read_written_disks(self._port, list(attached)):
            self._waiting[store, ref] = attached[ref]

    def waiting(self, store: str) -> list[Disk]:
        """Give the images that are to be labelled ``writable``."""
        # Others may note some meanwhile.
        found = list(self._waiting.items())
        return [disk for (name, _), disk in found if name == store]

    def discard(self, store: str, image: Disk) -> None:
        """Forget an image, which is labelled or gone."""
        self._waiting.pop((store, image.ref), None)
