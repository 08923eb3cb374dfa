"""Reserving: what ``reserve`` and its kin promise, where declared."""

from collections.abc import Iterable
import contextlib
import dataclasses
import datetime

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import Unsupported
from imagecache_handlers.handler import CacheHandler
from imagecache_handlers.model import Reservation
from imagecache_handlers.testing.conformance.examining import Examining
from imagecache_handlers.testing.conformance.examining import promise
from imagecache_handlers.testing.conformance.samples import A_DAY
from imagecache_handlers.testing.conformance.samples import at_once
from imagecache_handlers.testing.conformance.samples import in_a_thread
from imagecache_handlers.testing.conformance.samples import ONE
from imagecache_handlers.testing.conformance.samples import stream
from imagecache_handlers.testing.conformance.samples import TRICKY
from imagecache_handlers.testing.conformance.samples import TWO
from imagecache_handlers.testing.conformance.samples import WRITERS

_TOKEN = '5f0c'  # noqa: S105 -- it opens nothing
_AN_HOUR = datetime.timedelta(hours=1)


class Reserving(Examining):
    """``reserve``, ``reservations`` and ``unreserve``."""

    def _reservation(
        self, image_id: str = ONE, token: str = _TOKEN, store: str = ''
    ) -> Reservation:
        # Far from now, in whole seconds: for whatever a backend can write.
        now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
        return Reservation(
            image_id=self._key(image_id),
            store=store or self.store(),
            token=token,
            size=2**30 + 1,
            until=now + A_DAY,
        )

    def _reserved(
        self, image_id: str = ONE, token: str = _TOKEN, store: str = ''
    ) -> Reservation:
        made = self._reservation(image_id, token, store)
        self._connect().reserve(made)
        return made

    def _assert_reserved(self, wanted: Iterable[Reservation]) -> None:
        """Have another host see just these."""
        seen = self._connect().reservations(self.store())
        self.assertCountEqual(list(wanted), list(seen))

    @promise('reserve', since=2)
    def test_others_see_what_is_reserved(self) -> None:
        self._assert_reserved([])
        made = [self._reserved(), self._reserved(TWO, 'a-b_9')]
        self._assert_reserved(made)

    @promise('reserve', since=2)
    def test_one_token_has_one_reservation(self) -> None:
        first, other = self._reserved(), self._reserved(ONE, 'other')
        renewed = dataclasses.replace(
            first, size=7, until=first.until + _AN_HOUR
        )
        self._connect().reserve(renewed)
        self._assert_reserved([renewed, other])

    @promise('reserve', since=2)
    def test_what_is_reserved_is_no_image(self) -> None:
        self._reserved()
        self.assertEqual([], self._list())
        self.assertEqual([], self._list(self._key(ONE)))

    @promise('reserve', since=2)
    def test_what_was_reserved_is_seen_in_its_store_alone(self) -> None:
        stores = self._stores()
        made = {
            store: [self._reserved(ONE, f'token-{number}', store)]
            for number, store in enumerate(stores)
        }
        for store in stores:
            seen = list(self._connect().reservations(store))
            self.assertEqual(made[store], seen)

    @promise('reserve', since=2)
    def test_a_reservation_that_is_over_is_seen_all_the_same(self) -> None:
        made = self._reservation()
        over = dataclasses.replace(made, until=made.until - A_DAY - _AN_HOUR)
        self._connect().reserve(over)
        self._assert_reserved([over])

    @promise('reserve', since=2)
    def test_a_tricky_id_can_be_reserved_for(self) -> None:
        names = self.foreign()
        made = []
        for number, image_id in enumerate(TRICKY):
            # As ``add`` says it of such an id.
            with contextlib.suppress(Unsupported):
                made.append(self._reserved(image_id, f'token-{number}'))
        self._assert_reserved(made)
        self.assertEqual([], self._list())
        self.assertCountEqual(names, self.foreign_left())

    @promise('reserve', since=2)
    def test_of_those_who_reserve_at_once_none_is_lost(self) -> None:
        tokens = [f'token-{number}' for number in range(WRITERS)]
        made = at_once(lambda token: self._reserved(ONE, token), tokens)
        self._assert_reserved(made)

    @promise('reserve', since=2)
    def test_it_may_be_reserved_beside_an_add(self) -> None:
        handler = self._connect()
        if not self._declares('add'):
            return
        meta, data = self.offer(TWO)
        seen: list[Reservation] = []

        def meet(size: int) -> None:
            made = self._reservation()
            if seen:
                return
            in_a_thread(lambda: self._try_to_reserve(handler, made))
            seen.extend(handler.reservations(self.store()))

        handler.add(meta, stream(data, meet), self.store())
        self.assertTrue(seen)

    def _try_to_reserve(
        self, handler: CacheHandler, made: Reservation
    ) -> None:
        # What it raises shows by what is not seen then.
        with contextlib.suppress(CacheError):
            handler.reserve(made)

    @promise('unreserve', since=2)
    def test_what_is_given_back_is_gone_and_nothing_else(self) -> None:
        made, other = self._reserved(), self._reserved(ONE, 'other')
        image = self._seeded(TWO)
        self._connect().unreserve(made)
        self._assert_reserved([other])
        self._connect().unreserve(made)
        self._assert_reserved([other])
        self.assertEqual([image], self._list())

    @promise('reserve', since=2)
    def test_a_sweep_leaves_what_is_reserved(self) -> None:
        made = self._reserved()
        handler = self._connect()
        handler.recover(self.store())
        if self._declares('debris'):
            for debris in handler.debris(self.store()):
                handler.clean(debris)
        self._assert_reserved([made])
