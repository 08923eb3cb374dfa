"""Prefetching: what the core makes of ``add`` and ``reserve``."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import dataclasses
import datetime
import hashlib
import tempfile
import time

from imagecache_handlers.cache import ImageCache
from imagecache_handlers.checksum import Checksum
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Evidence
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.model import Reservation
from imagecache_handlers.planning.rules import Rules
from imagecache_handlers.prefetch_settings import PrefetchSettings
from imagecache_handlers.source import Stretch
from imagecache_handlers.testing.conformance.examining import Examining
from imagecache_handlers.testing.conformance.examining import promise
from imagecache_handlers.testing.conformance.reporting import State
from imagecache_handlers.testing.conformance.samples import A_DAY
from imagecache_handlers.testing.conformance.samples import ONE
from imagecache_handlers.testing.conformance.samples import PART
from imagecache_handlers.testing.conformance.samples import TWO


# So often the core may wait for others, who are not there.
_WAITS = 20


class Offered:
    """A source that has one image, and tells of each part before it."""

    def __init__(
        self, meta: ImageMeta, data: bytes, meet: Callable[[], object]
    ) -> None:
        value = hashlib.sha256(data).hexdigest()
        self._meta = dataclasses.replace(
            meta, checksum=Checksum(algorithm='sha256', value=value)
        )
        self._data = data
        self._meet = meet
        self.begun = 0

    def describe(self, image_id: str) -> ImageMeta:
        return self._meta

    @contextlib.contextmanager
    def read_from(self, meta: ImageMeta, offset: int) -> Iterator[Stretch]:
        self.begun += 1
        yield Stretch(offset, self._give_parts(offset))

    def _give_parts(self, start: int) -> Iterator[bytes]:
        for at in range(start, len(self._data), PART):
            self._meet()
            yield self._data[at : at + PART]


class Prefetching(Examining):
    """Images that come in ahead of their use, as the core has them come."""

    def _prefetch(
        self, image_id: str, meet: Callable[[], object] = lambda: None
    ) -> tuple[str, str, int]:
        """Tell what became of an image, why, and how often it was begun."""
        source = Offered(*self.offer(image_id), meet)
        waits: list[float] = []
        cache = ImageCache(
            self._connect(),
            Rules(),
            monotonic=lambda: time.monotonic() + sum(waits),
            sleep=waits.append,
        )
        with tempfile.TemporaryDirectory() as folder:
            [result] = cache.prefetch(
                [image_id],
                source,
                A_DAY,
                store=self.store(),
                should_stop=lambda: len(waits) > _WAITS,
                settings=PrefetchSettings(staging_path=f'{folder}/stage'),
            )
        return result.did.value, result.why, source.begun

    @promise('add', since=2)
    def test_what_is_prefetched_is_listed_verified_and_leased(self) -> None:
        if not self._can_inspect():
            return
        seen: list[CachedImage] = []

        def look() -> None:
            seen.extend(self._list())

        with self._meanwhile(look):
            did, why, _ = self._prefetch(ONE, look)
        self.assertEqual(('cached', ''), (did, why))
        _, data = self.offer(ONE)
        for image in [*seen, *self._list()]:
            self.assertIn('prefetch', image.marks.leases)
            self.assertEqual(
                hashlib.sha256(data).hexdigest(), image.marks.sha256
            )
        self.assertEqual([self._key(ONE)], [i.image_id for i in self._list()])

    @promise('add', since=2)
    def test_what_is_there_is_not_fetched_again(self) -> None:
        image = self._seeded()
        self.assertEqual(('existing', '', 0), self._prefetch(ONE))
        self.assertIn('prefetch', self._again(image).marks.leases)

    @promise('reserve', since=2)
    def test_room_that_is_reserved_is_not_given_twice(self) -> None:
        if not self._declares('add') or not self._can_inspect():
            return
        made = Reservation(
            image_id=self._key(TWO),
            store=self.store(),
            token='5f0c',  # noqa: S106 -- it opens nothing
            # Others may free some of the disk meanwhile.
            size=2 * self._count_free(),
            until=datetime.datetime.now(datetime.UTC) + A_DAY,
        )
        self._connect().reserve(made)
        did, why, begun = self._prefetch(ONE)
        if made.size:
            self.assertEqual(('refused', 0), (did, begun), why)
        self._connect().unreserve(made)
        did, why, _ = self._prefetch(ONE)
        self.assertIn(did, ('cached', 'existing'), why)
        left = list(self._connect().reservations(self.store()))
        self.assertEqual([], left, 'it is given back once it is taken')

    def _can_inspect(self) -> bool:
        """Tell if what comes in can be inspected; if not, it is reported."""
        try:
            from oslo_utils.imageutils import format_inspector
        except ImportError:
            why = 'install imagecache-handlers[prefetch]'
            self._leave(State.UNEXAMINED, why)
            return False
        return bool(format_inspector)

    def _count_free(self) -> int:
        pools = [
            one for one in self._connect().stores() if one.name == self.store()
        ]
        return max(one.free or 0 for one in pools)

    @promise('content', since=2)
    def test_what_was_prefetched_can_be_verified(self) -> None:
        if not self._declares('add') or not self._can_inspect():
            return
        self._prefetch(ONE)
        cache = ImageCache(self._connect(), Rules())
        now = datetime.datetime.now(datetime.UTC)
        found = cache.verify(Evidence(as_of=now), [ONE])
        self.assertEqual(
            ['whole'], [one.proof.value for one in found.items], found
        )
