"""The protocol, one broken promise at a time; every race is steered."""

import datetime
import unittest

from imagecache_handlers.actions.report import Did
from imagecache_handlers import Evidence
from imagecache_handlers import ImageBusy
from imagecache_handlers.labels import claim_label
from imagecache_handlers.labels import unused_label
from imagecache_handlers import Marks
from imagecache_handlers import Patterns
from imagecache_handlers import Reason
from imagecache_handlers import Rules
from imagecache_handlers import StoreUnavailable
from imagecache_handlers import Uncertain
from tests.proofs.world import Interruption
from tests.proofs.world import Loss
from tests.proofs.world import MINUTE
from tests.proofs.world import SECOND
from tests.proofs.world import START
from tests.proofs.world import TTL
from tests.proofs.world import World

HOUR = 60 * MINUTE
LONG_AGO = START - 100 * HOUR
RULES = Rules(min_age=HOUR)

# Every point of one sweep of one image at which something can happen.
POINTS = [
    (method, nth, after)
    for method, nth in (
        ('enumerate', 0),
        ('mark', 0),
        ('enumerate', 1),
        ('evict', 0),
        ('last', 0),
    )
    for after in (False, True)
]
# Longer than everybody heeds a claim.
STILL = 661


class Protocol(unittest.TestCase):
    def setUp(self) -> None:
        self.make()

    def make(self, rules: Rules = RULES, **kwargs) -> World:
        self.world = world = World(rules, **kwargs)
        self.enterContext(world.tokens())
        self.one, self.other = world.hosts
        return world

    def idle(self, image_id: str = 'debian', **say) -> str:
        """Add an image that nobody has used for long."""
        location = self.world.add(image_id, **say)
        self.label(location, unused_label(LONG_AGO))
        self.box(location).cached_at = LONG_AGO
        return location

    def box(self, location: str):
        return self.world.shelf.entries[location]

    def label(self, location: str, label: str) -> None:
        self.box(location).labels = {*self.box(location).labels, label}

    def unlabel(self, location: str, label: str) -> None:
        self.box(location).labels = self.box(location).labels - {label}

    def claim_beside(self, location: str) -> list[Interruption]:
        """Have another claim, of a larger token, withdrawn while one waits."""
        rival = claim_label('zz', self.world.now() + 10 * MINUTE)
        return [
            Interruption(
                method='mark',
                after=True,
                act=lambda: self.label(location, rival),
            ),
            Interruption(
                method='sleep', act=lambda: self.unlabel(location, rival)
            ),
        ]

    def marks(self, location: str) -> Marks:
        return Marks.read(self.box(location).labels)

    def did(self, report) -> list[Did]:
        return [outcome.did for outcome in report.outcomes]

    def boot(self, vm: str = 'vm', image_id: str = 'debian') -> None:
        if self.world.hold(self.other, image_id, vm):
            self.world.create(vm)
            self.world.release(vm)


class Sweep(Protocol):
    def test_an_idle_image_is_evicted(self):
        self.idle()
        report = self.world.sweep(self.one)
        self.assertEqual([Did.EVICTED], self.did(report))
        self.assertEqual(10, report.freed)
        self.assertEqual({}, self.world.shelf.entries)

    def test_a_plan_only_reads_and_a_sweep_does_just_that(self):
        for image_id in ('a', 'b', 'c'):
            self.idle(image_id)
        self.world.add('young')
        plan = self.one.cache.plan(self.world.evidence(self.one))
        self.assertEqual(0, self.world.tally['marks'])
        report = self.world.sweep(self.one)
        self.assertEqual(plan, report.plan)
        self.assertEqual(
            plan.evictions, [outcome.verdict for outcome in report.outcomes]
        )

    def test_an_unchanged_pass_writes_nothing(self):
        self.world.add('young')
        self.world.sweep(self.one)
        written = self.world.tally['marks']
        self.assertEqual(1, written)
        for host in self.world.hosts:
            self.world.sweep(host)
        self.assertEqual(written, self.world.tally['marks'])

    def test_nothing_goes_in_the_pass_that_first_sees_it_unused(self):
        self.make(Rules(min_age=0 * SECOND))
        self.world.add('debian')
        self.assertEqual([], self.did(self.world.sweep(self.one)))
        self.assertEqual([Did.EVICTED], self.did(self.world.sweep(self.one)))

    def test_a_boot_at_any_point_loses_nothing(self):
        for method, nth, after in POINTS:
            for sees in (True, False):
                with self.subTest(f'{method} {nth} {after} {sees}'):
                    self.make(sees_users=sees)
                    self.idle()
                    point = Interruption(
                        method=method, nth=nth, after=after, act=self.boot
                    )
                    self.world.sweep(self.one, point)
                    self.assert_boots_survive()

    def assert_boots_survive(self):
        for _, location in self.world.machines.values():
            self.assertIn(location, self.world.shelf.entries)
        self.world.advance(2 * HOUR / SECOND)
        self.world.sweep(self.one)
        self.world.sweep(self.other)

    def test_a_hold_at_any_point_loses_nothing(self):
        for method, nth, after in POINTS:
            with self.subTest(f'{method} {nth} {after}'):
                self.make()
                self.idle()
                point = Interruption(
                    method=method,
                    nth=nth,
                    after=after,
                    act=lambda: self.world.hold(self.other, 'debian', 'vm'),
                )
                self.world.sweep(self.one, point)
                self.world.create('vm')

    def test_a_pin_at_any_point_is_kept(self):
        for method, nth, after in POINTS:
            with self.subTest(f'{method} {nth} {after}'):
                self.make()
                self.idle()
                point = Interruption(
                    method=method,
                    nth=nth,
                    after=after,
                    act=lambda: self.world.pin(self.other, 'debian', 'ops'),
                )
                self.world.sweep(self.one, point)

    def test_a_sweep_at_any_point_of_a_hold_loses_nothing(self):
        for method, nth, after in POINTS[:6]:
            for sees in (True, False):
                with self.subTest(f'{method} {nth} {after} {sees}'):
                    self.make(sees_users=sees)
                    self.idle()
                    point = Interruption(
                        method=method,
                        nth=nth,
                        after=after,
                        act=lambda: self.world.sweep(self.one),
                    )
                    with self.other.operation(point):
                        self.boot()
                    self.assert_boots_survive()

    def test_two_sweeps_at_any_point_remove_it_once(self):
        for method, nth, after in POINTS:
            with self.subTest(f'{method} {nth} {after}'):
                self.make()
                self.idle()
                point = Interruption(
                    method=method,
                    nth=nth,
                    after=after,
                    act=lambda: self.world.sweep(self.other),
                )
                self.world.sweep(self.one, point)
                self.assertLessEqual(self.world.tally['evicted'], 1)
                self.world.advance(15 * 60)
                self.world.sweep(self.one)
                self.assertEqual({}, self.world.shelf.entries)

    def test_a_death_at_any_point_is_recovered_from(self):
        for method, nth, after in POINTS:
            with self.subTest(f'{method} {nth} {after}'):
                self.make()
                self.idle()
                death = Interruption(
                    method=method, nth=nth, after=after, act=self.one.die
                )
                self.world.sweep(self.one, death)
                # No lock for ever: a claim and a skew later it is free.
                self.world.advance(11 * 60 + 1)
                self.world.sweep(self.other)
                self.assertEqual({}, self.world.shelf.entries)


class StandsStill(Protocol):
    """A host stops anywhere, longer than it may; others are granted."""

    def granted(self):
        self.world.advance(STILL)
        self.world.hold(self.other, 'debian', 'vm')
        self.world.pin(self.other, 'debian', 'ops')

    def cases(self):
        for method, nth, after in POINTS:
            for one_step in (True, False):
                for force in (True, False):
                    with self.subTest(f'{method} {after} {one_step} {force}'):
                        self.make(one_step=one_step)
                        yield (
                            self.idle(),
                            force,
                            Interruption(
                                method=method,
                                nth=nth,
                                after=after,
                                act=self.granted,
                            ),
                        )

    def test_what_was_granted_meanwhile_is_not_overtaken(self):
        for location, force, stop in self.cases():
            if force:
                self.world.evict(self.one, 'debian', stop, force=True)
            else:
                self.world.sweep(self.one, stop)
            granted = self.world.tally['holds'], self.world.tally['pins']
            there = location in self.world.shelf.entries
            self.assertEqual((there, there), granted)
            self.assertEqual(there, self.world.create('vm'))

    def test_only_the_claim_tells_where_a_removal_is_no_one_step(self):
        for one_step in (True, False):
            self.make(one_step=one_step)
            self.idle()
            stop = Interruption(
                method='last', act=lambda: self.world.advance(STILL)
            )
            report = self.world.sweep(self.one, stop)
            self.assertEqual([Did.KEPT], self.did(report))
            self.assertIn('ran out of time', report.outcomes[0].why)

    def test_a_removal_that_was_lost_is_judged_like_any_other(self):
        for one_step in (True, False):
            self.make(one_step=one_step)
            location = self.idle()
            self.world.sweep(
                self.one,
                Interruption(method='evict', act=self.one.lose_the_task),
                Interruption(method='last', act=self.granted),
            )
            self.world.finish_removals()
            self.assertIn(location, self.world.shelf.entries)

    def test_who_stood_still_for_less_goes_on(self):
        for one_step in (True, False):
            self.make(one_step=one_step)
            self.idle()
            stop = Interruption(
                method='last', act=lambda: self.world.advance(539)
            )
            report = self.world.sweep(self.one, stop)
            self.assertEqual([Did.EVICTED], self.did(report))

    def test_a_clock_that_jumps_meanwhile_ends_the_claim_as_well(self):
        """As after a suspend, of which a monotonic clock knows nothing."""
        for one_step in (True, False):
            self.make(one_step=one_step)
            self.idle()

            def jump():
                self.one.offset = STILL * SECOND

            report = self.world.sweep(
                self.one, Interruption(method='last', act=jump)
            )
            self.assertEqual([Did.KEPT], self.did(report))


class Claims(Protocol):
    def test_it_withdraws_its_claim_from_what_it_keeps(self):
        location = self.idle()
        boot = Interruption(method='mark', act=self.boot)
        report = self.world.sweep(self.one, boot)
        self.assertEqual([Did.KEPT], self.did(report))
        self.assertEqual(Reason.IN_USE, report.outcomes[0].verdict.reason)
        self.assertEqual({}, self.marks(location).claims)

    def test_it_insists_on_seeing_its_own_claim(self):
        location = self.idle()

        def readd():
            self.world.lose(location)
            self.world.add('debian', location)

        hold = Interruption(
            method='evict',
            act=lambda: self.world.hold(self.other, 'debian', 'vm'),
        )
        outcomes = self.world.evict(
            self.one,
            'debian',
            Interruption(method='mark', after=True, act=readd),
            hold,
            force=True,
        )
        self.assertEqual([Did.KEPT], [one.did for one in outcomes])
        self.assertIn('claim', outcomes[0].why)

    def test_the_claims_of_others_stand_for_none_of_its_own(self):
        location = self.idle()
        died = claim_label('zz', self.world.now() - 2 * MINUTE)

        def lose_the_claim():
            [own] = self.marks(location).labels_of('claim')
            self.unlabel(location, own)
            self.label(location, died)

        report = self.world.sweep(
            self.one,
            Interruption(method='mark', after=True, act=lose_the_claim),
        )
        self.assertEqual([Did.KEPT], self.did(report))
        self.assertEqual('its claim was lost', report.outcomes[0].why)

    def test_of_two_claims_the_smaller_token_stays_and_evicts(self):
        location = self.idle()
        report = self.world.sweep(self.one, *self.claim_beside(location))
        self.assertEqual([Did.EVICTED], self.did(report))

    def test_of_two_claims_the_larger_token_withdraws_at_once(self):
        location = self.idle()
        rival = claim_label('00', self.world.now() + 10 * MINUTE)
        report = self.world.sweep(
            self.one,
            Interruption(
                method='mark',
                after=True,
                act=lambda: self.label(location, rival),
            ),
        )
        self.assertEqual([Did.KEPT], self.did(report))
        self.assertEqual(Reason.BUSY, report.outcomes[0].verdict.reason)
        self.assertEqual(['00'], list(self.marks(location).claims))
        self.assertEqual(0.0, self.world.seconds)

    def test_it_waits_for_a_claim_no_longer_than_its_deadline(self):
        location = self.idle()
        rival = claim_label('zz', self.world.now() + 24 * HOUR)
        report = self.world.sweep(
            self.one,
            Interruption(
                method='mark',
                after=True,
                act=lambda: self.label(location, rival),
            ),
        )
        self.assertEqual([Did.KEPT], self.did(report))
        self.assertLess(self.world.seconds, 310)
        self.assertEqual(['zz'], list(self.marks(location).claims))

    def test_anothers_claim_counts_for_a_skew_beyond_its_expiry(self):
        for late, reason in ((60, Reason.BUSY), (61, Reason.EXPIRED)):
            with self.subTest(late):
                self.make()
                location = self.idle()
                expiry = self.world.now() - late * SECOND
                self.label(location, claim_label('zz', expiry))
                plan = self.one.cache.plan(self.world.evidence(self.one))
                self.assertEqual(reason, plan.verdicts[0].reason)

    def test_nobodys_claim_is_removed_before_it_is_long_dead(self):
        location = self.idle()
        expiry = self.world.now() - 2 * MINUTE
        self.label(location, claim_label('zz', expiry))
        self.pinned(location)
        self.world.sweep(self.one)
        self.assertEqual(['zz'], list(self.marks(location).claims))
        self.world.advance(15 * 60)
        self.world.sweep(self.one)
        self.assertEqual({}, self.marks(location).claims)

    def pinned(self, location):
        self.label(location, 'pin.ops')

    def test_an_evictor_leaves_expired_claims_of_others_alone(self):
        location = self.idle()
        expired = claim_label('zz', self.world.now() - 2 * MINUTE)
        self.label(location, expired)
        boot = Interruption(method='mark', act=self.boot)
        self.world.sweep(self.one, boot)
        self.assertIn(expired, self.box(location).labels)

    def test_it_does_not_begin_after_its_deadline(self):
        for method, nth, after in POINTS[2:7]:
            with self.subTest(f'{method} {nth} {after}'):
                self.make()
                self.idle()
                pause = Interruption(
                    method=method,
                    nth=nth,
                    after=after,
                    act=lambda: self.world.advance(301),
                )
                report = self.world.sweep(self.one, pause)
                begun = method == 'evict' or (method, after) == (
                    'mark',
                    False,
                )
                if method == 'mark' or method == 'enumerate':
                    self.assertEqual([Did.KEPT], self.did(report))
                else:
                    self.assertTrue(begun)

    def test_its_deadline_runs_on_the_wall_clock_too(self):
        self.idle()

        def jump():
            self.one.offset += 301 * SECOND

        report = self.world.sweep(
            self.one, Interruption(method='enumerate', nth=1, act=jump)
        )
        self.assertEqual([Did.KEPT], self.did(report))

    def test_a_clock_set_back_does_not_prolong_its_deadline(self):
        self.idle()

        def stall():
            self.one.offset -= 400 * SECOND
            self.world.advance(400)

        report = self.world.sweep(
            self.one, Interruption(method='enumerate', nth=1, act=stall)
        )
        self.assertEqual([Did.KEPT], self.did(report))

    def test_a_slow_batch_is_finished_under_new_claims(self):
        self.make(batch=10)
        for n in range(6):
            self.idle(f'image-{n}')
        slow = [
            Interruption(
                method='evict', nth=n, act=lambda: self.world.advance(200)
            )
            for n in range(6)
        ]
        report = self.world.sweep(self.one, *slow)
        self.assertEqual([Did.EVICTED] * 6, self.did(report))
        self.assertGreater(self.world.tally['marks'], 6)

    def test_a_batch_has_one_fresh_look(self):
        self.make(batch=10)
        for n in range(10):
            self.idle(f'image-{n}')
        with self.one.operation():
            self.one.cache.sweep(lambda: self.world.evidence(self.one))
            self.assertEqual(
                {'enumerate': 2, 'mark': 10, 'evict': 10, 'last': 10},
                self.one.calls,
            )

    def test_an_image_that_changed_its_id_is_let_go(self):
        location = self.idle()

        def rename():
            self.box(location).image_id = 'fedora'

        report = self.world.sweep(
            self.one, Interruption(method='enumerate', nth=1, act=rename)
        )
        self.assertEqual([Did.GONE], self.did(report))
        self.assertIn(location, self.world.shelf.entries)

    def test_what_a_fresh_look_cannot_see_is_let_go(self):
        location = self.idle()
        self.world.sweep(
            self.one,
            Interruption(method='enumerate', nth=1, act=self.one.unavailable),
        )
        self.assertEqual({}, self.marks(location).claims)

    def test_an_image_that_got_busy_meanwhile_is_let_go(self):
        location = self.idle()
        rival = claim_label('zz', self.world.now() + 10 * MINUTE)

        def busy():
            self.box(location).busy = 'it is cloned'
            self.label(location, rival)

        self.world.sweep(
            self.one, Interruption(method='mark', after=True, act=busy)
        )
        self.assertEqual(['zz'], list(self.marks(location).claims))
        self.assertEqual(0.0, self.world.seconds)

    def test_it_spares_what_was_added_again_at_the_same_place(self):
        location = self.idle()

        def readd():
            self.world.lose(location)
            self.world.add('debian', location)
            self.world.hold(self.other, 'debian', 'vm')

        report = self.world.sweep(
            self.one, Interruption(method='evict', act=readd)
        )
        self.assertEqual([Did.KEPT], self.did(report))
        self.assertTrue(self.world.create('vm'))

    def test_hosts_further_apart_than_the_skew_are_not_promised_safety(self):
        self.idle()
        self.other.offset = -20 * MINUTE
        until = self.other.now() + 10 * MINUTE
        with self.assertRaises(Loss):
            self.world.sweep(
                self.one,
                Interruption(
                    method='mark',
                    act=lambda: self.world.pin(
                        self.other, 'debian', 'ops', until
                    ),
                ),
            )


class Failures(Protocol):
    def test_one_failure_does_not_stop_the_pass(self):
        for method, nth in (('mark', 0), ('enumerate', 1), ('evict', 0)):
            for fault in ('unavailable', 'lost', 'bug'):
                with self.subTest(f'{method} {fault}'):
                    self.make()
                    self.idle('a')
                    self.idle('b')
                    report = self.world.sweep(
                        self.one,
                        Interruption(
                            method=method,
                            nth=nth,
                            act=getattr(self.one, fault),
                        ),
                    )
                    first, second = self.did(report)
                    self.assertIn(first, (Did.FAILED, Did.UNCERTAIN))
                    self.assertEqual(Did.EVICTED, second)

    def test_a_store_that_fails_is_a_problem_and_never_empty(self):
        self.idle()
        report = self.world.sweep(
            self.one,
            Interruption(method='enumerate', act=self.one.unavailable),
        )
        self.assertEqual(['shelf'], list(report.plan.problems))
        self.assertEqual((), report.plan.verdicts)
        self.assertEqual(1, len(self.world.shelf.entries))

    def test_a_label_that_fails_is_told_and_the_rest_goes_on(self):
        self.world.add('young')
        self.idle()
        report = self.world.sweep(
            self.one, Interruption(method='mark', act=self.one.unavailable)
        )
        self.assertEqual([Did.FAILED, Did.EVICTED], self.did(report))
        self.assertIn('labelled', report.outcomes[0].why)

    def test_a_claim_that_may_have_been_written_is_withdrawn(self):
        location = self.idle()
        report = self.world.sweep(
            self.one,
            Interruption(method='mark', after=True, act=self.one.lost),
        )
        self.assertEqual([Did.FAILED], self.did(report))
        self.assertEqual({}, self.marks(location).claims)

    def test_a_lost_reply_is_followed_by_a_look(self):
        for fault in ('lost', 'bug'):
            with self.subTest(fault):
                self.make()
                self.idle()
                report = self.world.sweep(
                    self.one,
                    Interruption(
                        method='evict',
                        after=True,
                        act=getattr(self.one, fault),
                    ),
                )
                self.assertEqual([Did.GONE], self.did(report))
                self.assertIsNone(report.outcomes[0].freed)

    def test_an_uncertain_image_stays_claimed(self):
        for fault in ('lost', 'bug'):
            with self.subTest(fault):
                self.make()
                location = self.idle()
                report = self.world.sweep(
                    self.one,
                    Interruption(method='evict', act=getattr(self.one, fault)),
                )
                self.assertEqual([Did.UNCERTAIN], self.did(report))
                self.assertEqual(1, len(self.marks(location).claims))
                with self.assertRaises(ImageBusy):
                    self.other.cache.hold('debian', 'vm', TTL)

    def test_a_pending_removal_is_followed_to_its_end(self):
        self.idle()
        report = self.world.sweep(
            self.one,
            Interruption(method='evict', act=self.one.lose_the_task),
            Interruption(
                method='sleep', nth=3, act=self.world.finish_removals
            ),
        )
        self.assertEqual([Did.GONE], self.did(report))

    def test_what_was_added_again_is_not_taken_for_what_is_followed(self):
        location = self.idle()

        def done_and_added_again():
            self.world.finish_removals()
            self.world.add('debian', location)

        report = self.world.sweep(
            self.one,
            Interruption(method='evict', act=self.one.lose_the_task),
            Interruption(method='sleep', nth=1, act=done_and_added_again),
        )
        self.assertEqual([Did.GONE], self.did(report))

    def test_nor_if_somebody_else_claims_it_by_now(self):
        location = self.idle()

        def done_added_again_and_claimed():
            self.world.finish_removals()
            self.world.add('debian', location)
            expiry = self.world.now() + 10 * MINUTE
            self.label(location, claim_label('zz', expiry))

        report = self.world.sweep(
            self.one,
            Interruption(method='evict', act=self.one.lose_the_task),
            Interruption(
                method='sleep', nth=1, act=done_added_again_and_claimed
            ),
        )
        self.assertEqual([Did.GONE], self.did(report))

    def test_it_is_followed_no_longer_than_a_deadline(self):
        self.idle()
        report = self.world.sweep(
            self.one,
            Interruption(method='evict', act=self.one.lose_the_task),
        )
        self.assertEqual([Did.UNCERTAIN], self.did(report))
        self.assertLess(self.world.seconds, 310)

    def test_what_is_not_busy_is_not_followed(self):
        self.idle()
        self.world.sweep(
            self.one, Interruption(method='evict', act=self.one.lost)
        )
        self.assertEqual(0.0, self.world.seconds)

    def test_while_it_is_followed_its_claim_is_renewed(self):
        location = self.idle()
        first = self.world.now() + 10 * MINUTE
        self.world.sweep(
            self.one,
            Interruption(
                method='enumerate',
                nth=1,
                act=lambda: self.world.advance(250),
            ),
            Interruption(method='evict', act=self.one.lose_the_task),
        )
        (expiry,) = self.marks(location).claims.values()
        self.assertGreater(expiry, first)
        self.assertEqual(1, len(self.marks(location).labels_of('claim')))

    def test_a_claim_that_died_is_not_renewed(self):
        location = self.idle()
        self.world.sweep(
            self.one,
            Interruption(method='evict', act=self.one.lose_the_task),
            Interruption(
                method='enumerate',
                nth=2,
                act=lambda: setattr(self.one, 'offset', 10 * MINUTE),
            ),
        )
        (expiry,) = self.marks(location).claims.values()
        self.assertEqual(START + 10 * MINUTE, expiry)

    def test_a_pending_removal_keeps_everybody_off_however_old_the_claim(
        self,
    ):
        self.idle()
        self.world.sweep(
            self.one,
            Interruption(method='evict', act=self.one.lose_the_task),
        )
        self.world.advance(2 * HOUR / SECOND)
        self.assertEqual([], self.did(self.world.sweep(self.other)))
        with self.assertRaises(ImageBusy):
            self.other.cache.hold('debian', 'vm', TTL)


class Testimony(Protocol):
    """What the control plane says, where the backend cannot see users."""

    def setUp(self) -> None:
        self.make(sees_users=False)
        self.location = self.idle()

    def create_unheld(self) -> None:
        """Make a machine as a driver without this library would."""
        self.box(self.location).users.add('vm')
        self.world.machines['vm'] = (self.other, self.location)

    def reason(self, ask) -> Reason:
        report = self.world.sweep(self.one, ask=ask)
        (verdict,) = report.plan.verdicts
        for outcome in report.outcomes:
            verdict = outcome.verdict
        self.assertIn(self.location, self.world.shelf.entries)
        return verdict.reason

    def test_incomplete_evidence_proves_no_absence(self):
        self.create_unheld()
        for kind in ('own', 'nobody'):
            with self.subTest(kind):
                reason = self.reason(
                    lambda kind=kind: self.world.evidence(self.one, kind)
                )
                self.assertEqual(Reason.UNKNOWN, reason)

    def test_who_was_made_at_the_moment_of_the_list_is_not_lost(self):
        self.one.offset = self.world.rules.clock_skew
        said = self.world.evidence(self.one)
        self.boot()
        self.one.cache.evict('debian', said, force=True)
        self.assertIn(self.location, self.world.shelf.entries)

    def test_stale_evidence_proves_no_absence(self):
        old = self.world.evidence(self.one)
        self.world.advance(301)
        self.create_unheld()
        self.assertEqual(Reason.UNKNOWN, self.reason(lambda: old))

    def test_evidence_from_the_future_proves_no_absence(self):
        ahead = Evidence(complete=True, as_of=START + 61 * SECOND)
        self.create_unheld()
        self.assertEqual(Reason.UNKNOWN, self.reason(lambda: ahead))

    def test_aged_evidence_is_asked_for_again(self):
        answers = [
            self.world.evidence(self.one),
            Evidence(
                users={'debian': frozenset({'vm'})},
                complete=True,
                as_of=START + 301 * SECOND,
            ),
        ]
        report = self.world.sweep(
            self.one,
            Interruption(
                method='enumerate',
                after=True,
                act=lambda: self.world.advance(301),
            ),
            ask=lambda: answers.pop(0),
        )
        self.assertEqual([Did.KEPT], self.did(report))
        self.assertEqual(Reason.IN_USE, report.outcomes[0].verdict.reason)

    def test_a_control_plane_that_fails_later_proves_nothing_more(self):
        answers = [self.world.evidence(self.one)]

        def ask():
            if not answers:
                raise StoreUnavailable('control plane', 'no answer')
            return answers.pop()

        report = self.world.sweep(
            self.one,
            Interruption(
                method='enumerate',
                after=True,
                act=lambda: self.world.advance(301),
            ),
            ask=ask,
        )
        self.assertEqual(Reason.UNKNOWN, report.outcomes[0].verdict.reason)

    def test_unknown_use_starts_no_ageing(self):
        self.box(self.location).labels.clear()
        reason = self.reason(lambda: self.world.evidence(self.one, 'nobody'))
        self.assertEqual(Reason.UNKNOWN, reason)
        self.assertEqual(set(), self.box(self.location).labels)

    def test_a_lease_lasts_until_newer_evidence(self):
        before = self.world.evidence(self.one)
        self.boot()
        self.world.advance(200)
        self.assertEqual(Reason.LEASED, self.reason(lambda: before))
        outcomes = self.one.cache.evict('debian', before, force=True)
        self.assertEqual(Reason.LEASED, outcomes[0].verdict.reason)

    def test_newer_evidence_ends_a_lease(self):
        self.boot()
        self.world.stop('vm')
        self.world.advance(61)
        self.world.sweep(self.one)
        self.world.advance(HOUR / SECOND)
        report = self.world.sweep(self.one)
        self.assertEqual([Did.EVICTED], self.did(report))


class Holds(Protocol):
    def test_a_hold_restarts_the_age_and_outlives_itself(self):
        location = self.idle()
        self.world.hold(self.other, 'debian', 'vm')
        self.world.release('vm')
        self.assertIsNone(self.marks(location).unused_since)
        self.assertEqual(1, self.marks(location).hits)
        self.assertEqual([], self.did(self.world.sweep(self.one)))
        self.world.advance(HOUR / SECOND - 1)
        self.assertEqual([], self.did(self.world.sweep(self.one)))
        self.world.advance(1)
        self.assertEqual([Did.EVICTED], self.did(self.world.sweep(self.one)))

    def test_nothing_is_held_that_is_not_cached(self):
        self.assertEqual([], self.other.cache.hold('debian', 'vm', TTL))
        location = self.idle()
        lose = Interruption(
            method='mark',
            after=True,
            act=lambda: self.world.lose(location, rudely=True),
        )
        with self.other.operation(lose):
            self.assertEqual([], self.other.cache.hold('debian', 'vm', TTL))

    def test_a_hold_is_granted_only_on_its_own_label(self):
        location = self.idle()

        def readd():
            self.world.lose(location, rudely=True)
            self.world.add('debian', location)

        again = Interruption(method='mark', after=True, act=readd)
        with self.other.operation(again):
            (held,) = self.other.cache.hold('debian', 'vm', TTL)
        self.assertEqual({'vm'}, set(held.marks.leases))
        self.assertEqual({'vm'}, set(self.marks(location).leases))

    def test_a_hold_has_half_its_time_left(self):
        self.idle()
        slow = Interruption(
            method='enumerate', nth=1, act=lambda: self.world.advance(290)
        )
        with self.other.operation(slow):
            (held,) = self.other.cache.hold(
                'debian', 'vm', TTL, timeout=10 * MINUTE
            )
        left = held.marks.leases['vm'] - self.world.now()
        self.assertGreaterEqual(left, TTL / 2)

    def test_a_hold_is_not_granted_over_a_live_claim(self):
        location = self.idle()
        claim = claim_label('zz', self.world.now() + 10 * MINUTE)
        self.label(location, claim)
        with self.assertRaises(ImageBusy):
            self.other.cache.hold('debian', 'vm', TTL)
        self.assertEqual({}, self.marks(location).leases)
        self.assertLessEqual(self.world.seconds, 62)

    def test_a_hold_judges_claims_as_of_before_its_look(self):
        location = self.idle()
        claim = claim_label('zz', self.world.now() + 10 * MINUTE)
        self.label(location, claim)

        def removed_in_time_but_the_reply_comes_late():
            dict.__delitem__(self.world.shelf.entries, location)
            self.world.advance(700)

        late = Interruption(
            method='enumerate',
            nth=1,
            after=True,
            act=removed_in_time_but_the_reply_comes_late,
        )
        with self.other.operation(late), self.assertRaises(ImageBusy):
            self.other.cache.hold('debian', 'vm', HOUR)

    def test_copies_are_held_by_one_and_the_same_look(self):
        first, second = self.idle(), self.idle()
        claim = claim_label('zz', self.world.now() + 10 * MINUTE)
        self.label(second, claim)
        wait = Interruption(
            method='sleep',
            nth=100,
            act=lambda: self.unlabel(second, claim),
        )
        with self.other.operation(wait):
            held = self.other.cache.hold(
                'debian', 'vm', 3 * MINUTE, timeout=10 * MINUTE
            )
        self.assertEqual([first, second], [one.location for one in held])
        for image in held:
            left = image.marks.leases['vm'] - self.world.now()
            self.assertGreaterEqual(left, 3 * MINUTE / 2)

    def test_a_hold_waits_for_a_claim_to_be_withdrawn(self):
        location = self.idle()
        claim = claim_label('zz', self.world.now() + 10 * MINUTE)
        self.label(location, claim)
        wait = Interruption(
            method='sleep', nth=2, act=lambda: self.unlabel(location, claim)
        )
        with self.other.operation(wait):
            held = self.other.cache.hold('debian', 'vm', TTL)
        self.assertEqual([location], [image.location for image in held])
        self.assertEqual(1, len(self.marks(location).labels_of('lease')))

    def test_what_was_evicted_while_a_hold_waited_is_not_cached(self):
        for method in ('sleep', 'enumerate', 'mark'):
            with self.subTest(method):
                self.make()
                location = self.idle()
                claim = claim_label('zz', self.world.now() + 10 * MINUTE)
                self.label(location, claim)
                lose = Interruption(
                    method=method,
                    nth=1,
                    act=lambda at=location: self.world.lose(at, rudely=True),
                )
                with self.other.operation(lose):
                    held = self.other.cache.hold('debian', 'vm', TTL)
                self.assertEqual([], held)

    def test_a_hold_whose_renewal_is_lost_keeps_no_lease(self):
        location = self.idle()
        claim = claim_label('zz', self.world.now() + 10 * MINUTE)
        self.label(location, claim)
        lost = Interruption(
            method='mark', nth=1, after=True, act=self.other.lost
        )
        with self.other.operation(lost), self.assertRaises(Uncertain):
            self.other.cache.hold('debian', 'vm', TTL)
        self.assertEqual({}, self.marks(location).leases)

    def test_a_hold_that_dies_ends_by_itself(self):
        location = self.idle()
        die = Interruption(method='mark', after=True, act=self.other.die)
        with self.other.operation(die):
            self.other.cache.hold('debian', 'vm', TTL)
        self.assertEqual(['vm'], list(self.marks(location).leases))
        self.world.advance(6 * 60 + 1)
        self.world.sweep(self.one)
        self.world.advance(HOUR / SECOND)
        self.assertEqual([Did.EVICTED], self.did(self.world.sweep(self.one)))

    def test_anothers_lease_counts_for_a_skew_beyond_its_expiry(self):
        location = self.idle()
        self.other.cache.hold('debian', 'vm', TTL)
        self.label(location, unused_label(LONG_AGO))
        for seconds, blocked in ((360, True), (1, False)):
            self.world.advance(seconds)
            plan = self.one.cache.plan(self.world.evidence(self.one))
            self.assertEqual(blocked, plan.verdicts[0].reason is Reason.LEASED)

    def test_a_lease_too_short_to_be_used_is_refused(self):
        self.idle()
        for ttl in (0 * MINUTE, -MINUTE, 2 * MINUTE):
            with self.assertRaises(ValueError):
                self.other.cache.hold('debian', 'vm', ttl)

    def test_release_leaves_other_leases(self):
        location = self.idle()
        for vm in ('vm-1', 'vm-2'):
            self.other.cache.hold('debian', vm, TTL)
        self.other.cache.release('debian', 'vm-1')
        self.assertEqual(['vm-2'], list(self.marks(location).leases))


class Pins(Protocol):
    def test_a_pin_replaces_the_owners_earlier_one_only(self):
        location = self.idle()
        cache = self.one.cache
        cache.pin('debian', 'dev')
        cache.pin('debian', 'ops', START + HOUR)
        cache.pin('debian', 'ops', START + MINUTE)
        self.assertEqual(
            {'dev': None, 'ops': START + MINUTE}, self.marks(location).pins
        )

    def test_a_pin_that_is_not_granted_leaves_the_earlier_one(self):
        for earlier in (None, START + HOUR):
            with self.subTest(earlier):
                self.make()
                location = self.idle()
                self.one.cache.pin('debian', 'ops', earlier)
                claim = claim_label('zz', self.world.now() + 10 * MINUTE)
                self.label(location, claim)
                for until in (None, START + HOUR, START + 2 * HOUR):
                    with self.assertRaises(ImageBusy):
                        self.one.cache.pin('debian', 'ops', until)
                    self.assertEqual(
                        {'ops': earlier}, self.marks(location).pins
                    )

    def test_a_refused_pin_leaves_the_pin_on_another_copy(self):
        first = self.idle()
        self.one.cache.pin('debian', 'ops')
        self.label(first, claim_label('zz', self.world.now() + HOUR))
        second = self.idle()
        with self.assertRaises(ImageBusy):
            self.one.cache.pin('debian', 'ops')
        self.assertEqual({'ops': None}, self.marks(first).pins)
        self.assertEqual({'ops': None}, self.marks(second).pins)

    def test_a_pin_that_fails_half_way_is_withdrawn(self):
        location = self.idle()
        fail = Interruption(
            method='enumerate', nth=1, act=self.one.unavailable
        )
        with self.one.operation(fail), self.assertRaises(StoreUnavailable):
            self.one.cache.pin('debian', 'ops')
        self.assertEqual({}, self.marks(location).pins)

    def test_a_copy_that_goes_while_it_is_pinned_again_is_not_cached(self):
        location = self.idle()
        self.one.cache.pin('debian', 'ops', START + HOUR)
        lose = Interruption(
            method='mark',
            nth=1,
            act=lambda: self.world.lose(location, rudely=True),
        )
        self.world.pins.clear()
        with self.one.operation(lose):
            self.assertEqual([], self.one.cache.pin('debian', 'ops'))

    def test_pinning_again_writes_nothing(self):
        self.idle()
        self.one.cache.pin('debian', 'ops')
        written = self.world.tally['marks']
        self.one.cache.pin('debian', 'ops')
        self.assertEqual(written, self.world.tally['marks'])

    def test_a_pin_that_cannot_be_is_refused(self):
        self.idle()
        naive = datetime.datetime(2030, 1, 1)  # noqa: DTZ001
        for until in (START, naive):
            with self.assertRaises(ValueError):
                self.one.cache.pin('debian', 'ops', until)

    def test_unpin_tells_which_copies_it_freed(self):
        self.idle()
        self.assertEqual([], self.one.cache.unpin('debian', 'ops'))
        self.one.cache.pin('debian', 'ops')
        self.assertEqual(1, len(self.one.cache.unpin('debian', 'ops')))


class Explicit(Protocol):
    """An explicit evict, and what force may pass."""

    def evict(self, *script, force: bool):
        return self.world.evict(self.one, 'debian', *script, force=force)

    def test_force_names_what_it_passed(self):
        self.make(Rules(min_age=HOUR, protected=Patterns.parse(['deb*'])))
        location = self.idle()
        self.label(location, 'pin.ops')
        (kept,) = self.evict(force=False)
        self.assertEqual(Did.KEPT, kept.did)
        (outcome,) = self.evict(force=True)
        self.assertEqual(Did.EVICTED, outcome.did)
        self.assertEqual(
            [Reason.PINNED, Reason.PROTECTED],
            [blocker.reason for blocker in outcome.overruled],
        )

    def test_force_passes_youth_and_the_switch(self):
        self.make(Rules(remove_unused=False))
        self.world.add('debian')
        (outcome,) = self.evict(force=True)
        self.assertEqual(Did.EVICTED, outcome.did)

    def test_force_never_passes_the_hard_ones(self):
        for say in ('busy', 'unknown', 'undeletable'):
            with self.subTest(say):
                self.make()
                self.idle(**{say: 'because'})
                (outcome,) = self.evict(force=True)
                self.assertEqual(Did.KEPT, outcome.did)
                self.assertEqual(say, outcome.verdict.reason)

    def test_force_never_passes_use_or_a_lease(self):
        self.idle()
        self.world.hold(self.other, 'debian', 'vm')
        (outcome,) = self.evict(force=True)
        self.assertEqual(Reason.LEASED, outcome.verdict.reason)
        self.world.create('vm')
        (outcome,) = self.evict(force=True)
        self.assertEqual(Reason.IN_USE, outcome.verdict.reason)

    def test_force_passes_only_the_pins_that_it_saw_at_first(self):
        self.idle()
        self.one.cache.pin('debian', 'dev')
        pin = Interruption(
            method='mark',
            act=lambda: self.world.pin(self.other, 'debian', 'ops'),
        )
        (outcome,) = self.evict(pin, force=True)
        self.assertEqual(Did.KEPT, outcome.did)
        self.assertEqual((), outcome.overruled)
        self.assertEqual(Reason.PINNED, outcome.verdict.reason)

    def test_a_lease_is_judged_as_of_before_the_look(self):
        location = self.idle()

        def hold():
            self.other.cache.hold('debian', 'vm', 2 * MINUTE + SECOND)

        def use_and_let_the_lease_run_out():
            self.box(location).users.add('vm')
            self.world.machines['vm'] = (self.other, location)
            self.world.advance(200)

        (outcome,) = self.evict(
            Interruption(method='mark', act=hold),
            Interruption(
                method='enumerate',
                nth=1,
                after=True,
                act=use_and_let_the_lease_run_out,
            ),
            force=True,
        )
        self.assertEqual(Reason.LEASED, outcome.verdict.reason)

    def test_force_does_not_pass_a_new_pin_of_the_same_owner(self):
        self.idle()
        self.world.pin(self.one, 'debian', 'ops', START + HOUR)

        def pin_again():
            self.world.unpin(self.other, 'debian', 'ops')
            self.world.pin(self.other, 'debian', 'ops')

        (outcome,) = self.evict(
            Interruption(method='mark', act=pin_again), force=True
        )
        self.assertEqual(Reason.PINNED, outcome.verdict.reason)

    def test_what_is_not_cached_gives_no_outcome(self):
        self.assertEqual([], self.evict(force=True))


class Duplicates(Protocol):
    def two_copies(self):
        keeper = self.idle()
        self.box(keeper).users.add('vm')
        self.world.machines['vm'] = (self.other, keeper)
        return keeper, self.idle()

    def test_the_unused_copy_goes(self):
        keeper, _ = self.two_copies()
        report = self.world.sweep(self.one)
        self.assertEqual([Did.EVICTED], self.did(report))
        self.assertEqual(Reason.DUPLICATE, report.outcomes[0].verdict.reason)
        self.assertEqual([keeper], list(self.world.shelf.entries))

    def test_it_goes_whatever_died_with_a_claim_on_it(self):
        keeper, spare = self.two_copies()
        died = self.world.now() - 2 * MINUTE
        self.label(spare, claim_label('zz', died))
        report = self.world.sweep(self.one)
        self.assertEqual([Did.EVICTED], self.did(report))
        self.assertEqual([keeper], list(self.world.shelf.entries))

    def test_beside_an_unclear_copy_none_is_surplus(self):
        keeper, spare = self.two_copies()
        for say in ('unknown', 'busy'):
            with self.subTest(say):
                setattr(self.box(keeper), say, 'because')
                self.assertEqual([], self.did(self.world.sweep(self.one)))
                setattr(self.box(keeper), say, None)

    def test_beside_a_claimed_keeper_none_is_surplus(self):
        keeper, spare = self.two_copies()
        rival = claim_label('zz', self.world.now() + 10 * MINUTE)
        report = self.world.sweep(
            self.one,
            Interruption(
                method='mark',
                after=True,
                act=lambda: self.label(keeper, rival),
            ),
        )
        self.assertEqual([Did.KEPT], self.did(report))
        self.assertEqual(Reason.IN_USE, report.outcomes[0].verdict.reason)

    def test_a_copy_that_became_the_only_one_is_judged_as_such(self):
        keeper, spare = self.two_copies()
        box = self.box(keeper)

        def vanish():
            # The machine moved off the copy, as a storage migration does.
            box.users.clear()
            self.world.lose(keeper)
            self.world.machines['vm'] = (self.other, spare)

        report = self.world.sweep(
            self.one, Interruption(method='enumerate', nth=1, act=vanish)
        )
        self.assertEqual([Did.KEPT], self.did(report))
        self.assertEqual(Reason.IN_USE, report.outcomes[0].verdict.reason)


class Clocks(Protocol):
    def test_a_last_use_in_the_future_is_rewritten_as_now(self):
        location = self.idle()
        self.box(location).labels = {
            unused_label(START + datetime.timedelta(days=3650))
        }
        self.world.sweep(self.one)
        self.assertEqual(START, self.marks(location).unused_since)

    def test_a_wild_clock_evicts_nothing_in_use(self):
        for days in (-3650, -1, 1, 3650):
            with self.subTest(days):
                self.make()
                self.idle()
                self.boot()
                self.one.offset = datetime.timedelta(days=days)
                for _ in range(3):
                    self.world.sweep(self.one)
                    self.world.advance(HOUR / SECOND)
                self.assertEqual(1, len(self.world.shelf.entries))
