"""Evictions: images go from a folder, each after a last look at all of it.

A few images go together.  Their locks are taken, then one look at all disks
serves them all; each is held against its labels and against who has it open
just before it goes, and one fsync has all of them gone for good.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import dataclasses
import errno
import time

from imagecache_handlers.directory.candidates import Candidate
from imagecache_handlers.directory.candidates import Removal
from imagecache_handlers.directory.candidates import Result
from imagecache_handlers.directory.candidates import settle_removals
from imagecache_handlers.directory import folder
from imagecache_handlers.directory import holders
from imagecache_handlers.directory.hosts.sweepers import Sweeper
from imagecache_handlers.directory.images import describe_image
from imagecache_handlers.directory.layout import HoldFile
from imagecache_handlers.directory.layout import Layout
from imagecache_handlers.directory.store_folder import hold_image
from imagecache_handlers.directory.store_folder import opened
from imagecache_handlers.directory.system import descriptors
from imagecache_handlers.directory.users.overlays import Overlays
from imagecache_handlers.directory.users.overlays import Survey
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.exceptions import ImageInUse
from imagecache_handlers.handler import check_claimed
from imagecache_handlers.model import CachedImage

# So many wait for each other: whoever wants one of them waits as well.
_MOST = 64
# Seconds for which a look counts.
_FRESH = 0.5
# Looks that may get too old before even the first image has its turn.
_MOST_LOOKS = 3
_OLD = 'the look at all disks got too old before its turn came'
_LOCKED = 'it is locked, as is another that was waited for in vain'
# What ends a group: with fewer images it may go well.
_NO_MORE = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.EDQUOT})
# Descriptors of an image: its lock, and mostly one of Nova's.
_LOCKS_EACH = 2


@dataclasses.dataclass(frozen=True, slots=True)
class Evictions:
    """Removals from the stores of one handler, as ``CacheHandler`` has it."""

    layout: Layout
    overlays: Overlays
    sweeper: Sweeper
    removal: Removal = Removal()  # noqa: RUF009 -- it holds nothing

    def evict(
        self, store: str, image: CachedImage, alive: Callable[[], bool]
    ) -> int:
        """Remove one image, as ``CacheHandler.evict`` promises."""
        [result] = self._evict_group(store, [image], alive)
        if isinstance(result, CacheError):
            raise result
        return result

    def evict_many(
        self,
        store: str,
        images: Sequence[CachedImage],
        in_time: Callable[[], bool],
    ) -> Iterator[Result]:
        """Remove images, as ``CacheHandler.evict_many`` promises."""
        rest = list(images)
        while rest and in_time():
            results = self._evict_group(store, rest[:_MOST], in_time)
            del rest[: len(results)]
            yield from results
        for image in rest:
            yield ImageBusy(image.image_id, 'its turn did not come in time')

    def _evict_group(
        self,
        store: str,
        images: Sequence[CachedImage],
        alive: Callable[[], bool],
    ) -> list[Result]:
        """Remove the first of these images; give what became of each.

        :raises StoreUnavailable: nothing was removed.
        """
        with opened(store) as fd, contextlib.ExitStack() as locks:
            # Before the locks take what room is left for names.
            self.sweeper.record_host(fd, store)
            hold = locks.enter_context(self.layout.holding(store))
            most = max(1, descriptors.count_spare() // _LOCKS_EACH)
            ones = self._take_locks(store, fd, images[:most], hold, locks)
            if any(one.result is None for one in ones):
                listing = self._find_files(store, fd, ones)
                ones = self._remove_files(store, fd, ones, listing, alive)
            settle_removals(fd, ones, self.removal)
            return [0 if one.result is None else one.result for one in ones]

    def _take_locks(
        self,
        store: str,
        fd: int,
        images: Sequence[CachedImage],
        hold: HoldFile,
        locks: contextlib.ExitStack,
    ) -> list[Candidate]:
        """Take the locks of images, as many as are free beside the first.

        Who holds locks waits for none: two that do would wait for ever.
        """
        ones: list[Candidate] = []
        is_holding, patience = False, None
        for image in images:
            one = Candidate(image=image)
            if not self._is_named(image):
                one.result = 0
                ones.append(one)
                continue
            with contextlib.ExitStack() as its, one.judged(store):
                try:
                    its.enter_context(hold_image(fd, image.location, patience))
                    its.enter_context(hold(image.location))
                except TimeoutError:
                    if is_holding:
                        return ones
                    if patience is not None:
                        raise ImageBusy(image.image_id, _LOCKED) from None
                    # Whoever keeps this one may keep them all.
                    patience = 0.0
                    raise
                except OSError as error:
                    if is_holding and error.errno in _NO_MORE:
                        return ones
                    raise
                locks.push(its.pop_all())
                is_holding, patience = True, 0.0
            ones.append(one)
        return ones

    def _is_named(self, image: CachedImage) -> bool:
        """Tell if an image lies where one of its name does, here."""
        named = self.layout.read_name(image.location)
        return named == (image.image_id, image.variant)

    def _find_files(
        self, store: str, fd: int, ones: Sequence[Candidate]
    ) -> folder.Listing:
        """Find each image as it is now, with its lock."""
        there = [one for one in ones if one.result is None]
        for one in there:
            with one.judged(store):
                folder.drop_own_links(fd, one.image.location)
        # Nobody labels any of them from now on.
        listing = folder.Listing.of(fd)
        for one in there:
            if one.result is None:
                with one.judged(store):
                    one.state = folder.read_state(fd, one.image.location)
                    one.file = self._find_same(fd, one.image, listing)
                    one.result = None if one.file else 0
        return listing

    def _find_same(
        self, fd: int, image: CachedImage, listing: folder.Listing
    ) -> folder.File | None:
        file = self.layout.find_image(fd, image.location, listing)
        if file is None:
            return None
        if not image.marks.labels <= file.labels:
            raise ImageBusy(file.name, 'it has lost a label')
        if image.cached_at != file.cached_at:
            raise ImageBusy(file.name, 'it was added again meanwhile')
        return file

    def _remove_files(
        self,
        store: str,
        fd: int,
        ones: Sequence[Candidate],
        listing: folder.Listing,
        alive: Callable[[], bool],
    ) -> list[Candidate]:
        """Remove what nobody uses; give those whose turn has come."""
        if not any(one.file for one in ones):
            return list(ones)
        for _ in range(_MOST_LOOKS):
            if done := self._remove_by_look(store, fd, ones, listing, alive):
                return done
        first = ones[0]
        first.file, first.result = None, ImageBusy(first.image.image_id, _OLD)
        return [first]

    def _remove_by_look(
        self,
        store: str,
        fd: int,
        ones: Sequence[Candidate],
        listing: folder.Listing,
        alive: Callable[[], bool],
    ) -> list[Candidate]:
        """Look at all disks, and remove images for as long as that counts."""
        survey = self.overlays.survey_again()
        why = self.sweeper.judge_look(store, survey)
        began = time.monotonic()
        done: list[Candidate] = []
        for one in ones:
            with one.judged(store):
                if (file := one.file) is not None:
                    self._refuse_used(store, fd, file, survey, why)
                    labels = file.labels
                    if one.state != folder.read_state(fd, file.name):
                        labels = self._read_labels(fd, file, listing)
                    check_claimed(one.image, labels, alive)
                    if time.monotonic() - began > _FRESH:
                        # It needs another look, and so do the others.
                        return done
                    self.removal.take_file(fd, file)
                    one.is_removed, one.result = True, file.size
            done.append(one)
        return done

    def _refuse_used(
        self,
        store: str,
        fd: int,
        file: folder.File,
        survey: Survey,
        why: str | None,
    ) -> None:
        # Last of all, for it is of this very moment.
        file = holders.look_at_file(fd, file)
        image = describe_image(store, file, survey, why)
        if image.users:
            raise ImageInUse(image.image_id, image.users)
        if image.unknown:
            raise ImageBusy(image.image_id, image.unknown)

    def _read_labels(
        self, fd: int, file: folder.File, listing: folder.Listing
    ) -> frozenset[str]:
        """Give the labels of an image as they are, noted ones too."""
        again = self.layout.find_image(fd, file.name, listing)
        return again.labels if again else frozenset()
