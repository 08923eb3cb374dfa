"""Staged image: on its way in, and fetched, inspected, converted there."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import dataclasses
import io
import os
from typing import BinaryIO
from typing import cast

from imagecache_handlers.checksum import Checksum
from imagecache_handlers.directory.system.descriptors import close
from imagecache_handlers.directory.system import safe_open
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.model import ImageMeta
from imagecache_handlers import packed_vhd
from imagecache_handlers.source import RangedSource
from imagecache_handlers.staging.content import count_allocated
from imagecache_handlers.staging.content import StagedContent
from imagecache_handlers.staging.converting import Conversion
from imagecache_handlers.staging.converting import find_target
from imagecache_handlers.staging.converting import Target
from imagecache_handlers.staging.failures import WrongContent
from imagecache_handlers.staging.fetching import Fetched
from imagecache_handlers.staging.fetching import Fetching
from imagecache_handlers.staging.fetching import tell_nobody
from imagecache_handlers.staging.fetching import Way
from imagecache_handlers.staging.hashing import hash_pieces
from imagecache_handlers.staging.hashing import SHA256
from imagecache_handlers.staging.inspecting import inspect_file
from imagecache_handlers.staging.inspecting import Inspected
from imagecache_handlers.staging.names import Names
from imagecache_handlers.staging.stage_file import make_file
from imagecache_handlers.staging.stage_file import opened_stage
from imagecache_handlers.staging.stage_file import remove_file
from imagecache_handlers.staging.stage_file import StageFile
from imagecache_handlers.staging.stopping import never
from imagecache_handlers.staging.stopping import ShouldStop
from imagecache_handlers.staging.stopping import stop_between
from imagecache_handlers.staging import troubles
from imagecache_handlers.staging.troubles import translated
from imagecache_handlers.staging.unpacking import unpack_disk

_CHUNK = 2**20
_READ = os.O_RDONLY | os.O_CLOEXEC


class Stage:
    """What there is of one image; whoever has it works on it alone."""

    def __init__(
        self, meta: ImageMeta, fd: int, names: Names, way: Way, *, folder: str
    ) -> None:
        self.meta = meta
        self.folder = folder
        self._fd = fd
        self._names = names
        self._way = way
        self._entry = names.stage
        self._sha256 = ''
        self._hashed: tuple[int, int] | None = None
        self._stored = meta
        self._inspected: Inspected | None = None

    def fetch_image(
        self,
        source: RangedSource,
        tell: Callable[[int], object] = tell_nobody,
        should_stop: ShouldStop = never,
    ) -> Fetched:
        """Fetch what is missing, and verify all of it.

        ``tell`` hears how many bytes of the image are here, after each
        piece; ``should_stop`` is asked before each.

        :raises SourceError: when it cannot be had now; or is not what was
            announced, then nothing of it stays.
        :raises Stopped: when it is not to go on; the rest is fetched by the
            next one.
        :raises NoRoom: when the disk is full; what has come stays.
        :raises StoreUnavailable: when the folder cannot be written.
        """
        way = dataclasses.replace(
            self._way, tell=tell, should_stop=should_stop
        )
        with opened_stage(self._fd, self._names.stage, self.folder) as file:
            try:
                fetched = Fetching(self.meta, source, file, way).run()
            except WrongContent:
                self.drop()
                raise
            self._hashed = file.identity
        self._sha256 = fetched.sha256
        return fetched

    def inspect_image(self) -> Inspected:
        """Tell the format of what has come, and the size of the disk in it.

        :raises Unsupported: when it names other files, is of another format
            than declared, encrypted, or larger than the limits allow.
        """
        with contextlib.ExitStack() as stack:
            with translated(self.folder):
                fd = self._open_entry(stack, self._entry)
            file = stack.enter_context(open(fd, 'rb', closefd=False))
            found = inspect_file(file, self._stored, self._way.limits)
        self._inspected = found
        self._stored = dataclasses.replace(
            self._stored, virtual_size=found.virtual_size
        )
        return found

    def unpack_image(self, size: int, should_stop: ShouldStop = never) -> None:
        """Take the disk of ``size`` bytes out of a tar.gz of VHDs.

        It is what is inspected, and what ``open_content`` gives then.

        :raises Unsupported: when there is no such disk, or it is a chain.
        :raises NoRoom: when the disk of the stages is full.
        :raises Stopped: when it is not to go on.
        """
        with contextlib.ExitStack() as stack:
            with translated(self.folder):
                make_file(self._fd, self._names.made)
                fd = self._open_entry(stack, self._names.stage)
            packed = stack.enter_context(open(fd, 'rb', closefd=False))
            made = stack.enter_context(
                opened_stage(self._fd, self._names.made, self.folder)
            )
            pieces = unpack_disk(packed, self.meta.image_id, size)
            for piece in stop_between(pieces, should_stop, self.meta.image_id):
                self._write_made(made, piece, size)
        self._entry = self._names.made
        found = Inspected(disk_format=packed_vhd.DISK, virtual_size=size)
        target = find_target(self.meta.image_id, packed_vhd.DISK)
        self._stored = self._describe_made(found, target, should_stop)

    def _write_made(self, made: StageFile, piece: bytes, size: int) -> None:
        try:
            made.write(piece)
        except OSError as error:
            raise troubles.explain_full(
                self.folder, self.meta.image_id, size - made.size, error
            ) from error

    def convert_image(
        self,
        disk_format: str,
        subformat: str = '',
        should_stop: ShouldStop = never,
    ) -> None:
        """Make another format of it, which ``open_content`` gives then.

        ``subformat`` is a vmdk's: monolithicSparse (default),
        streamOptimized, or monolithicFlat, whose content is the disk as it
        is.  The property ``vmware_disktype`` tells which.

        :raises Unsupported: when it cannot be converted within the limits.
        :raises NoRoom: when the disk is full.
        :raises Stopped: when it is not to go on.
        :raises ConfigurationError: when qemu-img is missing.
        """
        found = self._inspected or self.inspect_image()
        if disk_format == found.disk_format and not subformat:
            return
        target = find_target(
            self.meta.image_id, disk_format, subformat, self.meta.properties
        )
        with translated(self.folder):
            make_file(self._fd, self._names.made)
        self._convert(found, target, should_stop)
        self._entry = self._names.made
        self._stored = self._describe_made(found, target, should_stop)

    def _convert(
        self, found: Inspected, target: Target, should_stop: ShouldStop
    ) -> None:
        Conversion(
            image_id=self.meta.image_id,
            folder=self.folder,
            folder_fd=self._fd,
            source=self._names.stage,
            source_format=found.disk_format,
            made=self._names.made,
            target=target,
            virtual_size=found.virtual_size,
            limits=self._way.limits,
            clocks=self._way.clocks,
            should_stop=should_stop,
        ).run()

    def _describe_made(
        self, found: Inspected, target: Target, should_stop: ShouldStop
    ) -> ImageMeta:
        with opened_stage(self._fd, self._names.made, self.folder) as file:
            self._hashed = file.identity
            self._sha256 = hash_pieces(
                stop_between(
                    file.read_pieces(), should_stop, self.meta.image_id
                )
            )
            return dataclasses.replace(
                self.meta,
                size=file.size,
                disk_format=target.disk_format,
                virtual_size=found.virtual_size,
                checksum=Checksum(algorithm=SHA256, value=self._sha256),
                properties={**self.meta.properties, **target.properties},
            )

    @contextlib.contextmanager
    def open_content(self) -> Iterator[tuple[ImageMeta, BinaryIO, str]]:
        """Give what ``add`` takes: the image as it is now, and its sha256.

        The content is ``Linkable`` and ``Holed``, and has a ``fileno``.

        :raises StoreUnavailable: when it is another file than was hashed.
        """
        if not self._sha256:
            raise RuntimeError('fetch_image comes first')
        with contextlib.ExitStack() as stack:
            with translated(self.folder):
                fd = self._open_entry(stack, self._entry)
                seeker = os.open(f'/proc/self/fd/{fd}', _READ)
                stack.callback(close, seeker)
                self._check_hashed(fd)
                allocated = count_allocated(seeker)
            meta = dataclasses.replace(self._stored, allocated=allocated)
            file = io.FileIO(fd, closefd=False)
            content = StagedContent(file, seeker, _CHUNK)
            yield meta, cast(BinaryIO, content), self._sha256

    def drop(self) -> None:
        """Remove all that is here of the image; what was linked stays."""
        with translated(self.folder):
            for entry in self._names.files:
                remove_file(self._fd, entry)

    def _check_hashed(self, fd: int) -> None:
        found = os.fstat(fd)
        if (found.st_dev, found.st_ino) != self._hashed:
            why = 'what was staged there was replaced meanwhile'
            raise StoreUnavailable(self.folder, why)

    def _open_entry(self, stack: contextlib.ExitStack, entry: str) -> int:
        fd = safe_open.open_file(self._fd, entry, os.O_RDONLY)
        stack.callback(close, fd)
        return fd
