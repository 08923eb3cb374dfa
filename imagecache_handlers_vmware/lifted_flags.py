"""Lifted flags: disks freed of theirs, which get it again where they stay.

Without it Nova, too, could delete the disk.
"""

from collections.abc import Callable
import dataclasses
import logging

from imagecache_handlers.transport.errors import CallError
from imagecache_handlers_vmware.datastore_files import DatastoreFiles
from imagecache_handlers_vmware.descriptors import lift_flag
from imagecache_handlers_vmware.image_folders import ImageFolder
from imagecache_handlers_vmware.paths import DatastorePath
from imagecache_handlers_vmware.port.errors import ReplyLost

LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Lifted:
    """A descriptor as it was, and as it was written."""

    path: DatastorePath
    old: bytes
    new: bytes


class LiftedFlags:
    """Flags of images of one datastore, while these lie aside."""

    def __init__(
        self, files: DatastoreFiles, check_time: Callable[[], object]
    ) -> None:
        self._files = files
        self._check_time = check_time
        self._lifted: dict[DatastorePath, list[_Lifted]] = {}

    def lift_flags(self, image: ImageFolder) -> None:
        """Write the disks of an image without their flags.

        :raises VimFault: when one was refused; nothing of it was written.
        :raises ReplyLost: when one may be written in part.
        :raises CallError: when one cannot be read.
        :raises ImageBusy: when time is over.
        """
        for disk in image.disks:
            path = image.path.join(disk)
            content = self._files.read_file(path)
            new = lift_flag(content)
            if new != content:
                self._check_time()
                self._files.write_file(path, new)
                lifted = _Lifted(path=path, old=content, new=new)
                self._lifted.setdefault(image.path, []).append(lifted)

    def restore_flags(self, image: ImageFolder) -> None:
        """Write again what was lifted, in what nobody has changed since.

        No removal of the image may be under way: a disk that is gone would
        be there again.  What can be neither read nor written stays as it is.

        :raises ReplyLost: when one may be written in part.
        """
        for one in self._lifted.pop(image.path, ()):
            try:
                if self._files.read_file(one.path) == one.new:
                    self._files.write_file(one.path, one.old)
            except ReplyLost:
                raise
            except CallError as error:
                LOG.warning('%s stays without its flag: %s', one.path, error)
