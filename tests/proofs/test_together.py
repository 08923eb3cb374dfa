"""The protocol where a handler labels and removes images together."""

import logging

from imagecache_handlers.actions.report import Did
from imagecache_handlers import ImageBusy
from imagecache_handlers import Reason
from imagecache_handlers import StoreUnavailable
from imagecache_handlers import Uncertain
from imagecache_handlers import Undeletable
from tests.proofs import test_protocol
from tests.proofs import test_trouble
from tests.proofs.test_trouble import raising
from tests.proofs.world import Interruption

EVICTED, FAILED, GONE = Did.EVICTED, Did.FAILED, Did.GONE
KEPT, UNCERTAIN = Did.KEPT, Did.UNCERTAIN


class Together(test_protocol.Protocol):
    """What is promised of one image after the other is promised of many."""

    def make(self, *rules, **kwargs):
        return super().make(*rules, many=True, **kwargs)


class Sweep(Together, test_protocol.Sweep):
    pass


class StandsStill(Together, test_protocol.StandsStill):
    def test_who_stood_still_for_less_goes_on(self):
        """The deadline is what counts: no claim is so long for many."""
        for seconds, did in (299, EVICTED), (301, KEPT):
            for one_step in (True, False):
                self.make(one_step=one_step)
                self.idle()
                stop = Interruption(
                    method='last',
                    act=lambda seconds=seconds: self.world.advance(seconds),
                )
                report = self.world.sweep(self.one, stop)
                self.assertEqual([did], self.did(report))


class Claims(Together, test_protocol.Claims):
    pass


class Failures(Together, test_protocol.Failures):
    pass


class Testimony(Together, test_protocol.Testimony):
    pass


class Explicit(Together, test_protocol.Explicit):
    pass


class Duplicates(Together, test_protocol.Duplicates):
    pass


class Misunderstood(Together, test_trouble.Misunderstood):
    pass


class Unended(Together, test_trouble.Unended):
    def test_they_need_not_be_in_a_row(self):
        self.fill()
        vain = self.one.wait_in_vain
        report = self.sweep_with(vain, None, None, None, vain)
        # What became of these is looked for when the call is over.
        self.assertEqual([EVICTED] * 3 + [UNCERTAIN] * 2, self.did(report))
        self.assertLeft(report, 5, self.why)

    def test_who_has_not_waited_is_waited_for(self):
        """All are under way by then: they are waited for at once."""
        self.fill()
        report = self.sweep_with(*[self.one.lose_the_task] * 10)
        self.assertEqual([UNCERTAIN] * 10, self.did(report))
        self.assertGreaterEqual(self.world.seconds, 300)
        self.assertLess(self.world.seconds, 305)
        self.assertEqual(10, len(self.claimed()))

    def test_some_that_end_while_they_are_followed_have_ended(self):
        self.fill()
        report = self.world.sweep(
            self.one,
            *(
                Interruption(method='evict', nth=n, act=self.one.lose_the_task)
                for n in range(10)
            ),
            Interruption(method='sleep', nth=3, act=self.finish_half),
        )
        self.assertEqual([GONE] * 5 + [UNCERTAIN] * 5, self.did(report))

    def finish_half(self):
        entries = self.world.shelf.entries
        for location in list(entries)[:5]:
            dict.__delitem__(entries, location)


class Refused(Together, test_trouble.Refused):
    def test_claims_that_cannot_be_written_are_refusals(self):
        # Who was not told of two more tries to take their claims off.
        for batch, marks in (1, 5), (3, 5 + 1), (10, 5 + 2):
            with self.subTest(batch):
                self.fill(batch=batch)
                report = self.sweep_with(
                    *[self.one.unavailable] * 10, method='mark'
                )
                self.assertEqual([FAILED] * 5, self.did(report))
                self.assertLeft(report, 5, self.why)
                self.assertEqual(marks, self.world.tally['marks'])


class Calls(test_trouble.Troubled, Together):
    """How often, and when, a handler is called."""

    def test_a_batch_is_claimed_looked_at_and_evicted_by_one_call_each(self):
        for batch, batches in (1, 10), (3, 4), (5, 2), (10, 1):
            with self.subTest(batch):
                self.fill(batch=batch)
                with self.one.operation():
                    self.one.cache.sweep(self.evidence)
                    looks = self.one.calls['enumerate'] - 1
                self.assertEqual(batches, looks)
                tally = self.world.tally
                self.assertEqual(batches, tally['calls of mark_many'])
                self.assertEqual(batches, tally['calls of evict_many'])
                self.assertEqual(10, tally['marks'])
                self.assertEqual({}, self.world.shelf.entries)

    def evidence(self):
        return self.world.evidence(self.one)

    def test_what_no_look_let_pass_is_not_handed_over(self):
        location = self.idle()
        self.world.sweep(
            self.one,
            Interruption(
                method='enumerate',
                nth=1,
                act=lambda: self.label(location, 'pin.ops'),
            ),
        )
        self.assertEqual(0, self.world.tally['calls of evict_many'])

    def test_each_outcome_is_told_before_the_next_removal(self):
        self.fill()
        told = []
        self.one.cache.sweep(
            self.evidence,
            on_outcome=lambda one: told.append(len(self.world.shelf.entries)),
        )
        self.assertEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0], told)

    def test_between_two_results_the_handler_is_not_called(self):
        """It may hold what it needs for the next: locks, a session."""
        self.fill()
        acts = [
            raising(error)
            for error in (
                ImageBusy('x', 'a copy'),
                StoreUnavailable('shelf', 'away'),
                Uncertain('x', 'no reply'),
                Undeletable('x', 'it is linked'),
            )
        ]
        calls = []

        def note(method):
            return lambda: calls.append(method)

        self.world.sweep(
            self.one,
            *(
                Interruption(method='evict', nth=n, act=act)
                for n, act in enumerate(acts)
            ),
            *(
                Interruption(method=method, nth=n, act=note(method))
                for method, first in (('mark', 10), ('enumerate', 2))
                for n in range(first, first + 10)
            ),
            Interruption(
                method='evict', nth=9, act=lambda: calls.append('last')
            ),
        )
        self.assertEqual('last', calls[0])
        self.assertEqual(['mark'] * 3 + ['enumerate'], calls[1:])

    def test_what_is_late_for_one_call_is_in_time_for_the_next(self):
        self.fill(6)
        begun = []

        def begin():
            begun.append(self.world.seconds)
            self.world.advance(200)

        report = self.sweep_with(*[begin] * 6, after=True)
        self.assertEqual([EVICTED] * 6, self.did(report))
        # Two begin under a claim, and no third one at 400 seconds.
        self.assertEqual([0, 200, 400, 600, 800, 1000], begun)
        self.assertEqual(4, self.world.tally['calls of evict_many'])

    def test_what_is_busy_for_itself_is_kept(self):
        self.fill(3)
        busy = raising(ImageBusy('x', 'it is being copied'))
        report = self.sweep_with(None, busy)
        self.assertEqual([EVICTED, KEPT, EVICTED], self.did(report))
        self.assertIn('being copied', report.outcomes[1].why)
        self.assertEqual([], self.claimed())

    def test_a_store_that_is_left_is_left_at_once(self):
        self.fill()
        report = self.sweep_with(
            *[raising(StoreUnavailable('shelf', 'away'))] * 10
        )
        self.assertEqual([FAILED] * 5, self.did(report))
        self.assertEqual(5, report.left[0].count)
        self.assertEqual([], self.claimed())

    def test_once_stopped_no_other_removal_begins(self):
        self.fill()
        told = []
        report = self.one.cache.sweep(
            self.evidence,
            on_outcome=told.append,
            should_stop=lambda: len(told) == 3,
        )
        self.assertTrue(report.stopped)
        self.assertEqual([EVICTED] * 3, self.did(report))
        self.assertEqual(7, len(self.world.shelf.entries))
        self.assertEqual([], self.claimed())

    def test_once_stopped_no_other_claim_is_written(self):
        self.fill()
        stop = []
        with self.one.operation(
            Interruption(method='mark', nth=2, act=lambda: stop.append(1))
        ):
            report = self.one.cache.sweep(
                self.evidence, should_stop=lambda: bool(stop)
            )
        self.assertTrue(report.stopped)
        self.assertEqual([], self.did(report))
        # Each is taken off: which others were written, nobody knows.
        self.assertEqual(3 + 10, self.world.tally['marks'])
        self.assertEqual([], self.claimed())

    def test_no_more_is_claimed_than_finds_the_time(self):
        self.fill()
        report = self.sweep_with(
            *[lambda: self.world.advance(40)] * 4, method='mark'
        )
        # The fourth claim was written after 160 of 300 seconds.
        self.assertEqual([EVICTED] * 10, self.did(report))
        self.assertEqual(10 + 6, self.world.tally['marks'])
        self.assertEqual([], self.claimed())

    def test_who_yields_to_a_claim_waits_while_the_others_go(self):
        self.fill(3)
        location = next(iter(self.world.shelf.entries))
        report = self.world.sweep(self.one, *self.claim_beside(location))
        self.assertEqual([EVICTED] * 3, self.did(report))
        self.assertEqual(2, self.world.tally['calls of evict_many'])


class Raised(test_trouble.Troubled, test_protocol.Protocol):
    """What a handler raises stands for every image without a result."""

    def make(self, *rules, **kwargs):
        return super().make(*rules, many=True, raises=True, **kwargs)

    def test_a_store_that_is_away_has_changed_nothing(self):
        self.fill()
        report = self.sweep_with(None, None, self.one.unavailable)
        self.assertEqual([EVICTED] * 2 + [FAILED] * 8, self.did(report))
        self.assertEqual([], self.claimed())
        # One call was refused, whatever was to be done by it.
        self.assertEqual((), report.left)

    def test_five_calls_that_are_refused_leave_the_store(self):
        self.fill(20, batch=2)
        report = self.sweep_with(*[self.one.unavailable] * 10)
        self.assertEqual([FAILED] * 10, self.did(report))
        self.assertLeft(report, 10, 'refused 5 removals in a row')

    def test_what_any_other_error_means_is_looked_for_once(self):
        for act in self.one.lost, self.one.bug, self.one.babble:
            self.fill()
            act = getattr(self.one, act.__name__)
            looks = []
            with self.subTest(act.__name__):
                report = self.world.sweep(
                    self.one,
                    Interruption(method='evict', nth=2, act=act),
                    *(
                        Interruption(
                            method='enumerate',
                            nth=n,
                            act=lambda looks=looks: looks.append(1),
                        )
                        for n in range(9)
                    ),
                )
                self.assertEqual(
                    [EVICTED] * 2 + [UNCERTAIN] * 8, self.did(report)
                )
                self.assertEqual(8, len(self.claimed()))
                self.assertEqual((), report.left)
                # The plan's, the batch's, and one for all that is lost.
                self.assertEqual(3, len(looks))

    def test_what_went_all_the_same_is_gone(self):
        self.fill()
        report = self.world.sweep(
            self.one,
            Interruption(method='evict', nth=2, after=True, act=self.one.lost),
        )
        self.assertEqual(
            [EVICTED] * 2 + [GONE] + [UNCERTAIN] * 7, self.did(report)
        )

    def test_a_wait_in_vain_counts_once(self):
        self.fill()
        report = self.sweep_with(self.one.wait_in_vain)
        self.assertEqual([UNCERTAIN] * 10, self.did(report))
        self.fill(20, batch=2)
        report = self.world.sweep(
            self.one,
            *(
                Interruption(method='evict', nth=n, act=self.one.wait_in_vain)
                for n in range(9)
            ),
            Interruption(method='wait', after=True, act=self.finish_two),
        )
        # Those of the first call did end, those of the next two did not.
        self.assertLeft(report, 20 - 2 - 1 - 1, 'does not finish removals')

    def finish_two(self):
        entries = self.world.shelf.entries
        for location in list(entries)[:2]:
            dict.__delitem__(entries, location)

    def test_claims_that_may_have_been_written_are_withdrawn(self):
        for act, marks in ('unavailable', 3), ('lost', 3 + 8), ('bug', 3 + 8):
            with self.subTest(act):
                self.fill(10)
                report = self.world.sweep(
                    self.one,
                    Interruption(
                        method='mark', nth=2, act=getattr(self.one, act)
                    ),
                )
                self.assertEqual(
                    [FAILED] * 8 + [EVICTED] * 2, self.did(report)
                )
                self.assertEqual(marks, self.world.tally['marks'])
                self.assertEqual([], self.claimed())


class CannotGo(test_trouble.Troubled):
    """What its backend refuses to remove is an image's own."""

    def test_it_is_kept_and_told_and_the_store_is_not_left(self):
        for many in False, True:
            with self.subTest(many):
                self.fill(10, many=many)
                refused = raising(Undeletable('x', 'its disk is linked'))
                report = self.sweep_with(*[refused] * 9)
                self.assertEqual([KEPT] * 9 + [EVICTED], self.did(report))
                self.assertIn('is linked', report.outcomes[0].why)
                self.assertEqual(
                    Reason.EXPIRED, report.outcomes[0].verdict.reason
                )
                self.assertEqual((), report.left)
                self.assertEqual([], self.claimed())

    def setUp(self):
        super().setUp()
        logging.disable()
