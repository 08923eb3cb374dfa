"""Quarantining: what ``content`` and ``quarantine`` promise."""

from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.exceptions import ImageInUse
from imagecache_handlers.exceptions import ImageNotFound
from imagecache_handlers.model import CachedImage
from imagecache_handlers.testing.conformance.examining import Examining
from imagecache_handlers.testing.conformance.examining import promise
from imagecache_handlers.testing.conformance.samples import claimed
from imagecache_handlers.testing.conformance.samples import ONE
from imagecache_handlers.testing.conformance.samples import stream
from imagecache_handlers.testing.conformance.samples import TWO


class Quarantining(Examining):
    """``content`` and ``quarantine``."""

    def _came(self, image_id: str) -> tuple[CachedImage, bytes]:
        meta, data = self.offer(image_id)
        content = stream(data, lambda size: None)
        return self._connect().add(meta, content, self.store()), data

    @promise('content', since=2)
    def test_the_content_is_what_was_added(self) -> None:
        if not self._declares('add'):
            return
        for image_id in ONE, TWO:
            image, data = self._came(image_id)
            with self._connect().content(image) as content:
                self.assertEqual(data, content.read())

    @promise('content', since=2)
    def test_what_is_gone_has_no_content(self) -> None:
        image = self._seeded()
        self.lose(image)
        with (
            self.assertRaises(ImageNotFound),
            self._connect().content(image) as content,
        ):
            content.read()

    @promise('quarantine', since=2)
    def test_what_is_set_aside_is_listed_no_more(self) -> None:
        image, other = self._seeded(), self._seeded(TWO)
        claimed_image = self._marked(image, claimed())
        place = self._connect().quarantine(claimed_image)
        self.assertTrue(place, 'people are to find it')
        self.assertEqual([other], self._list())

    @promise('quarantine', since=2)
    def test_what_is_gone_cannot_be_set_aside(self) -> None:
        image = self._seeded()
        self.lose(image)
        with self.assertRaises(ImageNotFound):
            self._connect().quarantine(image)

    @promise('quarantine', since=2)
    def test_what_is_used_is_not_set_aside(self) -> None:
        image = self._seeded()
        if not self._sees_users():
            return
        self.occupy(image, 'vm')
        with self.assertRaises(ImageInUse):
            self._connect().quarantine(image)
        self.assertEqual([image.location], self._locations())

    @promise('quarantine', since=2)
    def test_what_was_granted_meanwhile_is_not_set_aside(self) -> None:
        image = self._marked(self._seeded(), 'site.a')
        for label in 'pin.ops', 'lease.vm.20991122t083000z':
            with self._step(label=label):
                self._connect().mark(image, {label})
                with self.assertRaises(ImageBusy):
                    self._connect().quarantine(image)
                self._connect().mark(image, (), {label})
        self._connect().mark(image, (), {'site.a'})
        with self.assertRaises(ImageBusy):
            self._connect().quarantine(image)
        self.assertEqual([image.location], self._locations())

    @promise('quarantine', since=2)
    def test_under_a_claim_that_is_over_nothing_is_set_aside(self) -> None:
        image = self._marked(self._seeded(), claimed())
        with self.assertRaises(ImageBusy):
            self._connect().quarantine(image, lambda: False)
        self.assertEqual([image], self._list())
