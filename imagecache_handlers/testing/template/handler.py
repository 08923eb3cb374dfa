"""The handler ``shelf``: images are folders, and labels are files in them."""

from collections.abc import Collection
from collections.abc import Iterable
import pathlib
import tempfile
from typing import Any
from typing import Self

from imagecache_handlers import always
from imagecache_handlers import CachedImage
from imagecache_handlers import CacheHandler
from imagecache_handlers import check_claimed
from imagecache_handlers import exceptions
from imagecache_handlers.handler import Alive
from imagecache_handlers import Marks
from imagecache_handlers.model import IMAGE_ID


class ShelfHandler(CacheHandler):
    """Images are folders on a shelf, and labels are files in them."""

    # The edition of the contract that the kit tests it by.
    contract = 2

    def __init__(self, path: str | pathlib.Path) -> None:
        self.shelf = pathlib.Path(path)

    @classmethod
    def from_conf(cls, conf: Any, **resources: Any) -> Self:
        from imagecache_handlers.testing.template import opts

        conf.register_opts(opts.OPTS, group=opts.GROUP)
        path = conf[opts.GROUP].path
        if not path:
            raise exceptions.ConfigurationError(
                f'the handler needs a shelf: set [{opts.GROUP}] path'
            )
        return cls(path)

    def enumerate(
        self, store: str, image_ids: Collection[str] | None = None
    ) -> Collection[CachedImage]:
        if store != 'default':
            raise exceptions.StoreUnavailable(store, 'no such store')
        try:
            names = [path.name for path in self.shelf.iterdir()]
            if image_ids is not None:
                names = [name for name in names if name in image_ids]
            found = [self._read(name) for name in names]
        except OSError as error:
            # What cannot be read is never left out: all of it is unknown.
            raise exceptions.StoreUnavailable(store, str(error)) from error
        return [image for image in found if image]

    def evict(self, image: CachedImage, alive: Alive = always) -> int | None:
        if self._find(image) is None:
            return 0
        try:
            with tempfile.TemporaryDirectory('', '.', self.shelf) as hidden:
                # Looked at as late as can be: a pin may have come meanwhile.
                if (found := self._find(image)) is None:
                    return 0
                check_claimed(image, found.marks.labels, alive)
                # Image and labels go out of sight together.
                (self.shelf / image.location).rename(f'{hidden}/image')
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise exceptions.Uncertain(image.image_id, str(error)) from error
        return found.size

    def mark(
        self,
        image: CachedImage,
        add: Iterable[str] = (),
        remove: Iterable[str] = (),
    ) -> None:
        if self._find(image) is None:
            raise exceptions.ImageNotFound(image.image_id)
        folder = self.shelf / image.location
        try:
            for label in add:
                (folder / f'{label}.label').touch()
            for label in remove:
                (folder / f'{label}.label').unlink(missing_ok=True)
        except FileNotFoundError as error:
            raise exceptions.ImageNotFound(image.image_id) from error
        except OSError as error:
            raise exceptions.Uncertain(image.image_id, str(error)) from error

    def _find(self, image: CachedImage) -> CachedImage | None:
        """Give that object as it is now; None: it is gone."""
        for found in self.enumerate(image.store, [image.image_id]):
            if found.identity == image.identity:
                return found
        return None

    def _read(self, name: str) -> CachedImage | None:
        """Give an image; None: it is gone, or none of ours."""
        folder = self.shelf / name
        if not IMAGE_ID.fullmatch(name):
            return None
        try:
            size = (folder / 'disk').stat().st_size
            files = list(folder.iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return None
        labels = [it.stem for it in files if it.suffix == '.label']
        return CachedImage(
            image_id=name,
            store='default',
            location=name,
            size=size,
            marks=Marks.read(labels),
        )
