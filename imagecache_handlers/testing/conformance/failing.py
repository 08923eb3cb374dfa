"""Failing: what a call says in which the backend fails, by ``doom``."""

import contextlib

from imagecache_handlers.testing.conformance.doomed import Act
from imagecache_handlers.testing.conformance.doomed import DONE
from imagecache_handlers.testing.conformance.doomed import Doomed
from imagecache_handlers.testing.conformance.doomed import REFUSED
from imagecache_handlers.testing.conformance.doomed import RETURNED
from imagecache_handlers.testing.conformance.doomed import Settle
from imagecache_handlers.testing.conformance.examining import promise
from imagecache_handlers.testing.conformance.samples import ONE


class Failing(Doomed):
    """An error at each step: what returns did it, what refuses did not."""

    @promise('mark', since=2)
    def test_a_mark_that_fails_says_so(self) -> None:
        def prepare_case() -> tuple[Act, Settle]:
            image = self._marked(self._seeded(), 'pin.ops', 'site.a')
            old = image.marks.labels
            new = old - {'site.a'} | {'site.b'}
            may_be = {DONE: (new,), RETURNED: (new,), REFUSED: (old,)}

            def mark_image() -> None:
                with contextlib.closing(self.connect()) as handler:
                    handler.mark(image, {'site.b'}, {'site.a'})

            def settle_case(ended: int) -> None:
                left = self._again(image).marks.labels
                wanted = may_be.get(ended, (old, old | new, new))
                self.assertIn(left, wanted, _TOLD.get(ended))
                mark_image()
                self.assertEqual(new, self._again(image).marks.labels)

            return mark_image, settle_case

        self._end_at_each_step('mark', prepare_case, dies=False)

    @promise('evict', since=2)
    def test_an_evict_that_fails_says_so(self) -> None:
        def prepare_case() -> tuple[Act, Settle]:
            image = self._marked(self._seeded(), 'site.a')

            def settle_case(ended: int) -> None:
                left = self._list(image.image_id)
                if ended in (DONE, RETURNED):
                    self.assertEqual([], left, _TOLD.get(ended))
                elif ended == REFUSED:
                    self.assertEqual([image], left, _TOLD[ended])
                for one in left:
                    self.assertTrue(self.whole(one), 'half an image is listed')
                    self.assertEqual(image, one)
                    self._connect().evict(one)
                self._tidy()

            return lambda: self.connect().evict(image), settle_case

        self._end_at_each_step('evict', prepare_case, dies=False)

    @promise('add', since=2)
    def test_an_add_that_fails_says_so(self) -> None:
        def prepare_case() -> tuple[Act, Settle]:
            def settle_case(ended: int) -> None:
                left = self._list(self._key(ONE))
                if ended in (DONE, RETURNED):
                    self.assertEqual(1, len(left), _TOLD.get(ended))
                elif ended == REFUSED:
                    self.assertEqual([], left, _TOLD[ended])
                for one in left:
                    self.assertTrue(self.whole(one), 'half an image is listed')
                    self.assertIn('site.a', one.marks.labels)
                    self._connect().evict(one)
                self._tidy()

            return self._add_one, settle_case

        self._end_at_each_step('add', prepare_case, dies=False)


_TOLD = {
    RETURNED: 'the backend failed in it, yet it was told as done',
    REFUSED: 'it said that nothing was changed',
}
