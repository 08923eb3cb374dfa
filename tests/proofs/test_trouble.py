"""A store that does not do what it is told is left, and loses nothing."""

import logging

from imagecache_handlers.actions.report import Did
from imagecache_handlers import Cancelled
from imagecache_handlers import ImageBusy
from imagecache_handlers import ImageInUse
from imagecache_handlers import ImageNotFound
from imagecache_handlers import Left
from imagecache_handlers import NotUnderstood
from imagecache_handlers import Reason
from imagecache_handlers import StoreBusy
from imagecache_handlers import StoreFull
from imagecache_handlers import StoreUnavailable
from imagecache_handlers import Uncertain
from imagecache_handlers import Unfinished
from tests.proofs.test_protocol import Protocol
from tests.proofs.world import Interruption
from tests.proofs.world import PATIENCE
from tests.proofs.world import SECOND
from tests.proofs.world import TTL

KEPT, FAILED = Did.KEPT, Did.FAILED
UNCERTAIN, EVICTED, GONE = Did.UNCERTAIN, Did.EVICTED, Did.GONE


def raising(error):
    def act():
        raise error

    return act


class Troubled(Protocol):
    """Ten images of one store, some of whose removals go wrong."""

    batch = 10

    def setUp(self):
        super().setUp()
        # What is warned of is asserted where it counts.
        logging.disable()
        self.addCleanup(logging.disable, logging.NOTSET)

    def fill(self, count=10, **how):
        self.make(batch=how.pop('batch', self.batch), **how)
        for number in range(count):
            self.idle(f'image-{number}')

    def sweep_with(self, *acts, method='evict', after=False):
        """Sweep while the first calls of a method go so; None: well."""
        return self.world.sweep(
            self.one,
            *(
                Interruption(method=method, nth=n, after=after, act=act)
                for n, act in enumerate(acts)
                if act is not None
            ),
        )

    def claimed(self):
        """Give the images that somebody is still about to remove."""
        return [
            box.image_id
            for location, box in self.world.shelf.entries.items()
            if self.marks(location).claims
        ]

    def assertLeft(self, report, count, why):
        left = Left(store='shelf', count=count, why=why)
        self.assertEqual((left,), report.left)


class Unended(Troubled):
    why = 'does not finish removals'

    def test_two_that_did_not_end_leave_the_store(self):
        for batch in 1, 3, 10:
            with self.subTest(batch):
                self.fill(batch=batch)
                report = self.sweep_with(*[self.one.wait_in_vain] * 10)
                self.assertEqual([UNCERTAIN] * 2, self.did(report))
                self.assertLeft(report, 8, self.why)
                self.assertEqual(['image-0', 'image-1'], self.claimed())

    def test_whoever_has_waited_nobody_waits_again(self):
        self.fill()
        self.sweep_with(self.one.wait_in_vain, self.one.wait_in_vain)
        self.assertEqual(2 * PATIENCE, self.world.seconds)

    def test_who_has_not_waited_is_waited_for(self):
        self.fill()
        report = self.sweep_with(*[self.one.lose_the_task] * 10)
        self.assertLeft(report, 8, self.why)
        self.assertGreaterEqual(self.world.seconds, 2 * 300)
        self.assertLess(self.world.seconds, 2 * 305)

    def test_what_was_cancelled_did_not_end_either(self):
        self.fill()
        cancelled = raising(Cancelled('x', 'nobody had begun with it'))
        report = self.sweep_with(*[cancelled] * 10)
        self.assertEqual([KEPT] * 2, self.did(report))
        self.assertLeft(report, 8, self.why)
        self.assertEqual([], self.claimed())

    def test_one_that_did_not_end_leaves_nothing(self):
        self.fill()
        report = self.sweep_with(None, self.one.wait_in_vain)
        self.assertEqual(9, self.did(report).count(EVICTED))
        self.assertEqual((), report.left)

    def test_they_need_not_be_in_a_row(self):
        self.fill()
        vain = self.one.wait_in_vain
        report = self.sweep_with(vain, None, None, None, vain)
        self.assertEqual(
            [UNCERTAIN, EVICTED, EVICTED, EVICTED, UNCERTAIN],
            self.did(report),
        )
        self.assertLeft(report, 5, self.why)

    def test_what_ended_while_it_was_followed_has_ended(self):
        self.fill(batch=1)
        report = self.world.sweep(
            self.one,
            *(
                Interruption(method='evict', nth=n, act=self.one.lose_the_task)
                for n in range(10)
            ),
            *(
                Interruption(
                    method='sleep', nth=n, act=self.world.finish_removals
                )
                for n in range(10)
            ),
        )
        self.assertEqual([GONE] * 10, self.did(report))
        self.assertEqual((), report.left)

    def test_so_has_what_ended_while_the_handler_waited(self):
        self.fill(batch=1)
        report = self.world.sweep(
            self.one,
            *(
                Interruption(method='evict', nth=n, act=self.one.wait_in_vain)
                for n in range(3)
            ),
            *(
                Interruption(
                    method='wait',
                    nth=n,
                    after=True,
                    act=self.world.finish_removals,
                )
                for n in range(3)
            ),
        )
        self.assertEqual([GONE] * 3 + [EVICTED] * 7, self.did(report))
        self.assertEqual((), report.left)

    def test_an_unknown_outcome_that_is_over_is_no_trouble(self):
        self.fill()
        report = self.sweep_with(*[self.one.lost] * 10)
        self.assertEqual([UNCERTAIN] * 10, self.did(report))
        self.assertEqual((), report.left)

    def test_what_was_waited_for_to_no_end_did_not_end(self):
        self.fill(batch=1)
        report = self.world.sweep(
            self.one,
            *(
                Interruption(method='evict', nth=n, act=self.one.lose_the_task)
                for n in range(10)
            ),
            # After some 60 seconds it is not under way any more.
            *(
                Interruption(method='sleep', nth=n, act=self.forget_removals)
                for n in (35, 70)
            ),
        )
        self.assertEqual([UNCERTAIN] * 2, self.did(report))
        self.assertLeft(report, 8, self.why)

    def forget_removals(self):
        for box in self.world.shelf.entries.values():
            box.pending = False

    def test_the_handlers_word_that_it_has_waited_is_taken(self):
        """Though it shows no operation: minutes went by all the same."""
        self.fill()
        unfinished = raising(Unfinished('x', 'no end'))
        report = self.sweep_with(*[unfinished] * 10)
        self.assertEqual([UNCERTAIN] * 2, self.did(report))
        self.assertLeft(report, 8, self.why)

    def test_what_cannot_be_seen_may_be_pending(self):
        self.fill(batch=1)
        report = self.world.sweep(
            self.one,
            *(
                Interruption(method='evict', nth=n, act=self.one.lost)
                for n in range(2)
            ),
            *(
                Interruption(method='enumerate', nth=n, act=act)
                for n, act in ((2, self.one.bug), (4, self.one.bug))
            ),
        )
        self.assertEqual([UNCERTAIN] * 2, self.did(report))
        self.assertLeft(report, 8, self.why)

    def test_who_waited_keeps_the_claim_alive(self):
        location = self.idle()
        first = self.world.now() + 600 * SECOND
        self.world.sweep(
            self.one,
            Interruption(
                method='enumerate',
                nth=1,
                act=lambda: self.world.advance(250),
            ),
            Interruption(method='evict', act=self.one.wait_in_vain),
        )
        (expiry,) = self.marks(location).claims.values()
        self.assertGreater(expiry, first)

    def test_so_it_does_where_the_handler_shows_nothing(self):
        location = self.idle()
        first = self.world.now() + 600 * SECOND

        def wait():
            self.world.advance(301)
            raise Unfinished('debian', 'no end')

        report = self.world.sweep(
            self.one, Interruption(method='evict', act=wait)
        )
        self.assertEqual([UNCERTAIN], self.did(report))
        [expiry] = self.marks(location).claims.values()
        self.assertGreater(expiry, first)

    def test_nobody_is_granted_what_may_yet_go_however_late(self):
        """Neither while the claim lives, nor when it has ended."""
        self.fill()
        self.sweep_with(*[self.one.wait_in_vain] * 2)
        for seconds in 0, 200, 300, 700, 4 * 3600:
            self.world.advance(seconds)
            for image_id in 'image-0', 'image-1':
                with self.assertRaises(ImageBusy):
                    self.other.cache.hold(image_id, 'vm', TTL)
                with self.assertRaises(ImageBusy):
                    self.other.cache.pin(image_id, 'ops')
                [one] = self.world.evict(self.other, image_id, force=True)
                self.assertEqual(Reason.BUSY, one.verdict.reason)
        self.world.finish_removals()
        self.assertEqual(8, len(self.world.shelf.entries))

    def test_what_was_left_goes_with_the_next_sweep(self):
        self.fill()
        self.sweep_with(*[self.one.wait_in_vain] * 2)
        report = self.world.sweep(self.other)
        self.assertEqual([EVICTED] * 8, self.did(report))
        self.assertEqual((), report.left)


class Refused(Troubled):
    why = 'refused 5 removals in a row'

    def test_five_in_a_row_leave_the_store(self):
        busy = StoreBusy('x', 'a scan')
        away = StoreUnavailable('shelf', 'no answer')
        for batch in 1, 3, 10:
            for error, did in (busy, KEPT), (away, FAILED):
                with self.subTest(f'{batch} {error}'):
                    self.fill(batch=batch)
                    report = self.sweep_with(*[raising(error)] * 10)
                    self.assertEqual([did] * 5, self.did(report))
                    self.assertLeft(report, 5, self.why)
                    self.assertEqual([], self.claimed())

    def test_a_removal_begins_the_row_anew(self):
        busy = raising(StoreBusy('x', 'a scan'))
        self.fill()
        report = self.sweep_with(*[busy] * 4, None, *[busy] * 4)
        self.assertEqual(
            [KEPT] * 4 + [EVICTED] + [KEPT] * 4 + [EVICTED],
            self.did(report),
        )
        self.assertEqual((), report.left)

    def test_so_does_what_is_the_images_own(self):
        busy = raising(StoreBusy('x', 'a scan'))
        for own in (
            ImageBusy('x', 'it is cloned'),
            ImageInUse('x', ['vm']),
            ImageNotFound('x'),
            Uncertain('x', 'the reply was lost'),
        ):
            with self.subTest(own):
                self.fill()
                report = self.sweep_with(
                    *[busy] * 4, raising(own), *[busy] * 4
                )
                self.assertEqual(10, len(report.outcomes))
                self.assertEqual((), report.left)

    def test_of_the_images_own_none_are_too_many(self):
        for own in ImageBusy('x', 'it is cloned'), ImageInUse('x', ['vm']):
            with self.subTest(own):
                self.fill()
                report = self.sweep_with(*[raising(own)] * 10)
                self.assertEqual([KEPT] * 10, self.did(report))
                self.assertEqual((), report.left)

    def test_claims_that_cannot_be_written_are_refusals(self):
        for batch in 1, 3, 10:
            with self.subTest(batch):
                self.fill(batch=batch)
                report = self.sweep_with(
                    *[self.one.unavailable] * 10, method='mark'
                )
                self.assertEqual([FAILED] * 5, self.did(report))
                self.assertLeft(report, 5, self.why)
                self.assertEqual(5, self.world.tally['marks'])

    def test_so_are_those_that_nobody_answers(self):
        for batch in 1, 10:
            with self.subTest(batch):
                self.fill(batch=batch)
                report = self.sweep_with(*[self.one.lost] * 20, method='mark')
                self.assertEqual([FAILED] * 5, self.did(report))
                self.assertLeft(report, 5, self.why)

    def test_who_takes_no_claim_off_is_not_asked_for_each(self):
        self.fill()
        report = self.world.sweep(
            self.one,
            Interruption(method='enumerate', nth=1, act=self.one.unavailable),
            *(
                Interruption(method='mark', nth=n, act=self.one.unavailable)
                for n in range(10, 20)
            ),
        )
        self.assertEqual([FAILED] * 10, self.did(report))
        self.assertEqual(12, self.world.tally['marks'])

    def test_a_full_store_is_swept_all_the_same(self):
        self.fill()
        full = raising(StoreFull('shelf', 'no space left'))
        report = self.sweep_with(*[full] * 9, method='mark')
        self.assertEqual([FAILED] * 9 + [EVICTED], self.did(report))
        self.assertEqual((), report.left)

    def test_so_are_looks(self):
        self.fill(batch=1)
        report = self.world.sweep(
            self.one,
            *(
                Interruption(
                    method='enumerate', nth=n, act=self.one.unavailable
                )
                for n in range(1, 11)
            ),
        )
        self.assertEqual([FAILED] * 5, self.did(report))
        self.assertLeft(report, 5, self.why)
        self.assertEqual([], self.claimed())

    def test_it_is_told_once(self):
        logging.disable(logging.NOTSET)
        busy = raising(StoreBusy('x', 'a scan'))
        self.fill()
        with self.assertLogs('imagecache_handlers', 'WARNING') as logs:
            self.sweep_with(*[busy] * 10)
        told = 'store shelf refused 5 removals in a row; 5 left for the next'
        self.assertEqual(
            [f'{told} sweep'], [one.getMessage() for one in logs.records]
        )

    def test_who_refused_all_that_there_was_leaves_nothing(self):
        self.fill(5)
        busy = raising(StoreBusy('x', 'a scan'))
        report = self.sweep_with(*[busy] * 5)
        self.assertEqual([KEPT] * 5, self.did(report))
        self.assertEqual((), report.left)


class Misunderstood(Troubled):
    why = 'gave 3 answers in a row that nobody understands'

    def test_three_in_a_row_leave_the_store(self):
        for after, did in (False, UNCERTAIN), (True, GONE):
            with self.subTest(after):
                self.fill()
                report = self.sweep_with(*[self.one.babble] * 10, after=after)
                self.assertEqual([did] * 3, self.did(report))
                self.assertLeft(report, 7, self.why)

    def test_one_that_is_understood_begins_the_row_anew(self):
        self.fill()
        babble = self.one.babble
        report = self.sweep_with(babble, babble, None, babble, babble)
        self.assertEqual(10, len(report.outcomes))
        self.assertEqual((), report.left)

    def test_answers_to_claims_count_as_well(self):
        self.fill()
        report = self.sweep_with(*[self.one.babble] * 20, method='mark')
        self.assertEqual([FAILED] * 3, self.did(report))
        self.assertLeft(report, 7, self.why)


class Labels(Troubled):
    """Labels of a store that takes none."""

    def label(self, act):
        self.make()
        for number in range(10):
            self.world.add(f'image-{number}')
        self.sweep_with(*[act] * 10, method='mark')
        return self.world.tally['marks']

    def test_after_five_in_a_row_no_more_are_tried(self):
        for act in self.one.unavailable, self.one.lost:
            with self.subTest(act):
                self.assertEqual(5, self.label(act))

    def test_each_is_tried_in_one_that_is_full(self):
        full = raising(StoreFull('shelf', 'no space left'))
        self.assertEqual(10, self.label(full))


class Others(Troubled):
    """Whom that does not concern."""

    def test_an_image_that_somebody_asks_for_has_its_turn(self):
        for error in (
            Cancelled('x', 'nobody had begun'),
            StoreBusy('x', 'a scan'),
            NotUnderstood('x', 'no field'),
        ):
            with self.subTest(error):
                self.make()
                for _ in range(7):
                    self.idle()
                outcomes = self.world.evict(
                    self.one,
                    'debian',
                    *(
                        Interruption(method='evict', nth=n, act=raising(error))
                        for n in range(7)
                    ),
                )
                self.assertEqual(7, len(outcomes))

    def test_each_sweep_begins_anew(self):
        for turn in range(3):
            self.idle(f'image-{turn}-0')
            self.idle(f'image-{turn}-1')
            report = self.sweep_with(self.one.wait_in_vain)
            self.assertEqual([UNCERTAIN, EVICTED], self.did(report))
            self.assertEqual((), report.left)
