"""Stage: one image on its way in, from its first byte to the cache."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import dataclasses
import io
import os
from typing import BinaryIO
from typing import cast

from imagecache_handlers.clocks import Clocks
from imagecache_handlers.directory.system.descriptors import close
from imagecache_handlers.directory.system import flock
from imagecache_handlers.directory.system import safe_open
from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.source import RangedSource
from imagecache_handlers.staging.bucket import Bucket
from imagecache_handlers.staging.content import count_allocated
from imagecache_handlers.staging.content import StagedContent
from imagecache_handlers.staging.fetching import Fetched
from imagecache_handlers.staging.fetching import Fetching
from imagecache_handlers.staging.fetching import Way
from imagecache_handlers.staging.fetching import WrongContent
from imagecache_handlers.staging.limits import Limits
from imagecache_handlers.staging.names import Names
from imagecache_handlers.staging import record
from imagecache_handlers.staging.stage_file import opened_stage
from imagecache_handlers.staging.stage_file import remove_file
from imagecache_handlers.staging.staging_folder import opened_folder
from imagecache_handlers.staging.stopping import never
from imagecache_handlers.staging.stopping import ShouldStop
from imagecache_handlers.staging.stopping import sleep_unless
from imagecache_handlers.staging.troubles import translated

_CHUNK = 2**20
# Seconds between two looks at a stage that somebody else works on.
_POLL = 0.5


def tell_nobody(done: int) -> None:
    """Take news of how many bytes there are, for whoever wants none."""


class Stages:
    """A folder of this host for images on their way in.

    It is made, for its owner alone, where its parent is there.  ``bucket``
    bounds the bytes a second of all that share it; None: nothing does.
    """

    def __init__(
        self,
        folder: str,
        *,
        limits: Limits | None = None,
        clocks: Clocks | None = None,
        bucket: Bucket | None = None,
    ) -> None:
        self.folder = os.path.abspath(folder)
        self.limits = limits or Limits()
        self._clocks = clocks or Clocks()
        self._bucket = bucket or Bucket(0)

    @contextlib.contextmanager
    def open_stage(
        self,
        meta: ImageMeta,
        wait: bool = True,
        should_stop: ShouldStop = never,
    ) -> Iterator['Stage']:
        """Give the stage of an image, which nobody else has meanwhile.

        What an earlier one has left of the same content is in it, unless
        no checksum tells that it is of the same.  It stays after this,
        until it is dropped.

        :raises ImageBusy: when somebody has it, and ``wait`` is false.
        :raises Stopped: when it was waited for, and is not to be.
        :raises StoreUnavailable: when the folder cannot be used.
        """
        with contextlib.ExitStack() as stack:
            fd = stack.enter_context(opened_folder(self.folder))
            names = Names.of(meta)
            while not self._lock_stage(stack, fd, names):
                if not wait:
                    why = 'somebody else fetches it on this host'
                    raise ImageBusy(meta.image_id, why)
                sleep_unless(self._clocks, _POLL, should_stop, meta.image_id)
            with translated(self.folder):
                _prepare_files(fd, names, meta)
            yield Stage(
                meta, fd, names, self._way(should_stop), folder=self.folder
            )

    def _lock_stage(
        self, stack: contextlib.ExitStack, fd: int, names: Names
    ) -> bool:
        with translated(self.folder):
            try:
                stack.enter_context(flock.held(fd, names.lock, patience=0))
            except TimeoutError:
                return False
        return True

    def _way(self, should_stop: ShouldStop) -> Way:
        return Way(
            folder=self.folder,
            limits=self.limits,
            clocks=self._clocks,
            bucket=self._bucket,
            tell=tell_nobody,
            should_stop=should_stop,
        )


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
        self._sha256 = fetched.sha256
        return fetched

    @contextlib.contextmanager
    def open_content(self) -> Iterator[tuple[ImageMeta, BinaryIO, str]]:
        """Give what ``add`` takes: the image as it is now, and its sha256.

        The content is ``Linkable`` and ``Holed``, and has a ``fileno``.
        """
        if not self._sha256:
            raise RuntimeError('fetch_image comes first')
        with contextlib.ExitStack() as stack:
            with translated(self.folder):
                fd = self._open_entry(stack)
                seeker = self._open_entry(stack)
                allocated = count_allocated(seeker)
            meta = dataclasses.replace(self.meta, allocated=allocated)
            file = io.FileIO(fd, closefd=False)
            content = StagedContent(file, seeker, _CHUNK)
            yield meta, cast(BinaryIO, content), self._sha256

    def drop(self) -> None:
        """Remove all that is here of the image; what was linked stays."""
        with translated(self.folder):
            for entry in self._names.files:
                remove_file(self._fd, entry)

    def _open_entry(self, stack: contextlib.ExitStack) -> int:
        fd = safe_open.open_file(self._fd, self._entry, os.O_RDONLY)
        stack.callback(close, fd)
        return fd


def _prepare_files(fd: int, names: Names, meta: ImageMeta) -> None:
    """Leave what is of the very same content, and a record of that."""
    for entry in os.listdir(fd):
        if names.is_older(entry):
            remove_file(fd, entry)
    remove_file(fd, names.made)
    if meta.checksum is None or not record.is_of(fd, names, meta):
        remove_file(fd, names.stage)
        record.write_record(fd, names, meta)
