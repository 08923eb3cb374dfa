"""Stages: a folder of this host, and whose turn it is at an image there."""

from collections.abc import Iterator
import contextlib
import os

from imagecache_handlers.clocks import Clocks
from imagecache_handlers.directory.system import flock
from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.staging.bucket import Bucket
from imagecache_handlers.staging.fetching import tell_nobody
from imagecache_handlers.staging.fetching import Way
from imagecache_handlers.staging.inspecting import check_announced
from imagecache_handlers.staging.limits import Limits
from imagecache_handlers.staging.names import Names
from imagecache_handlers.staging import record
from imagecache_handlers.staging.stage_file import remove_file
from imagecache_handlers.staging.staged_image import Stage
from imagecache_handlers.staging.staging_folder import opened_folder
from imagecache_handlers.staging.stopping import never
from imagecache_handlers.staging.stopping import ShouldStop
from imagecache_handlers.staging.stopping import sleep_unless
from imagecache_handlers.staging.troubles import translated

# Seconds between two looks at a stage that somebody else works on.
_POLL = 0.5


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

    def check_image(self, meta: ImageMeta) -> None:
        """Refuse what cannot be staged, before anything is done for it.

        :raises Unsupported: when it is too large by what is announced.
        :raises StoreUnavailable: when the folder cannot be used.
        """
        check_announced(meta, self.limits)
        with opened_folder(self.folder):
            pass

    @contextlib.contextmanager
    def open_stage(
        self,
        meta: ImageMeta,
        wait: bool = True,
        should_stop: ShouldStop = never,
    ) -> Iterator[Stage]:
        """Give the stage of an image, which nobody else has meanwhile.

        What an earlier one has left of the same content is in it, unless
        no checksum tells that it is of the same.  It stays after this,
        until it is dropped.

        :raises ImageBusy: when somebody has it, and ``wait`` is false; or
            has it for longer than the limits allow to wait.
        :raises Stopped: when it was waited for, and is not to be.
        :raises StoreUnavailable: when the folder cannot be used.
        """
        with contextlib.ExitStack() as stack:
            fd = stack.enter_context(opened_folder(self.folder))
            names = Names.of(meta)
            patience = self.limits.turn_seconds if wait else 0
            end = self._clocks.monotonic() + patience
            while not self._lock_stage(stack, fd, names):
                if self._clocks.monotonic() >= end:
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


def _prepare_files(fd: int, names: Names, meta: ImageMeta) -> None:
    """Leave what is of the very same content, and a record of that."""
    for entry in os.listdir(fd):
        if names.is_older(entry):
            remove_file(fd, entry)
    remove_file(fd, names.made)
    if meta.checksum is None or not record.is_of(fd, names, meta):
        remove_file(fd, names.stage)
        record.write_record(fd, names, meta)
