"""Marks: labels of images change, of one or of many in one go."""

from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses
import os

from imagecache_handlers.directory import folder
from imagecache_handlers.directory.hosts.sweepers import Sweeper
from imagecache_handlers.directory import labelling
from imagecache_handlers.directory.layout import Layout
from imagecache_handlers.directory import notes
from imagecache_handlers.directory.store_folder import hold_image
from imagecache_handlers.directory.store_folder import opened
from imagecache_handlers.directory.store_folder import translated
from imagecache_handlers.directory.system import mounts
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ImageNotFound
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.labels import Marks
from imagecache_handlers.model import CachedImage


@dataclasses.dataclass(slots=True, kw_only=True)
class Marking:
    """One change of labels in a store, as ``CacheHandler.mark`` has it."""

    layout: Layout
    sweeper: Sweeper
    store: str
    add: frozenset[str]
    remove: frozenset[str]
    is_on_record: bool = False
    # Whether what is noted in the folder is listed at once; None: not asked.
    is_local: bool | None = None

    def mark_image(self, image: CachedImage) -> None:
        """Relabel one image."""
        self._refuse_claims()
        with opened(self.store) as fd:
            self._mark_in(fd, image)

    def mark_images(
        self, images: Sequence[CachedImage]
    ) -> Iterator[CacheError | None]:
        """Relabel images, as ``CacheHandler.mark_many`` promises."""
        self._refuse_claims()
        with opened(self.store) as fd:
            patience = None
            for image in images:
                try:
                    with translated(self.store):
                        self._mark_in(fd, image, patience)
                except CacheError as error:
                    if isinstance(error.__cause__, TimeoutError):
                        # Whoever keeps this one locked may keep them all.
                        patience = 0.0
                    yield error
                else:
                    yield None

    def _refuse_claims(self) -> None:
        if Marks.read(self.add).claims:
            # Rather before others have to wait for a claim than afterwards.
            self.layout.check_evicts(self.store)

    def _mark_in(
        self, fd: int, image: CachedImage, patience: float | None = None
    ) -> None:
        name = image.location
        if self.layout.read_name(name) != (image.image_id, image.variant):
            raise ImageNotFound(image.image_id, 'no file here has that name')
        with hold_image(fd, name, patience):
            file = self._find_file(fd, image)
            labels = (file.labels | self.add) - self.remove
            if labelling.is_due(file, labels):
                self._record_host(fd)
                if self.is_local is None:
                    self.is_local = mounts.is_local(fd)
                labelling.relabel(fd, file, labels, is_local=self.is_local)

    def _record_host(self, fd: int) -> None:
        """Be on record, once for all that is marked."""
        if not self.is_on_record:
            self.sweeper.record_host(fd, self.store)
            self.is_on_record = True

    def _find_file(self, fd: int, image: CachedImage) -> folder.File:
        file = self._find_labels(fd, image, self.add | self.remove)
        if file is None:
            raise ImageNotFound(image.location, 'that file is gone')
        if file.unknown:
            raise StoreUnavailable(self.store, file.unknown)
        if file.cached_at != image.cached_at:
            raise ImageNotFound(image.location, 'it was added again meanwhile')
        return file

    def _find_labels(
        self, fd: int, image: CachedImage, asked: Collection[str]
    ) -> folder.File | None:
        """Find an image with the labels that were seen, or are asked for."""
        name, seen = image.location, image.marks.labels
        file = self.layout.find_image(fd, name, asked=seen.union(asked))
        if file is None or seen <= file.labels:
            return file
        # Gone, or noted in another form, as an age that a touch restarted.
        noted = notes.list_notes(os.listdir(fd)).get(name, ())
        labels = [note.label for note in noted]
        return self.layout.find_image(
            fd, name, asked=seen.union(asked, labels)
        )
