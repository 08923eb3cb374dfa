"""Which image goes, and why: tables of values."""

import dataclasses
import itertools
import random
from typing import Any

import hypothesis
from hypothesis import strategies as st
import pytest

from imagecache_handlers.labels import Marks
from imagecache_handlers.model import Evidence
from imagecache_handlers.planning import blockers as blocking
from imagecache_handlers.planning import duplicates
from imagecache_handlers.planning.plan import make_plan
from imagecache_handlers.planning import policies
from imagecache_handlers.planning.protected import Patterns
from imagecache_handlers.planning.rules import Rules
from imagecache_handlers.planning.verdicts import Blocker
from imagecache_handlers.planning.verdicts import Change
from imagecache_handlers.planning.verdicts import FORCEABLE
from imagecache_handlers.planning.verdicts import keep_blocked
from imagecache_handlers.planning.verdicts import Plan
from imagecache_handlers.planning.verdicts import Reason
from imagecache_handlers.planning.verdicts import Verdict
from tests.planning.values import changed
from tests.planning.values import DAY
from tests.planning.values import evidence
from tests.planning.values import going
from tests.planning.values import HOUR
from tests.planning.values import idle
from tests.planning.values import image
from tests.planning.values import labels_of
from tests.planning.values import MINUTE
from tests.planning.values import NOW
from tests.planning.values import planned
from tests.planning.values import ready
from tests.planning.values import reasons
from tests.planning.values import SECOND
from tests.planning.values import shelf
from tests.planning.values import stamp
from tests.planning.values import verdict

SOON = stamp(NOW + HOUR)
VM = frozenset({'vm'})
UNUSED_NOW = f'unused.{stamp(NOW)}'

Fields = dict[str, Any]

# What makes each blocker: (fields of the image, its labels, the rules).
CAUSES: dict[Reason, tuple[Fields, list[str], Fields]] = {
    Reason.IN_USE: ({'users': VM}, [], {}),
    Reason.BUSY: ({'busy': 'being copied'}, [], {}),
    Reason.UNKNOWN: ({'unknown': 'no reply'}, [], {}),
    Reason.LEASED: ({}, [f'lease.vm.{SOON}'], {}),
    Reason.UNDELETABLE: ({'undeletable': 'read-only'}, [], {}),
    Reason.PINNED: ({}, ['pin.ops'], {}),
    Reason.PROTECTED: ({}, [], {'protected': Patterns.parse(['a'])}),
    Reason.DISABLED: ({}, [], {'remove_unused': False}),
    Reason.TOO_YOUNG: ({}, [], {'min_age': 99 * DAY}),
}


def caused(*why):
    """The verdict on an image that would go but for these causes."""
    fields: Fields = {}
    labels: list[str] = []
    rules: Fields = {}
    for reason in why:
        fields |= CAUSES[reason][0]
        labels += CAUSES[reason][1]
        rules |= CAUSES[reason][2]
    return verdict(ready('a', *labels, **fields), **rules)


class TestVerdicts:
    def test_an_image_that_nothing_keeps_goes(self):
        said = caused()

        assert (said.evict, said.reason) == (True, Reason.EXPIRED)
        assert (said.blockers, said.rank, said.until) == ((), 0, None)

    @pytest.mark.parametrize('why', CAUSES)
    def test_each_blocker_keeps_it(self, why):
        said = caused(why)

        assert (said.evict, said.reason, said.rank) == (False, why, None)
        assert [blocker.reason for blocker in said.blockers] == [why]

    @pytest.mark.parametrize('pair', [*itertools.combinations(CAUSES, 2)])
    def test_the_harder_blocker_is_the_reason_and_both_are_told(self, pair):
        for why in (pair, pair[::-1]):
            said = caused(*why)
            assert said.reason is pair[0]
            assert [one.reason for one in said.blockers] == list(pair)

    def test_all_blockers_are_told_hardest_first(self):
        said = caused(*CAUSES)

        assert [one.reason for one in said.blockers] == list(CAUSES)
        assert list(CAUSES) == list(Reason)[: len(CAUSES)]

    def test_what_may_be_forced_is_softer_than_what_may_not(self):
        assert list(CAUSES)[5:] == [one for one in Reason if one in FORCEABLE]

    def test_the_public_blockers_are_those_of_the_plan(self):
        one = ready('a', 'pin.ops', users=VM)

        found = blocking.find_blockers(one, evidence(), NOW, Rules())

        reasons = [blocker.reason for blocker in found]
        assert reasons == [Reason.IN_USE, Reason.PINNED]

    def test_blocked_keeps_an_image_for_the_hardest(self):
        why = (Blocker(reason=Reason.BUSY), Blocker(reason=Reason.PINNED))

        said = keep_blocked(image(), why)

        assert (said.evict, said.reason) == (False, Reason.BUSY)
        assert said.blockers == why


PINNED = (Blocker(reason=Reason.PINNED),)


@pytest.mark.parametrize(
    'given',
    [
        # To evict a blocked image.
        {'evict': True, 'reason': Reason.PINNED, 'blockers': PINNED},
        {'evict': True, 'reason': Reason.SPACE, 'blockers': PINNED},
        {
            'evict': True,
            'reason': Reason.SPACE,
            'blockers': PINNED,
            'rank': 0,
        },
        # Without a ground, or to keep it with one.
        {'evict': True, 'reason': Reason.NOT_NEEDED, 'rank': 0},
        {'evict': True, 'reason': Reason.PINNED, 'rank': 0},
        {'evict': False, 'reason': Reason.EXPIRED, 'rank': 0},
        {'evict': False, 'reason': Reason.SPACE, 'blockers': PINNED},
        # A rank for a blocked image, or none for a free one.
        {
            'evict': False,
            'reason': Reason.PINNED,
            'blockers': PINNED,
            'rank': 0,
        },
        {'evict': True, 'reason': Reason.SPACE},
        {'evict': False, 'reason': Reason.NOT_NEEDED},
        # Blocked by nothing, or for what is not the hardest.
        {'evict': False, 'reason': Reason.PINNED, 'rank': 0},
        {'evict': False, 'reason': Reason.PINNED},
        {'evict': False, 'reason': Reason.BUSY, 'blockers': PINNED},
        {'evict': False, 'reason': Reason.NOT_NEEDED, 'blockers': PINNED},
    ],
)
def test_an_impossible_verdict_cannot_be_made(given):
    with pytest.raises(ValueError, match='cannot be judged'):
        Verdict(image=image(), **given)


class TestSilenceIsNotAbsence:
    SAID = {
        'complete': (evidence(), True),
        'just fresh': (evidence(as_of=NOW - 5 * MINUTE), True),
        'a little ahead': (evidence(as_of=NOW + MINUTE), True),
        'incomplete': (evidence(complete=False), False),
        'incomplete, of others': (evidence(complete=False, b=VM), False),
        'stale': (evidence(as_of=NOW - 5 * MINUTE - SECOND), False),
        'of the future': (evidence(as_of=NOW + MINUTE + SECOND), False),
        'ages old': (evidence(as_of=NOW - 9999 * DAY), False),
    }

    @pytest.mark.parametrize('said', SAID)
    def test_a_blind_backend_needs_proof(self, said):
        given, proves = self.SAID[said]
        one = ready(users=None)

        plan = planned(one, said=given)

        expected = [] if proves else ['unknown']
        assert reasons(one, said=given) == expected
        assert going(plan) == (['a'] if proves else [])
        assert plan.changes == ()

    @pytest.mark.parametrize('said', SAID)
    def test_a_blind_backend_without_proof_starts_no_age(self, said):
        given, proves = self.SAID[said]

        plan = planned(image(users=None), said=given)

        assert changed(plan) == ({'a': ([UNUSED_NOW], [])} if proves else {})

    @pytest.mark.parametrize('said', SAID)
    def test_where_the_backend_sees_its_empty_set_counts(self, said):
        given, _ = self.SAID[said]

        assert going(planned(ready(), said=given)) == ['a']
        assert changed(planned(image(), said=given)) == {
            'a': ([UNUSED_NOW], [])
        }

    @pytest.mark.parametrize('said', SAID)
    @pytest.mark.parametrize('users', [None, frozenset()])
    def test_any_evidence_proves_use(self, users, said):
        given = dataclasses.replace(self.SAID[said][0], users={'a': VM})
        one = ready(users=users)

        assert verdict(one, said=given).reason is Reason.IN_USE

    @pytest.mark.parametrize('users', [None, frozenset(), VM])
    def test_evidence_only_ever_adds_users(self, users):
        said = verdict(ready(users=users), said=evidence(a=['i-1']))

        assert said.reason is Reason.IN_USE
        assert said.blockers[0].who == {'i-1'} | (users or set())

    def test_an_empty_entry_names_nobody(self):
        assert going(planned(ready(), said=evidence(a=[]))) == ['a']

    @pytest.mark.parametrize('why', ['no reply', ''])
    def test_what_the_backend_could_not_tell_blocks_whatever_is_said(
        self, why
    ):
        one = ready(unknown=why)

        assert reasons(one) == ['unknown']
        assert verdict(one).blockers[0].detail == why
        assert planned(image(unknown=why)).changes == ()

    def test_an_operation_without_a_name_blocks_too(self):
        assert reasons(ready(busy='')) == ['busy']
        assert reasons(ready(undeletable='')) == ['undeletable']

    @pytest.mark.parametrize(
        ('given', 'detail'),
        [
            (evidence(as_of=NOW - DAY), 'out of date'),
            (evidence(complete=False, b=VM), 'not complete'),
            (evidence(complete=False), 'nobody was asked'),
        ],
    )
    def test_why_nobody_knows_is_told(self, given, detail):
        assert (
            detail in verdict(ready(users=None), said=given).blockers[0].detail
        )


class TestAge:
    @pytest.mark.parametrize('min_age', [0 * SECOND, SECOND, DAY])
    def test_nothing_goes_in_the_pass_that_first_sees_it_unused(self, min_age):
        plan = planned(
            image(),
            min_age=min_age,
            high_watermark=0,
            low_watermark=0,
            stores=[shelf(100, 0)],
        )

        (said,) = plan.verdicts
        assert said.reason is Reason.TOO_YOUNG
        assert said.until == NOW + min_age
        assert changed(plan) == {'a': ([UNUSED_NOW], [])}

    def test_it_may_go_in_the_next(self):
        one = image('a', UNUSED_NOW)

        assert going(planned(one, min_age=0 * SECOND)) == ['a']

    def test_a_mark_rounded_up_into_the_future_is_not_yet_a_pass_ago(self):
        one = image('a', f'unused.{stamp(NOW + SECOND)}')

        assert reasons(one, min_age=0 * SECOND) == ['too-young']

    @pytest.mark.parametrize(
        ('idle_for', 'goes'), [(DAY - SECOND, False), (DAY, True)]
    )
    def test_an_image_goes_at_its_minimum_age(self, idle_for, goes):
        one = image('a', f'unused.{stamp(NOW - idle_for)}')

        assert verdict(one).evict == goes

    def test_the_age_of_what_arrived_since_starts_at_its_arrival(self):
        one = ready(cached_at=NOW - HOUR)

        assert verdict(one).until == NOW - HOUR + DAY

    @pytest.mark.parametrize('cached_at', [None, NOW + SECOND, NOW + 99 * DAY])
    def test_an_arrival_in_the_future_or_unknown_is_ignored(self, cached_at):
        assert going(planned(ready(cached_at=cached_at))) == ['a']

    @pytest.mark.parametrize(
        ('ahead', 'rewritten'),
        [
            (SECOND, False),
            (5 * MINUTE, False),
            (5 * MINUTE + SECOND, True),
            (9999 * DAY, True),
        ],
    )
    def test_a_last_use_in_the_future_counts_as_now(self, ahead, rewritten):
        label = f'unused.{stamp(NOW + ahead)}'

        plan = planned(image('a', label), min_age=0 * SECOND)

        assert going(plan) == []
        assert changed(plan) == (
            {'a': ([UNUSED_NOW], [label])} if rewritten else {}
        )
        since = NOW if rewritten else NOW + ahead
        assert plan.verdicts[0].until == since

    @pytest.mark.parametrize(
        ('ahead', 'rewritten'),
        [
            (-DAY, False),
            (5 * MINUTE, False),
            (5 * MINUTE + SECOND, True),
            (9999 * DAY, True),
        ],
    )
    def test_a_first_sight_in_the_future_is_seen_anew(self, ahead, rewritten):
        label = f'seen.{stamp(NOW + ahead)}'
        used = image('a', label, users=VM)

        plan = planned(used, seen=True)

        first = f'seen.{stamp(NOW)}'
        assert changed(plan) == (
            {'a': ([first], [label])} if rewritten else {}
        )

    def test_seeing_anew_what_another_saw_just_now_keeps_that(self):
        future, just_now = f'seen.{stamp(NOW + DAY)}', f'seen.{stamp(NOW)}'
        used = image('a', future, just_now, users=VM)

        plan = planned(used, seen=True)

        [change] = plan.changes
        assert change.remove == {future}

    @pytest.mark.parametrize(
        ('idle_for', 'goes'), [(HOUR - SECOND, False), (HOUR, True)]
    )
    def test_resized_variants_have_an_age_of_their_own(self, idle_for, goes):
        one = image('a', f'unused.{stamp(NOW - idle_for)}', variant='20G')

        assert verdict(one).evict == goes
        assert not verdict(dataclasses.replace(one, variant='')).evict

    def test_a_minimum_age_beyond_the_calendar_is_no_error(self):
        said = verdict(ready(), min_age=10**8 * DAY)

        assert said.reason is Reason.TOO_YOUNG
        assert said.until > NOW + 365 * DAY

    @pytest.mark.parametrize(
        ('rules', 'goes'),
        [
            ({'expire_at_min_age': True}, True),
            ({'expire_at_min_age': False}, False),
            ({'expire_at_min_age': False, 'max_age': 10 * DAY}, True),
            (
                {'expire_at_min_age': False, 'max_age': 10 * DAY + SECOND},
                False,
            ),
        ],
    )
    def test_age_alone_evicts_by_expire_or_the_maximum(self, rules, goes):
        said = verdict(ready(), **rules)

        assert said.evict == goes
        assert said.reason == ('expired' if goes else 'not-needed')
        assert said.rank == 0


class TestDisabled:
    GIVEN = {
        'remove_unused': False,
        'high_watermark': 0,
        'low_watermark': 0,
        'stores': [shelf(99, 0)],
    }

    def test_it_frees_nothing(self):
        plan = planned(ready(), **self.GIVEN)

        assert going(plan) == []
        assert plan.verdicts[0].reason is Reason.DISABLED

    @pytest.mark.parametrize(
        'labels', [[], [f'unused.{stamp(NOW + 9 * DAY)}']]
    )
    def test_it_ages_nothing(self, labels):
        assert planned(image('a', *labels), **self.GIVEN).changes == ()

    def test_what_is_in_use_again_is_aged_no_more_all_the_same(self):
        plan = planned(ready(users=VM), **self.GIVEN)

        assert changed(plan) == {'a': (['hits.1'], [idle()])}


class TestTimedLabels:
    KINDS = {'claim': 'busy', 'lease': 'leased', 'pin': 'pinned'}

    @pytest.mark.parametrize('kind', KINDS)
    @pytest.mark.parametrize(
        ('expiry', 'live'),
        [
            (HOUR, True),
            (SECOND, True),
            (0 * SECOND, True),
            (-MINUTE, True),
            (-MINUTE - SECOND, False),
            (-HOUR, False),
        ],
    )
    def test_it_counts_until_a_skew_after_its_expiry(self, kind, expiry, live):
        one = ready('a', f'{kind}.someone.{stamp(NOW + expiry)}')

        said = verdict(one, clock_skew=MINUTE)

        assert reasons(one) == ([self.KINDS[kind]] if live else [])
        if live:
            assert said.blockers[0].who == ('someone',)
            assert said.until == NOW + expiry + MINUTE

    @pytest.mark.parametrize('kind', KINDS)
    def test_those_of_others_are_named_in_order_and_the_last_ends_it(
        self, kind
    ):
        labels = [f'{kind}.{who}.{stamp(NOW + HOUR)}' for who in 'zyx']
        late = f'{kind}.w.{stamp(NOW + DAY)}'
        dead = f'{kind}.dead.{stamp(NOW - DAY)}'

        said = verdict(ready('a', *labels, late, dead))

        assert said.blockers[0].who == ('w', 'x', 'y', 'z')
        assert said.until == NOW + DAY + MINUTE

    def test_a_pin_without_an_end_has_none(self):
        said = verdict(ready('a', 'pin.ops', f'pin.qa.{SOON}'))

        assert said.blockers[0].who == ('ops', 'qa')
        assert said.until is None

    def test_ones_own_claims_are_no_blockers(self):
        one = ready('a', f'claim.mine.{SOON}', f'claim.other.{SOON}')

        def busy(*own):
            found = blocking.find_blockers(
                one, evidence(), NOW, Rules(), own=own
            )
            return [blocker.who for blocker in found]

        assert busy() == [('mine', 'other')]
        assert busy('mine') == [('other',)]
        assert busy('mine', 'other') == []

    def test_ones_own_token_excuses_no_lease_pin_or_operation(self):
        labels = [f'lease.mine.{SOON}', 'pin.mine', f'claim.mine.{SOON}']
        one = ready('a', *labels, busy='being copied')

        found = blocking.find_blockers(
            one, evidence(), NOW, Rules(), own={'mine'}
        )

        assert [blocker.reason.value for blocker in found] == [
            'busy',
            'leased',
            'pinned',
        ]

    @pytest.mark.parametrize(
        ('blockers', 'until'),
        [
            ([], None),
            ([None], None),
            ([HOUR], HOUR),
            ([HOUR, DAY, MINUTE], DAY),
            ([HOUR, None], None),
            ([None, HOUR], None),
        ],
    )
    def test_an_end_is_told_only_if_every_blocker_is_timed(
        self, blockers, until
    ):
        why = tuple(
            Blocker(
                reason=Reason.PINNED, until=None if end is None else NOW + end
            )
            for end in blockers
        )
        said = keep_blocked(image(), why) if why else verdict(ready())

        assert said.until == (None if until is None else NOW + until)

    @pytest.mark.parametrize(
        ('users', 'asked', 'blocked'),
        [
            # Asked before the lease had surely ended: the list cannot name
            # who was made under it.
            (None, -4 * MINUTE, True),
            (None, -MINUTE, True),
            (None, -MINUTE + SECOND, False),
            (None, 0 * SECOND, False),
            # Here the backend itself looked, just now.
            (frozenset(), -4 * MINUTE, False),
        ],
    )
    def test_where_nobody_sees_a_lease_lasts_until_newer_evidence(
        self, users, asked, blocked
    ):
        one = ready('a', f'lease.vm.{stamp(NOW - 2 * MINUTE)}', users=users)

        said = verdict(one, said=evidence(as_of=NOW + asked))

        assert said.evict != blocked
        if blocked:
            assert said.reason is Reason.LEASED
            assert said.until is None

    def test_a_lease_does_not_end_early_by_evidence_of_the_future(self):
        one = ready('a', f'lease.vm.{stamp(NOW - MINUTE + SECOND)}')
        blind = dataclasses.replace(one, users=None)

        for found in (one, blind):
            said = verdict(found, said=evidence(as_of=NOW + MINUTE))
            assert said.reason is Reason.LEASED

    def test_evidence_from_the_beginning_of_time_is_no_error(self):
        first = NOW.min.replace(tzinfo=NOW.tzinfo)
        one = ready('a', f'lease.vm.{SOON}', users=None)

        assert reasons(one, said=evidence(as_of=first)) == [
            'unknown',
            'leased',
        ]


def copy(location, *labels, days=50, **fields):
    return ready(
        'a',
        *labels,
        location=location,
        cached_at=NOW - days * DAY,
        **fields,
    )


LAZY = {'expire_at_min_age': False}


class TestDuplicates:
    @pytest.mark.parametrize(
        ('copies', 'surplus'),
        [
            # The oldest stays, then the first location; no date is youngest.
            ([copy('1', days=9), copy('2', days=8)], '2'),
            ([copy('1', days=8), copy('2', days=9)], '1'),
            ([copy('1'), copy('2')], '2'),
            (
                [ready('a', location='1', cached_at=None), copy('2')],
                '1',
            ),
            ([copy('1'), copy('2'), copy('3')], '23'),
            # A pinned one stays before older ones, a used one before all.
            ([copy('1', days=9), copy('2', 'pin.ops', days=8)], '1'),
            ([copy('1', 'pin.ops', days=9), copy('2', users=VM)], '1'),
            ([copy('1', users=VM), copy('2', users=VM)], ''),
            ([copy('1', users=VM), copy('2', users=VM), copy('3')], '3'),
            # One of a kind is no duplicate.
            ([copy('1')], ''),
            ([copy('1'), copy('1', store='other')], ''),
            ([copy('1'), ready('b', location='2')], ''),
            # Nor is a variant, whatever stands beside it.
            ([copy('1'), copy('2', variant='20G')], ''),
            ([copy('1', variant='20G'), copy('2', variant='20G')], ''),
            # An unclear copy leaves its whole group alone.
            ([copy('1'), copy('2'), copy('3', users=None)], ''),
            ([copy('1'), copy('2'), copy('3', unknown='no reply')], ''),
            ([copy('1'), copy('2'), copy('3', busy='copied')], ''),
            ([copy('1'), copy('2'), copy('3', busy='')], ''),
            # Whoever claims which copy just now is no shared fact.
            ([copy('1', f'claim.x.{SOON}'), copy('2')], '2'),
            ([copy('1', f'claim.x.{stamp(NOW - DAY)}'), copy('2')], '2'),
            ([copy('1'), copy('2', f'claim.x.{SOON}')], '2'),
        ],
    )
    def test_the_keeper_follows_from_shared_facts(self, copies, surplus):
        for images in itertools.permutations(copies):
            found = duplicates.surplus_copies(images)
            assert sorted(location for _, location in found) == list(surplus)

    def test_a_surplus_copy_goes_as_a_duplicate(self):
        plan = planned(copy('1'), copy('2'), **LAZY)

        said = {one.image.location: one.reason for one in plan.verdicts}
        assert said == {'1': Reason.NOT_NEEDED, '2': Reason.DUPLICATE}

    def test_it_is_judged_by_its_own_users(self):
        named = evidence(a=['i-1'])

        plan = planned(copy('1'), copy('2'), said=named, **LAZY)

        said = {one.image.location: one.reason for one in plan.verdicts}
        assert said == {'1': Reason.IN_USE, '2': Reason.DUPLICATE}

    def test_an_unclear_group_is_in_use_as_a_whole(self):
        copies = [copy('1'), copy('2', users=None)]

        plan = planned(*copies, said=evidence(a=['i-1']))

        assert {one.reason for one in plan.verdicts} == {Reason.IN_USE}

    @pytest.mark.parametrize('why', list(CAUSES)[3:])
    def test_a_surplus_copy_has_its_blockers_like_any_other(self, why):
        fields, labels, rules = CAUSES[why]
        # Older and pinned, so that the second copy is the surplus one.
        keeper = copy('1', 'pin.ops', days=60)

        plan = planned(keeper, copy('2', *labels, **fields), **rules)

        said = {one.image.location: one for one in plan.verdicts}
        assert said['2'].reason is why

    def test_it_is_not_evicted_in_the_pass_that_first_sees_it(self):
        young = image('a', location='2', cached_at=NOW - DAY)

        plan = planned(copy('1'), young, said=evidence(a=['i-1']))

        said = {one.image.location: one.reason for one in plan.verdicts}
        assert said['2'] is Reason.TOO_YOUNG
        assert [change.used for change in plan.changes] == [True, False]

    def test_a_duplicate_goes_though_nothing_else_asks_for_it(self):
        full: Fields = {
            'stores': [shelf(100, 100)],
            'high_watermark': 85,
            'low_watermark': 80,
        }

        assert going(planned(copy('1'), copy('2'), **LAZY, **full)) == ['a']


class TestOrder:
    IMAGES = [
        image(
            name,
            f'unused.{stamp(NOW - days * DAY)}',
            f'hits.{hits}',
            size=size * 2**30,
        )
        for name, days, hits, size in (
            ('a', 9, 50, 1),
            ('b', 5, 0, 1),
            ('c', 7, 1, 1),
            ('d', 3, 0, 20),
        )
    ]

    @pytest.mark.parametrize(
        ('order', 'ranked'),
        [
            (policies.age, 'acbd'),
            (policies.lru, 'acbd'),
            (policies.popularity, 'bcda'),
            (policies.gdsf, 'bdca'),
            (lambda one, now: one.image_id, 'abcd'),
        ],
    )
    def test_the_order_ranks_what_is_free(self, order, ranked):
        plan = planned(*self.IMAGES, order=order)

        assert going(plan) == list(ranked)
        assert [one.rank for one in plan.evictions] == [0, 1, 2, 3]

    @pytest.mark.parametrize('order', [policies.popularity, policies.gdsf])
    def test_space_is_made_in_that_order(self, order):
        full: Fields = {
            'stores': [shelf(10 * 2**30, 0)],
            'high_watermark': 90,
            'low_watermark': 90,
        }

        plan = planned(
            *self.IMAGES, order=order, expire_at_min_age=False, **full
        )

        assert going(plan) == ['b']

    def test_the_order_never_sees_a_blocked_image(self):
        seen = []

        def order(one, now):
            seen.append(one.image_id)
            return 0

        planned(ready('a'), ready('b', 'pin.ops'), order=order)

        assert seen == ['a']

    def test_equals_go_by_store_and_location(self):
        images = [
            ready(f'{store}{location}', store=store, location=location)
            for store in 'sr'
            for location in '21'
        ]

        for shuffled in itertools.permutations(images):
            assert going(planned(*shuffled)) == ['r1', 'r2', 's1', 's2']

    def test_evictions_come_by_their_rank_however_a_plan_lists_them(self):
        plan = planned(*self.IMAGES)
        listed = (verdict(ready('x', 'pin.ops')), *plan.verdicts[::-1])

        assert going(dataclasses.replace(plan, verdicts=listed)) == list(
            'acbd'
        )

    def test_all_that_an_order_needs_is_less_than(self):
        class Least:
            def __init__(self, name):
                self.name = name

            def __lt__(self, other):
                return self.name < other.name

            def __eq__(self, other):
                raise TypeError('an order says which goes first, no more')

        images = [ready('b'), ready('a')]

        plan = planned(*images, order=lambda one, now: Least(one.image_id))

        assert going(plan) == ['a', 'b']


class TestProtected:
    @pytest.mark.parametrize(
        ('pattern', 'kept'),
        [('a', True), ('a*', True), ('*a*', True), ('b', False)],
    )
    def test_a_pattern_keeps_what_it_names(self, pattern, kept):
        said = verdict(ready(), protected=Patterns.parse([pattern]))

        assert said.evict != kept
        if kept:
            assert said.reason is Reason.PROTECTED
            assert said.blockers[0].detail == pattern

    def test_a_pattern_that_matches_nothing_is_warned_about(self):
        patterns = Patterns.parse(['a', 'b*', '*c*'])

        plan = planned(ready('a'), ready('xcx'), protected=patterns)

        assert plan.warnings == (
            "protected pattern 'b*' matches no cached image",
        )

    def test_no_pattern_is_idle_while_a_store_cannot_be_read(self):
        rules = Rules(protected=Patterns.parse(['b*']))

        def warnings(problems):
            plan = make_plan(
                [ready()], [], evidence(), NOW, rules, problems=problems
            )
            return len(plan.warnings)

        assert warnings({}) == 1
        assert warnings({'sr': 'no route'}) == 0

    def test_a_wildcard_that_cannot_be_tested_is_warned_about(self):
        known = Patterns.parse(['b*', '*c*', 'd']).keyed(str.upper)
        rules = Rules(protected=known)

        for problems in {}, {'sr': 'no route'}:
            plan = make_plan(
                [ready('D')], [], evidence(), NOW, rules, problems=problems
            )
            assert [one[:37] for one in plan.warnings] == [
                "protected pattern '*c*' cannot be tes",
                "protected pattern 'b*' cannot be test",
            ]
            assert 'exact image id' in plan.warnings[0]

    def test_a_malformed_label_is_warned_about_and_protects_nothing(self):
        one = ready('a', 'pin.Ops', 'pin.a.b.c', 'team-x')

        plan = planned(one)

        assert going(plan) == ['a']
        assert plan.warnings == (
            "image 'a': label 'pin.Ops' is not understood and protects "
            'nothing',
            "image 'a': label 'pin.a.b.c' is not understood and protects "
            'nothing',
        )


class TestChanges:
    @pytest.mark.parametrize(
        ('one', 'expected', 'used'),
        [
            # Ageing starts, goes on, and starts over.
            (image(), ([UNUSED_NOW], []), False),
            (image('a', 'pin.ops'), ([UNUSED_NOW], []), False),
            (image('a', 'unused.?'), ([UNUSED_NOW], ['unused.?']), False),
            (image(undeletable='yes'), ([UNUSED_NOW], []), False),
            (ready('a', users=VM), (['hits.1'], [idle()]), True),
            (
                ready('a', 'hits.6', users=VM),
                (['hits.7'], ['hits.6', idle()]),
                True,
            ),
            # Nobody can say that it lies idle.
            (image(busy='being copied'), None, None),
            (image(unknown='no reply'), None, None),
            (image('a', f'lease.vm.{SOON}'), None, None),
            (image('a', f'claim.other.{SOON}'), None, None),
            # Nothing changed.
            (image(users=VM), None, None),
            (image('a', 'hits.6', users=VM), None, None),
            (ready('a', 'pin.ops'), None, None),
            # It goes: what it bears goes with it.
            (ready('a', f'pin.ops.{stamp(NOW - DAY)}'), None, None),
        ],
    )
    def test_labels_change_only_when_something_changes(
        self, one, expected, used
    ):
        plan = planned(one)

        assert changed(plan) == ({} if expected is None else {'a': expected})
        assert [change.used for change in plan.changes] == (
            [] if expected is None else [used]
        )

    @pytest.mark.parametrize('kind', ['claim', 'lease', 'pin'])
    @pytest.mark.parametrize(
        ('expired', 'forgotten'),
        [
            (HOUR, True),
            (15 * MINUTE + SECOND, True),
            (15 * MINUTE, False),
            (-HOUR, False),
        ],
    )
    def test_what_expired_long_ago_is_forgotten(
        self, kind, expired, forgotten
    ):
        label = f'{kind}.x.{stamp(NOW - expired)}'

        plan = planned(ready('a', label, undeletable='yes'))

        assert changed(plan) == ({'a': ([], [label])} if forgotten else {})
        assert all(change.used is None for change in plan.changes)

    def test_what_its_owner_renewed_is_not_forgotten(self):
        old, new = f'pin.x.{stamp(NOW - DAY)}', f'pin.x.{SOON}'
        labels = [old, new, f'pin.y.{stamp(NOW - DAY)}', 'pin.y']

        assert planned(ready('a', *labels)).changes == ()

    def test_only_the_dead_are_forgotten(self):
        dead = [f'claim.x.{stamp(NOW - days * DAY)}' for days in (1, 2)]

        plan = planned(ready('a', *dead, f'claim.y.{SOON}', 'pin.x'))

        assert changed(plan) == {'a': ([], sorted(dead))}

    def test_the_first_sight_of_an_object_is_marked_where_that_is_wanted(
        self,
    ):
        label = f'seen.{stamp(NOW)}'
        images = [
            ready('new', 'pin.ops'),
            ready('known', 'pin.ops', 'seen.20200101t000000z'),
            ready('going'),
            ready('unknown', unknown='no reply'),
        ]

        assert planned(*images).changes == ()
        assert changed(planned(*images, seen=True)) == {
            'new': ([label], []),
            'unknown': ([label], []),
        }


def test_a_plan_of_nothing_is_empty():
    plan = planned()

    assert plan == Plan(now=NOW)


def test_what_was_not_read_is_passed_on():
    plan = make_plan(
        [], [], evidence(), NOW, Rules(), problems={'sr': 'no route'}
    )

    assert plan.problems == {'sr': 'no route'}


offsets = st.sampled_from(
    [-40 * DAY, -2 * DAY, -HOUR, -2 * MINUTE, 0 * DAY, SECOND, HOUR, 9 * DAY]
)
stamps = offsets.map(lambda offset: stamp(NOW + offset))
labels = st.one_of(
    stamps.map('unused.{}'.format),
    stamps.map('seen.{}'.format),
    stamps.map('lease.vm.{}'.format),
    stamps.map('claim.c1.{}'.format),
    st.sampled_from(
        ['hits.3', 'pin.ops', f'pin.qa.{SOON}', 'pin.?', 'unused.?', 'other']
    ),
)
maybe = st.sampled_from([None, None, None, 'why', ''])
copies = st.fixed_dictionaries(
    {
        'image_id': st.sampled_from('abcd'),
        'store': st.sampled_from(['s1', 's2', 's3']),
        'variant': st.sampled_from(['', '', '20G']),
        'size': st.integers(0, 50),
        'frees': st.one_of(st.none(), st.integers(0, 50)),
        'cached_at': st.one_of(st.none(), offsets.map(lambda one: NOW + one)),
        'users': st.sampled_from([None, frozenset(), frozenset(), VM]),
        'unknown': maybe,
        'busy': maybe,
        'undeletable': maybe,
        'marks': st.sets(labels, max_size=4).map(Marks.read),
    }
)


@st.composite
def inventories(draw):
    images = [
        dataclasses.replace(image(), **fields, location=f'object-{n}')
        for n, fields in enumerate(draw(st.lists(copies, max_size=12)))
    ]
    stores = [
        shelf(100, draw(st.integers(0, 40)), name='s1', pool='disk'),
        shelf(100, draw(st.integers(0, 40)), name='s2', pool='disk'),
        shelf(draw(st.sampled_from([None, 0, 50])), 0, name='s3'),
    ]
    given_rules = Rules(
        min_age=draw(st.sampled_from([0 * DAY, DAY])),
        expire_at_min_age=draw(st.booleans()),
        remove_unused=draw(st.sampled_from([True, True, False])),
        high_watermark=draw(st.sampled_from([0, 85, 100])),
        low_watermark=0,
        order=draw(
            st.sampled_from(
                [
                    policies.age,
                    policies.lru,
                    policies.popularity,
                    policies.gdsf,
                ]
            )
        ),
        protected=draw(st.sampled_from([Patterns(), Patterns.parse(['a'])])),
    )
    said = evidence(
        complete=draw(st.booleans()),
        as_of=NOW + draw(offsets),
        **draw(st.dictionaries(st.sampled_from('abcd'), st.just(VM))),
    )
    return images, stores, said, NOW, given_rules


@hypothesis.given(inventories())
def test_every_image_has_one_verdict_and_none_that_is_blocked_goes(given):
    images, _, said, now, rules = given
    surplus = duplicates.surplus_copies(images)

    plan = make_plan(*given)

    assert sorted(one.image.identity for one in plan.verdicts) == sorted(
        one.identity for one in images
    )
    for one in plan.verdicts:
        spare = one.image.identity in surplus
        why = blocking.find_blockers(
            one.image, said, now, rules, surplus=spare
        )
        assert one.blockers == tuple(why)
        assert not (one.evict and one.blockers)
        assert not (one.evict and one.image.users)
        assert not (one.evict and one.image.marks.unused_since is None)
        assert not (one.evict and not rules.remove_unused)
    ranks = [one.rank for one in plan.verdicts if one.rank is not None]
    assert sorted(ranks) == list(range(len(ranks)))


@hypothesis.given(inventories())
def test_planned_bytes_are_the_sum_and_no_more_than_wanted_takes(given):
    _, stores, _, _, rules = given

    plan = make_plan(*given)

    pool_of = {store.name: store.pool for store in stores}
    for told in plan.spaces:
        chosen = [
            one
            for one in plan.evictions
            if pool_of[one.image.store] == told.pool
        ]
        assert told.planned == sum(one.image.reclaimable for one in chosen)
        for_space = [one for one in chosen if one.reason is Reason.SPACE]
        assert all(one.image.reclaimable for one in for_space)
        if for_space:
            last = for_space[-1].image.reclaimable
            assert told.planned - last < told.wanted
        if told.planned < told.wanted:
            assert not any(
                one.reason is Reason.NOT_NEEDED and one.image.reclaimable
                for one in plan.verdicts
                if pool_of[one.image.store] == told.pool
            )


@hypothesis.given(inventories(), st.randoms())
def test_a_plan_does_not_depend_on_the_order_of_the_images(given, chance):
    images, *rest = given
    shuffled = random.Random(chance.random()).sample(images, len(images))

    one, other = make_plan(images, *rest), make_plan(shuffled, *rest)

    assert set(one.verdicts) == set(other.verdicts)
    assert set(one.changes) == set(other.changes)
    assert sorted(one.warnings) == sorted(other.warnings)
    assert one.spaces == other.spaces
    assert one.evictions == other.evictions


def carried_out(plan, images):
    """The images as they are once a plan's labels are written."""
    labels = {one.identity: set(one.marks.labels) for one in images}
    for change in plan.changes:
        written = labels_of(change, plan.now)
        labels[change.image.identity] |= written.add
        labels[change.image.identity] -= written.remove
    return [
        dataclasses.replace(one, marks=Marks.read(labels[one.identity]))
        for one in images
    ]


@hypothesis.given(inventories(), st.booleans())
def test_a_plan_that_was_carried_out_changes_nothing_more(given, seen):
    images, *rest = given

    plan = make_plan(images, *rest, wants_seen=seen)
    images = carried_out(plan, images)

    assert make_plan(images, *rest, wants_seen=seen).changes == ()


@pytest.mark.parametrize(
    ('users', 'complete', 'warned'),
    [
        ({'nobody-cached': VM}, True, True),
        ({'nobody-cached': VM, 'a': VM}, True, False),
        ({'nobody-cached': VM}, False, False),
        ({}, True, False),
    ],
)
def test_a_list_that_knows_nothing_of_this_cache_is_warned_about(
    users, complete, warned
):
    said = Evidence(users=users, complete=complete, as_of=NOW)
    warnings = planned(image('a'), said=said).warnings
    assert warned == any('nobody-cached' in one for one in warnings)
    assert planned(said=said).warnings == ()


@pytest.mark.parametrize(
    ('used', 'labels', 'possible'),
    [
        (True, (), True),
        (False, (), True),
        (None, ('pin.x',), True),
        (None, (), False),
        (True, ('pin.x',), False),
        (False, ('pin.x',), False),
    ],
)
def test_a_change_is_either_an_ageing_or_a_relabelling(used, labels, possible):
    for name in 'add', 'remove':
        kwargs = {name: frozenset(labels), 'used': used}
        if possible:
            assert Change(image=image(), **kwargs).used is used
        else:
            with pytest.raises(ValueError, match='either an ageing or'):
                Change(image=image(), **kwargs)
