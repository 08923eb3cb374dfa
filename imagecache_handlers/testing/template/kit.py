"""The conformance kit on the handler ``shelf``: what works without it."""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterator
import contextlib
import io
import os
import pathlib
import shutil
import tempfile
from typing import Any
import unittest
from unittest import mock

from imagecache_handlers import CachedImage
from imagecache_handlers.testing.conformance import HandlerConformance
from imagecache_handlers.testing.template.handler import ShelfHandler

FOREIGN = {'-rf', 'a\nb', 'no-disk', 'a-file'}
# What changes things on a shelf; a death comes before or after one of them.
CHANGING = (
    *((os, name) for name in ('mkdir', 'open', 'rename', 'rmdir', 'unlink')),
    (io, 'open'),
)


class TestShelf(HandlerConformance, unittest.TestCase):
    """Each promise of the contract is a test of it."""

    sees_users = False

    def setUp(self) -> None:
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.shelf = pathlib.Path(place.name, 'shelf')
        self.shelf.mkdir()
        self.sizes: dict[str, int] = {}

    def connect(self) -> ShelfHandler:
        return ShelfHandler(self.shelf)

    def seed(self, image_id: str, *, size: int = 2**20) -> str:
        (self.shelf / image_id).mkdir()
        (self.shelf / image_id / 'disk').write_bytes(bytes(size))
        self.sizes[image_id] = size
        return image_id

    def lose(self, image: CachedImage) -> None:
        shutil.rmtree(self.shelf / image.location)

    def whole(self, image: CachedImage) -> bool:
        size = (self.shelf / image.location / 'disk').stat().st_size
        return size == self.sizes[image.location]

    def foreign(self) -> Collection[str]:
        for hostile in '-rf', 'a\nb':
            self.seed(hostile)
        (self.shelf / 'no-disk').mkdir()
        (self.shelf / 'a-file').touch()
        return FOREIGN

    def foreign_left(self) -> Collection[str]:
        return FOREIGN & {path.name for path in self.shelf.iterdir()}

    def outages(self) -> list[contextlib.AbstractContextManager[None]]:
        return [self._unmounted()]

    @contextlib.contextmanager
    def _unmounted(self) -> Iterator[None]:
        away = self.shelf.rename(self.shelf.with_name('away'))
        yield
        away.rename(self.shelf)

    @contextlib.contextmanager
    def unreadable(self, image: CachedImage) -> Iterator[None]:
        disk = self.shelf / image.location / 'disk'
        away = disk.rename(disk.with_name('away'))
        # An error that is not "there is no such file", for root as well.
        disk.symlink_to(disk)
        yield
        away.replace(disk)

    def doom(self, step: Callable[[], None]) -> None:
        for module, name in CHANGING:
            setattr(module, name, _around(step, getattr(module, name)))

    @contextlib.contextmanager
    def last_step(self, act: Callable[[], object]) -> Iterator[None]:
        make = tempfile.mkdtemp

        def late(*given: Any, **named: Any) -> str:
            act()
            return str(make(*given, **named))

        with mock.patch.object(tempfile, 'mkdtemp', late):
            yield


def _around(
    step: Callable[[], None], call: Callable[..., Any]
) -> Callable[..., Any]:
    def stepping(*given: Any, **named: Any) -> Any:
        step()
        result = call(*given, **named)
        step()
        return result

    return stepping


if __name__ == '__main__':
    unittest.main()
