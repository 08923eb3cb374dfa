"""Listings: the images in a folder, each with who uses it."""

from collections.abc import Collection
from collections.abc import Iterator
import dataclasses
import functools

from imagecache_handlers.directory import folder
from imagecache_handlers.directory import holders
from imagecache_handlers.directory.hosts.sweepers import Sweeper
from imagecache_handlers.directory.images import describe_image
from imagecache_handlers.directory.layout import Layout
from imagecache_handlers.directory.store_folder import opened
from imagecache_handlers.directory import unmanaged
from imagecache_handlers.directory.users.overlays import Overlays
from imagecache_handlers.directory.users.overlays import Survey
from imagecache_handlers.labels import Marks
from imagecache_handlers.model import CachedImage


@dataclasses.dataclass(frozen=True, slots=True)
class Listings:
    """Lists of the stores of one handler, as ``CacheHandler`` has it."""

    layout: Layout
    overlays: Overlays
    sweeper: Sweeper

    def list_images(
        self, store: str, image_ids: Collection[str] | None
    ) -> Collection[CachedImage]:
        """List images, as ``CacheHandler.enumerate`` promises."""
        with opened(store) as fd:
            listing = folder.Listing.of(fd)
            found = {
                name: self.layout.find_image(fd, name, listing)
                for name in self._candidate_names(listing, image_ids)
            }
            files = [file for file in found.values() if file is not None]
            files = holders.look_at_files(fd, files)
            if image_ids is None and len(files) < len(found):
                none = [name for name, file in found.items() if file is None]
                unmanaged.warn_of_unmanaged(self.layout, store, fd, none)
        # The disks last: each is made of an image that was there before.
        survey = self._look_at_disks(image_ids is None) if files else None
        why = self.sweeper.judge_look(store, survey)
        self.sweeper.keep_look(
            store, survey, sound=image_ids is None and not why
        )
        # A sweep writes the same label on thousands of images.
        read = functools.cache(Marks.read)
        return [
            describe_image(store, file, survey, why, read) for file in files
        ]

    def _look_at_disks(self, is_first: bool) -> Survey:
        """Look at all disks, or if all is still as it was."""
        if is_first:
            return self.overlays.survey()
        return self.overlays.survey_again()

    def _candidate_names(
        self, listing: folder.Listing, image_ids: Collection[str] | None
    ) -> Iterator[str]:
        """Give the files that may be images, or may be these images."""
        for name in self.layout.list_names(listing):
            if image_ids is not None:
                named = self.layout.read_name(name)
                if named is None or named[0] not in image_ids:
                    continue
            yield name
