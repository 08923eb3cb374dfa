"""Labelling: the folders of labels, made and removed.

Where a full datastore takes no more, a claim shares the folder of another
label, and leaves it to that one when it is withdrawn.
"""

from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import dataclasses
import datetime

from imagecache_handlers.clocks import Clocks
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.exceptions import ImageNotFound
from imagecache_handlers.exceptions import StoreFull
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.exceptions import Uncertain
from imagecache_handlers.labels import SHIELD
from imagecache_handlers.model import CachedImage
from imagecache_handlers.transport.errors import CallError
from imagecache_handlers_vmware.datastores import Datastore
from imagecache_handlers_vmware.folder_requests import is_gone
from imagecache_handlers_vmware.folder_requests import is_taken
from imagecache_handlers_vmware.folder_requests import Removing
from imagecache_handlers_vmware.image_folders import Folder
from imagecache_handlers_vmware.joint_folders import find_dead_claims
from imagecache_handlers_vmware.joint_folders import find_rename
from imagecache_handlers_vmware.joint_folders import split_folder
from imagecache_handlers_vmware import label_folders
from imagecache_handlers_vmware.label_folders import FolderChange
from imagecache_handlers_vmware.looks import Looks
from imagecache_handlers_vmware.port.errors import FULL
from imagecache_handlers_vmware.port.errors import ReplyLost
from imagecache_handlers_vmware.port.errors import VimFault


# How often folders are looked at that change meanwhile.
_LOOKS = 3

# After this a claim counts on no host, whatever its clock; one that dies with
# its folder is nobody's loss.
_DEAD = datetime.timedelta(hours=1)


class Labelling:
    """Writes labels as folders within the image's own folder."""

    def __init__(self, looks: Looks, clocks: Clocks) -> None:
        self._looks = looks
        self._clocks = clocks

    def mark(
        self, image: CachedImage, add: Iterable[str], remove: Iterable[str]
    ) -> None:
        """Add each label, then remove each; see ``CacheHandler.mark``."""
        datastore = self._looks.datastore(image.store)
        dead = self._clocks.now() - _DEAD
        labelled = _Labelled(self._looks, datastore, image, dead)
        labels = image.marks.labels
        if SHIELD in (added := frozenset(add)):
            # Nova's marks must go with it, those that came just now as well.
            labels = label_folders.read_labels(labelled.read_names())
        labelled.apply_change(label_folders.plan_change(labels, added, remove))


class _Labelled:
    """The folder of one image, in which those of its labels are.

    Claims until ``dead`` count for nobody any more.
    """

    def __init__(
        self,
        looks: Looks,
        datastore: Datastore,
        image: CachedImage,
        dead: datetime.datetime,
    ) -> None:
        self._dead = dead
        self._looks = looks
        self._image = image
        self._folder = looks.folder_of(image)
        self._removing = Removing(
            looks.session, datastore, looks.options.waiting
        )

    def read_names(self) -> frozenset[str]:
        """Name the folders that are in it now.

        :raises ImageNotFound: when the image is gone.
        """
        return frozenset(
            name for one in self._find_own() for name in one.folders
        )

    def _find_own(self) -> list[Folder]:
        image = self._image
        found = self._looks.folder(image.store, self._folder)
        if found is None:
            raise ImageNotFound(image.image_id, f'{self._folder} is gone')
        return [one for one in found if one.path == self._folder]

    def apply_change(self, change: FolderChange) -> None:
        """Make folders, then remove others; of these none that is filled.

        :raises ImageBusy: when one is; all else is done then.
        """
        filled = self._read_filled() if change.remove else frozenset()
        kept = sorted(filled.intersection(change.remove))
        self._write_change(
            dataclasses.replace(
                change,
                remove=tuple(one for one in change.remove if one not in kept),
            ),
            filled,
        )
        if kept:
            why = f'{kept[0]!r} in its folder is not empty: see what it holds'
            raise ImageBusy(self._image.image_id, why)

    def _read_filled(self) -> frozenset[str]:
        """Name the folders in it that hold something, which is foreign.

        Whoever lists an image with such a one says that it is unknown; of
        another nothing is asked.
        """
        if self._image.unknown is None:
            return frozenset()
        return frozenset(
            name for one in self._find_own() for name in one.filled
        )

    def _write_change(
        self, change: FolderChange, filled: frozenset[str]
    ) -> None:
        for name in change.make:
            with _translate_errors(self._image, begun=name != change.make[0]):
                self._make_folder(name, change.remove)
        paths = [self._folder.join(name) for name in change.remove]
        ends = self._removing.delete_folders(paths).values()
        with _translate_errors(self._image, begun=bool(change.make)):
            _raise_first(ends)
        if any(ends):
            # What is not there may share a folder, or be gone with the image.
            self._part_folders(change, filled)

    def _make_folder(self, name: str, leaving: tuple[str, ...]) -> None:
        # Without parents: one is never made for an image that is gone.
        try:
            self._removing.make_folder(self._folder.join(name))
        except VimFault as error:
            if error.name not in FULL or not self._rename_folder(
                name, leaving
            ):
                raise

    def _rename_folder(self, name: str, leaving: tuple[str, ...]) -> bool:
        """Have a folder give way to that of a claim; False: none does."""
        names = self.read_names()
        over = (*leaving, *find_dead_claims(names, self._dead))
        rename = find_rename(names, name, over)
        if rename is None:
            return False
        end = self._move_folder(rename.old, rename.new)
        if end is not None and not is_gone(end):
            raise end
        # Somebody else was faster, it may be with a claim of theirs.
        return end is None

    def _part_folders(
        self, change: FolderChange, filled: frozenset[str]
    ) -> None:
        """Take labels out of folders that stand for others, too."""
        going = frozenset(change.remove)
        for _ in range(_LOOKS):
            joint = {
                name: [one for one in split_folder(name) if one not in going]
                for name in self.read_names() - filled
                if not going.isdisjoint(split_folder(name))
            }
            if not joint:
                return
            for name, stays in joint.items():
                with _translate_errors(self._image, begun=True):
                    self._part_folder(name, stays)

    def _part_folder(self, name: str, stays: list[str]) -> None:
        end: CacheError | None = None
        if stays:
            end = self._move_folder(name, stays[0])
        if not stays or (end is not None and is_taken(end)):
            path = self._folder.join(name)
            [end] = self._removing.delete_folders([path]).values()
        _raise_first([end])

    def _move_folder(self, name: str, new: str) -> CacheError | None:
        paths = self._folder.join(name), self._folder.join(new)
        return self._removing.move_folders({name: paths})[name]


def _raise_first(ends: Iterable[CacheError | None]) -> None:
    for error in ends:
        if error is not None and not is_gone(error):
            raise error


@contextlib.contextmanager
def _translate_errors(image: CachedImage, *, begun: bool) -> Iterator[None]:
    """Say what an error of a write means: all or nothing was written.

    Once others were ``begun`` before it, it cannot be nothing any more.
    """
    try:
        yield
    except CallError as error:
        raise _error_of_write(image, error, begun) from error


def _error_of_write(
    image: CachedImage, error: CallError, begun: bool
) -> CacheError:
    if isinstance(error, VimFault):
        if error.name == 'FileNotFound':
            return ImageNotFound(image.image_id, str(error))
        if error.name in FULL and not begun:
            why = f'{error}, nor can a label there be renamed: make some room'
            return StoreFull(image.store, why)
    if begun or isinstance(error, ReplyLost):
        return Uncertain(image.image_id, str(error))
    return StoreUnavailable(image.store, str(error))
