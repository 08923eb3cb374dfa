"""Evicting: what ``evict`` promises."""

import contextlib
import dataclasses
import datetime

from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.exceptions import ImageInUse
from imagecache_handlers.exceptions import ImageNotFound
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.handler import CacheHandler
from imagecache_handlers.labels import lease_label
from imagecache_handlers.labels import pin_label
from imagecache_handlers.model import CachedImage
from imagecache_handlers.testing.conformance.examining import Examining
from imagecache_handlers.testing.conformance.examining import promise
from imagecache_handlers.testing.conformance.samples import A_DAY
from imagecache_handlers.testing.conformance.samples import at_once
from imagecache_handlers.testing.conformance.samples import CLAIM
from imagecache_handlers.testing.conformance.samples import claimed
from imagecache_handlers.testing.conformance.samples import impostors
from imagecache_handlers.testing.conformance.samples import is_about
from imagecache_handlers.testing.conformance.samples import KIN
from imagecache_handlers.testing.conformance.samples import LABELS
from imagecache_handlers.testing.conformance.samples import LARGE
from imagecache_handlers.testing.conformance.samples import ONE
from imagecache_handlers.testing.conformance.samples import TWO
from imagecache_handlers.testing.conformance.samples import WRITERS


class Evicting(Examining):
    """``evict``: exactly that object, and only if it may."""

    def _keeps(self, handed: CachedImage, kept: CachedImage) -> None:
        """Whatever evict says of what it is handed, an image stays."""
        try:
            freed = self._connect().evict(handed)
        except (ImageBusy, ImageNotFound, StoreUnavailable):
            pass
        else:
            self.assertEqual(0, freed, 'nothing was freed')
        self.assertEqual(kept, self._again(kept))

    @promise('evict')
    def test_evict_removes_that_image_and_tells_the_bytes(self) -> None:
        image = self._marked(self._seeded(), *LABELS)
        handler = self._connect()
        with self._counted('evict'):
            freed = handler.evict(image)
        self.assertEqual([], self._list())
        if freed is not None:
            self.assertIsInstance(freed, int)
            self.assertGreaterEqual(freed, 0)

    @promise('evict', since=2)
    def test_what_an_evict_frees_is_told_in_bytes(self) -> None:
        image = self._at(self.seed(ONE, size=LARGE))
        freed = self._connect().evict(image)
        if freed is not None:
            self.assertIs(int, type(freed), repr(freed))
            self.assertTrue(
                is_about(LARGE, freed),
                f'{freed} freed of an image of {LARGE} bytes',
            )

    @promise('evict')
    def test_evict_leaves_every_other_image(self) -> None:
        others = [self._seeded(TWO), self._seeded(KIN)]
        if self.holds_copies:
            others.append(self._seeded())
        image = self._seeded()
        self._connect().evict(image)
        self.assertEqual(others, [self._again(other) for other in others])
        self.assertNotIn(image, self._list())

    @promise('evict')
    def test_gone_already_is_success(self) -> None:
        lost, evicted = self._seeded(), self._seeded(TWO)
        self.lose(lost)
        handler = self._connect()
        handler.evict(evicted)
        for image in lost, evicted, evicted:
            self.assertEqual(0, handler.evict(image))

    @promise('evict')
    def test_evicting_at_once_removes_it_once(self) -> None:
        image = self._seeded()
        handlers = [self._connect() for _ in range(WRITERS)]

        def evict(handler: CacheHandler) -> bool:
            # An operation of the other is on it: that is true as well.
            with contextlib.suppress(ImageBusy):
                return handler.evict(image) != 0
            return False

        self.assertLessEqual(sum(at_once(evict, handlers)), 1)
        self.assertEqual([], self._list())

    @promise('evict')
    def test_evict_keeps_an_image_in_use(self) -> None:
        image = self._seeded()
        if not self._sees_users():
            self.assertIsNone(image.users)
            return
        self.occupy(image, 'vm-1')
        in_use = self._again(image)
        for look in image, in_use:
            with self.assertRaises(ImageInUse):
                self._connect().evict(look)
        self.assertEqual(in_use, self._again(image))

    @promise('evict')
    def test_evict_sees_that_the_last_user_went(self) -> None:
        image = self._seeded()
        if self._sees_users():
            self.occupy(image, 'vm-1')
            image = self._again(image)
            self.vacate(image, 'vm-1')
        self._connect().evict(image)
        self.assertEqual([], self._list())

    @promise('evict')
    def test_evict_keeps_an_image_that_lost_a_label(self) -> None:
        image = self._seeded()
        for label in CLAIM, 'site.a':
            looked = self._marked(image, CLAIM, 'site.a')
            self._connect().mark(image, remove={label})
            kept = self._again(image)
            with self.assertRaises(ImageBusy):
                self._connect().evict(looked)
            self.assertEqual(kept, self._again(image))

    @promise('evict')
    def test_evict_keeps_an_image_that_was_asked_for_since(self) -> None:
        until = datetime.datetime.now(datetime.UTC) + A_DAY
        for label in (
            pin_label('ops', None),
            pin_label('ops', until),
            lease_label('vm-1', until),
        ):
            with self._case(label=label):
                looked = self._marked(self._seeded(), claimed())
                kept = self._marked(looked, label)
                with self.assertRaises(ImageBusy):
                    self._connect().evict(looked)
                self.assertEqual(kept, self._again(looked))

    @promise('evict')
    def test_evict_removes_what_was_asked_for_before(self) -> None:
        # That it may go all the same, the caller has decided.
        image = self._marked(self._seeded(), claimed(), 'pin.ops')
        self._connect().evict(image)
        self.assertEqual([], self._list())

    @promise('evict')
    def test_evict_heeds_no_other_label_that_came(self) -> None:
        looked = self._marked(self._seeded(), claimed())
        # Who claims it too was granted nothing, and withdraws.
        self._marked(looked, claimed('ffff'), 'site.a', 'hits.1')
        self._connect().evict(looked)
        self.assertEqual([], self._list())

    @promise('evict')
    def test_evict_keeps_an_image_whose_claim_is_over(self) -> None:
        image = self._marked(self._seeded(), claimed())
        with self.assertRaises(ImageBusy):
            self._connect().evict(image, lambda: False)
        self.assertEqual(image, self._again(image))

    @promise('evict')
    def test_evict_keeps_an_image_that_was_added_again(self) -> None:
        claimed = self._marked(self._seeded(), CLAIM)
        self.lose(claimed)
        self._keeps(claimed, self._seeded())

    @promise('evict')
    def test_evict_keeps_another_image_at_that_location(self) -> None:
        image = self._seeded()
        other_id = self._key(TWO)
        handed = dataclasses.replace(image, image_id=other_id)
        self._keeps(handed, image)

    @promise('evict')
    def test_evict_in_another_store_keeps_that_image(self) -> None:
        image = self._seeded()
        for store in *self._stores()[1:], 'no-such-store':
            self._keeps(dataclasses.replace(image, store=store), image)

    @promise('evict')
    def test_evict_never_removes_a_foreign_object(self) -> None:
        image = self._seeded()
        names = self.foreign()
        for impostor in impostors(image, names):
            with self._step(location=impostor.location):
                self._keeps(impostor, image)
                self.assertCountEqual(names, self.foreign_left())

    @promise('evict')
    def test_evict_of_an_image_leaves_foreign_objects(self) -> None:
        names = self.foreign()
        self._connect().evict(self._seeded())
        self.assertCountEqual(names, self.foreign_left())
