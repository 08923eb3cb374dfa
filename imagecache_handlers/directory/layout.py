"""Layout: which files of a folder are images; and the plain one of these."""

import abc
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Container
from collections.abc import Iterator
import contextlib
import datetime

from imagecache_handlers.directory import folder
from imagecache_handlers.directory.parts import Part
from imagecache_handlers.directory import sidecar
from imagecache_handlers.directory.system import entries
from imagecache_handlers.model import IMAGE_ID
from imagecache_handlers.model import ImageMeta

# Keeps other tools from using the file of that name, until it is left.
HoldFile = Callable[[str], contextlib.AbstractContextManager[object]]

_NO_TIME = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


class Layout(abc.ABC):
    """How images lie in a folder, and which files are none.

    ``formats`` are those of the disks in them, as a handler has it.
    """

    formats: Collection[str] = ()

    @abc.abstractmethod
    def key(self, image_id: str) -> str:
        """Give an image id as it is listed; its original has that name."""

    @abc.abstractmethod
    def read_name(self, name: str) -> tuple[str, str] | None:
        """Give the listed id and the variant that a file name stands for."""

    @abc.abstractmethod
    def list_names(self, listing: folder.Listing) -> Iterator[str]:
        """Give the files that may be images."""

    def tell_part(self, name: str, names: Container[str]) -> Part:
        """Tell what an entry is, among all that lie in the folder."""
        # Cheap, for it is asked of each in every look at the disks.
        if name.startswith('.') and sidecar.SIDECAR in name:
            return Part.OURS
        return self._tell_part(name, names)

    @abc.abstractmethod
    def _tell_part(self, name: str, names: Container[str]) -> Part:
        """Tell the same of what is not written by us."""

    @abc.abstractmethod
    def find_image(
        self,
        fd: int,
        name: str,
        listing: folder.Listing | None = None,
        asked: Collection[str] | None = None,
    ) -> folder.File | None:
        """Find an image that is ours; what a listing knows is not asked.

        Without a listing the notes on its labels are looked for if any are
        asked for: on these, and on what its sidecar has.
        """

    def explain_unfit(self, meta: ImageMeta) -> str | None:
        """Say why an image cannot be added; None: it can."""
        return None

    def check_evicts(self, store: str) -> None:
        """Refuse what leads to a removal where none can be done.

        :raises StoreUnavailable: when this process removes nothing there.
        """
        return

    def holding(
        self, store: str
    ) -> contextlib.AbstractContextManager[HoldFile]:
        """Give what keeps other tools from using a file, if they can be.

        That raises ``ImageBusy`` when one of them works on it.
        """
        return contextlib.nullcontext(_hold_nothing)

    @contextlib.contextmanager
    def held(self, store: str, name: str) -> Iterator[None]:
        """Keep other tools from using a single file.

        :raises ImageBusy: when one of them works on it.
        """
        with self.holding(store) as hold, hold(name):
            yield


def _hold_nothing(name: str) -> contextlib.AbstractContextManager[None]:
    return contextlib.nullcontext()


class Plain(Layout):
    """An image has its own name, and is ours by the sidecar beside it."""

    def key(self, image_id: str) -> str:
        return image_id

    def read_name(self, name: str) -> tuple[str, str] | None:
        return (name, '') if IMAGE_ID.fullmatch(name) else None

    def list_names(self, listing: folder.Listing) -> Iterator[str]:
        return sidecar.list_images(listing.names)

    def _tell_part(self, name: str, names: Container[str]) -> Part:
        is_image = sidecar.path(name) in names
        return Part.IMAGE if is_image else Part.FOREIGN

    def find_image(
        self,
        fd: int,
        name: str,
        listing: folder.Listing | None = None,
        asked: Collection[str] | None = None,
    ) -> folder.File | None:
        try:
            written = sidecar.read(fd, name)
        except BlockingIOError:
            return _leased(fd, name, listing)
        found = entries.lstat(fd, name)
        if written is None or found is None:
            return None
        if written.image_id != name or not written.belongs_to(found):
            return None
        on = folder.notes_on(fd, name, found, written, listing, asked)
        return folder.File(
            name=name,
            image_id=name,
            variant='',
            identity=(found.st_dev, found.st_ino),
            size=folder.count_allocated(found),
            cached_at=written.cached_at,
            written=written,
            labels=on.applied(written.labels),
            linked=folder.is_linked(fd, name, found, listing),
            noted=on,
        )


def _leased(
    fd: int, name: str, listing: folder.Listing | None
) -> folder.File | None:
    """Give an image of which nobody can tell what is written, for now.

    The owner of a file may keep others from opening it, by a lease.
    """
    found = folder.look_at_regular(fd, name)
    if found is None:
        return None
    return folder.File(
        name=name,
        image_id=name,
        variant='',
        identity=(found.st_dev, found.st_ino),
        size=folder.count_allocated(found),
        cached_at=_NO_TIME,
        written=None,
        labels=frozenset(),
        linked=folder.is_linked(fd, name, found, listing),
        unknown=f'{sidecar.path(name)} is leased, and cannot be read',
    )
