"""Candidates: images on their way out, each with a result of its own."""

from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import dataclasses

from imagecache_handlers.directory import folder
from imagecache_handlers.directory.store_folder import translated
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import Uncertain
from imagecache_handlers.model import CachedImage

# Bytes that are free now, or why they are not.
Result = int | CacheError


@dataclasses.dataclass(slots=True, kw_only=True)
class Candidate:
    """One image on its way out; ``file`` while it may go, then a result."""

    image: CachedImage
    file: folder.File | None = None
    # What tells that its labels have not changed since they were read.
    state: folder.State | None = None
    result: Result | None = None
    is_removed: bool = False

    @contextlib.contextmanager
    def judged(self, store: str) -> Iterator[None]:
        """Have what is wrong with it be its result, and nobody else's."""
        try:
            with translated(store):
                yield
        except CacheError as error:
            self.file, self.result = None, error


class Removal:
    """How an image leaves the folder: for good."""

    def take_file(self, fd: int, file: folder.File) -> None:
        """Take the file away; with its lock."""
        folder.unlink_image(fd, file)

    def take_traces(self, fd: int, file: folder.File) -> None:
        """Take away what is written of it, once that is settled."""
        folder.drop_traces(fd, file)


def settle_removals(
    fd: int, ones: Sequence[Candidate], removal: Removal
) -> None:
    """Have removals outlast a loss of power, then clear up after them."""
    removed = [one for one in ones if one.is_removed]
    if not removed:
        return
    try:
        folder.settle_change(fd, removed[0].image.location, 'removed')
    except Uncertain as error:
        for one in removed:
            one.result = Uncertain(one.image.location, error.why)
        return
    for one in removed:
        if one.file is not None:
            removal.take_traces(fd, one.file)
