"""The core, broken on purpose."""

from tests.mutation import Mutant

CACHE = 'root/test_cache.py'
CLAIMED = 'root/test_claimed.py'
CHECKING = 'actions/test_checking.py'
PROTOCOL = 'proofs/test_protocol.py'
TROUBLE = 'proofs/test_trouble.py'
DEATHS = 'proofs/test_prefetch_deaths.py'
LEASING = 'actions/test_leasing.py'
MAKING_ROOM = 'actions/test_making_room.py'
OPEN_BOOK = 'actions/test_open_book.py'
AT_ONCE = 'actions/test_prefetching_at_once.py'
FORMATS = 'actions/test_prefetching_formats.py'
PREFETCH_LEASES = 'actions/test_prefetching_leases.py'
WAITING = 'actions/test_waiting_for_stages.py'
PREFETCHING = 'actions/test_prefetching.py'
ROOM = 'planning/test_room.py'
VERIFYING = 'actions/test_verifying.py'
WITH_ROOM = 'actions/test_adding_with_room.py'
RULES = 'planning/test_rules.py'
ADDING = 'actions/test_adding.py'
RECOVERING = 'actions/test_recovering.py'
RETIRED = 'planning/test_retired.py'
RETIRING = 'actions/test_retiring.py'
RESULTS = 'actions/test_results.py'
SHIELD = 'planning/test_shield.py'
SIZE = 'actions/test_batch_size.py'
TOGETHER = 'proofs/test_together.py'

MUTANTS = [
    Mutant(
        name='claim after the look',
        killer=f'{PROTOCOL}::Claims::'
        'test_an_image_that_got_busy_meanwhile_is_let_go',
        module='actions/batch',
        old="""        self._claimed.claim_images(verdicts)
""",
        new="""        import dataclasses

        verdicts = list(verdicts)
        ids = {one.image.image_id for one in verdicts}
        handler = self._means.handler
        labels = frozenset({self._claim.label})
        look = [
            dataclasses.replace(
                one, marks=type(one.marks).read(one.marks.labels | labels)
            )
            for one in handler.enumerate(self._store, ids)
        ]
        late = type('Late', (), {
            'enumerate': lambda self, store, ids=None: look,
        })()
        self._means = dataclasses.replace(self._means, handler=late)
        self._claimed.claim_images(verdicts)
""",
    ),
    Mutant(
        name='no second look',
        killer=f'{PROTOCOL}::Claims::test_a_batch_has_one_fresh_look',
        module='actions/batch',
        old='found = self._means.handler.enumerate(self._store, ids)',
        new="""import dataclasses

            label = frozenset({self._claim.label})
            found = [
                dataclasses.replace(
                    one.image,
                    marks=type(one.image.marks).read(
                        one.image.marks.labels | label
                    ),
                )
                for one in waiting
            ]""",
    ),
    Mutant(
        name='an evictor that does not insist on seeing its own claim',
        killer=f'{PROTOCOL}::Claims::test_it_insists_on_seeing_its_own_claim',
        module='actions/batch',
        old='if self._claim.token not in image.marks.claims:',
        new='if False:',
    ),
    Mutant(
        name='an expired claim of another is deleted at the claim',
        killer=f'{PROTOCOL}::Claims::'
        'test_an_evictor_leaves_expired_claims_of_others_alone',
        module='actions/claimed_images',
        old='            self._handler.mark(image, {self.claim.label})',
        new="""            self._handler.mark(
                image,
                {self.claim.label},
                verdict.image.marks.labels_of('claim'),
            )""",
    ),
    Mutant(
        name='two sweepers that starve each other',
        killer=f'{PROTOCOL}::Claims::'
        'test_of_two_claims_the_smaller_token_stays_and_evicts',
        module='actions/batch',
        old='        if not self._outlasts_claims(image, why):',
        new='        if True:',
    ),
    Mutant(
        name='the larger token stays as well',
        killer=f'{PROTOCOL}::Claims::'
        'test_of_two_claims_the_larger_token_withdraws_at_once',
        module='actions/batch',
        old='and self._claim.token < min(one.who)',
        new='',
    ),
    Mutant(
        name='a kept image stays claimed',
        killer=f'{PROTOCOL}::Claims::'
        'test_an_image_that_got_busy_meanwhile_is_let_go',
        module='actions/claimed_images',
        old="""        self.withdraw_claim(image)
        self.end_image(verdict, Did.KEPT, why)""",
        new='        self.end_image(verdict, Did.KEPT, why)',
    ),
    Mutant(
        name='an eviction that begins after its deadline',
        killer=f'{PROTOCOL}::Claims::'
        'test_a_clock_set_back_does_not_prolong_its_deadline',
        module='actions/removing',
        old='            if self._claimed.claim.in_time():',
        new='            if True:',
    ),
    Mutant(
        name='an uncertain image is let go',
        killer=f'{PROTOCOL}::Failures::test_a_claim_that_died_is_not_renewed',
        module='actions/removing',
        old='            did = Did.GONE if end is End.GONE else Did.UNCERTAIN',
        new="""            self._claimed.withdraw_claim(one.image)
            did = Did.GONE if end is End.GONE else Did.UNCERTAIN""",
    ),
    Mutant(
        name='an error that promises nothing taken for a failure',
        killer=f'{PROTOCOL}::Failures::test_a_claim_that_died_is_not_renewed',
        module='actions/removing',
        old='        elif isinstance(error, StoreUnavailable):',
        new='        elif not isinstance(error, ImageNotFound):',
    ),
    Mutant(
        name='a claim renewed after it died',
        killer=f'{PROTOCOL}::Failures::test_a_claim_that_died_is_not_renewed',
        module='actions/lost_removals',
        old='        if claim.in_time() or not claim.is_alive():',
        new='        if claim.in_time():',
    ),
    Mutant(
        name='a claim that is followed and never renewed',
        killer=f'{PROTOCOL}::Failures::'
        'test_while_it_is_followed_its_claim_is_renewed',
        module='actions/lost_removals',
        old='        if claim.in_time() or not claim.is_alive():',
        new='        if True:',
    ),
    Mutant(
        name='a claim that may have been written is left',
        killer=f'{PROTOCOL}::Failures::'
        'test_a_claim_that_may_have_been_written_is_withdrawn',
        module='actions/claimed_images',
        old='            if not isinstance(error, StoreUnavailable):',
        new='            if False:',
    ),
    Mutant(
        name='a batch that begins what its claim has no time for',
        killer=f'{PROTOCOL}::Claims::'
        'test_a_clock_set_back_does_not_prolong_its_deadline',
        module='actions/removing',
        old="""                # Its turn came late.
                self._claimed.put_off(verdict)
""",
        new="""                self._claimed.put_off(verdict)
                self._remove_image(verdict, image)
""",
    ),
    Mutant(
        name='what came late is forgotten',
        killer=f'{PROTOCOL}::Claims::'
        'test_a_slow_batch_is_finished_under_new_claims',
        module='actions/evicting',
        old="""        queue.extendleft(reversed(late))
""",
        new='',
    ),
    Mutant(
        name='a deadline by the wall clock only',
        killer=f'{PROTOCOL}::Claims::'
        'test_a_clock_set_back_does_not_prolong_its_deadline',
        module='actions/claim',
        old='            self._timer.elapsed < limit\n            and left',
        new='            left',
    ),
    Mutant(
        name='a deadline by the monotonic clock only',
        killer=f'{PROTOCOL}::StandsStill::'
        'test_a_clock_that_jumps_meanwhile_ends_the_claim_as_well',
        module='actions/claim',
        old='            and left > self._rules.claim_ttl - limit\n',
        new='',
    ),
    Mutant(
        name="another's claim is dead at its expiry",
        killer=f'{PROTOCOL}::Claims::'
        'test_anothers_claim_counts_for_a_skew_beyond_its_expiry',
        module='planning/rules',
        old='        return now - expiry <= self.clock_skew',
        new='        return now < expiry',
    ),
    Mutant(
        name='stale evidence trusted',
        killer=f'{PROTOCOL}::Testimony::'
        'test_a_control_plane_that_fails_later_proves_nothing_more',
        module='planning/rules',
        old='        return -self.clock_skew <= age <= self.evidence_ttl',
        new='        return True',
    ),
    Mutant(
        name='evidence from the future trusted',
        killer=f'{PROTOCOL}::Testimony::'
        'test_evidence_from_the_future_proves_no_absence',
        module='planning/rules',
        old='        return -self.clock_skew <= age <= self.evidence_ttl',
        new='        return age <= self.evidence_ttl',
    ),
    Mutant(
        name="one host's list taken for everyone's",
        killer=f'{PROTOCOL}::Testimony::'
        'test_a_control_plane_that_fails_later_proves_nothing_more',
        module='planning/rules',
        old='return evidence.complete and self.is_fresh(evidence, now)',
        new='return self.is_fresh(evidence, now)',
    ),
    Mutant(
        name='aged evidence is not asked for again',
        killer=f'{PROTOCOL}::Testimony::test_aged_evidence_is_asked_for_again',
        module='actions/evidence',
        old='            if known is None or self._has_aged(known):',
        new='            if known is None:',
    ),
    Mutant(
        name='a control plane that fails proves that nobody is there',
        killer=f'{PROTOCOL}::Testimony::'
        'test_a_control_plane_that_fails_later_proves_nothing_more',
        module='actions/evidence',
        old='            return Evidence(users=users, as_of='
        'self._clocks.now())',
        new='            return Evidence(\n'
        '                complete=True, as_of=self._clocks.now()\n'
        '            )',
    ),
    Mutant(
        name='unknown treated as unused',
        killer=f'{PROTOCOL}::Explicit::test_force_never_passes_the_hard_ones',
        module='planning/blockers',
        old='    if image.unknown is not None:\n',
        new='    if False:\n',
    ),
    Mutant(
        name='a lease that older evidence may overrule',
        killer=f'{PROTOCOL}::Testimony::'
        'test_a_lease_lasts_until_newer_evidence',
        module='planning/blockers',
        old='asked = self.evidence.as_of if image.users is None else self.now',
        new='asked = self.now',
    ),
    Mutant(
        name='an image evicted in the pass that first sees it unused',
        killer=f'{PROTOCOL}::Sweep::'
        'test_nothing_goes_in_the_pass_that_first_sees_it_unused',
        module='planning/blockers',
        old='if started is None or started > self.now or',
        new='if',
    ),
    Mutant(
        name='a surplus copy of an unclear group',
        killer=f'{PROTOCOL}::Duplicates::'
        'test_beside_an_unclear_copy_none_is_surplus',
        module='planning/duplicates',
        old='    if any(map(_is_unclear, group)):',
        new='    if False:',
    ),
    Mutant(
        name='a surplus copy though the keeper is about to go',
        killer=f'{PROTOCOL}::Duplicates::'
        'test_beside_a_claimed_keeper_none_is_surplus',
        module='actions/batch',
        old='duplicates.surplus_copies(sure)',
        new='duplicates.surplus_copies(found)',
    ),
    Mutant(
        name='a hold that does not restart the age',
        killer=f'{PROTOCOL}::Testimony::test_newer_evidence_ends_a_lease',
        module='age',
        old="(marks.labels_of('unused') | marks.labels_of('hits')) - add",
        new="marks.labels_of('hits') - add",
    ),
    Mutant(
        name='a last use in the future believed',
        killer=f'{PROTOCOL}::Clocks::'
        'test_a_last_use_in_the_future_is_rewritten_as_now',
        module='age',
        old='    if since is not None and since <= now + FUTURE:',
        new='    if since is not None:',
    ),
    Mutant(
        name='a hold granted without seeing its own label',
        killer=f'{PROTOCOL}::Holds::'
        'test_a_hold_is_granted_only_on_its_own_label',
        module='actions/granting',
        old='            wanted.label in image.marks.labels\n            and',
        new='           ',
    ),
    Mutant(
        name='a hold granted with its time nearly gone',
        killer=f'{PROTOCOL}::Holds::test_a_hold_has_half_its_time_left',
        module='actions/granting',
        old="""            and wanted.is_in_time(self._means.clocks.now())
""",
        new='',
    ),
    Mutant(
        name='a hold granted over a live claim',
        killer=f'{PROTOCOL}::Failures::'
        'test_a_pending_removal_keeps_everybody_off_however_old_the_claim',
        module='actions/granting',
        old='            and not self._is_claimed(image, now)\n',
        new='',
    ),
    Mutant(
        name='a hold granted under a pending removal',
        killer=f'{PROTOCOL}::Failures::'
        'test_a_pending_removal_keeps_everybody_off_however_old_the_claim',
        module='actions/granting',
        old='return bool(claims and image.busy is not None) or any(',
        new='return any(',
    ),
    Mutant(
        name='a hold that gives up leaves its lease',
        killer=f'{PROTOCOL}::Holds::'
        'test_a_hold_is_not_granted_over_a_live_claim',
        module='actions/granting',
        old='        for image in self.refused:\n'
        '            self._withdraw_label(image)\n',
        new='',
    ),
    Mutant(
        name='a refused pin takes that of another copy along',
        killer=f'{PROTOCOL}::Pins::'
        'test_a_refused_pin_leaves_the_pin_on_another_copy',
        module='actions/granting',
        old='        labels = self._written.get(image.identity)',
        new='        labels = set().union(*self._written.values())',
    ),
    Mutant(
        name='a refused pin takes the earlier one along',
        killer=f'{CACHE}::TestLabels::'
        'test_who_is_refused_to_pin_again_keeps_the_earlier_pin',
        module='actions/granting',
        old='        if wanted.label not in labels:\n',
        new='        if True:\n',
    ),
    Mutant(
        name='who pins again goes without the shield that is gone',
        killer=f'{CACHE}::TestLabels::'
        'test_who_pins_again_has_a_shield_that_was_taken_away',
        module='actions/granting',
        old='        is_bare = SHIELD in relabel.add - labels\n',
        new='        is_bare = False\n',
    ),
    Mutant(
        name='a pin that fails half way is left',
        killer=f'{PROTOCOL}::Holds::'
        'test_a_hold_whose_renewal_is_lost_keeps_no_lease',
        module='actions/granting',
        old="""        except CacheError as error:
            for image in copies.values():
                self._withdraw_label(image, error)
            raise""",
        new="""        except CacheError:
            raise""",
    ),
    Mutant(
        name='a hold judged by a clock read after the look',
        killer=f'{PROTOCOL}::Holds::'
        'test_a_hold_judges_claims_as_of_before_its_look',
        module='actions/granting',
        old="""            sure = [
""",
        new="""            now = self._means.clocks.now()
            sure = [
""",
    ),
    Mutant(
        name='an eviction judged by a clock read after the look',
        killer=f'{PROTOCOL}::Explicit::'
        'test_a_lease_is_judged_as_of_before_the_look',
        module='actions/batch',
        old="""            look.began,
""",
        new="""            self._means.clocks.now(),
""",
    ),
    Mutant(
        name='a pending removal forgotten with its claim',
        killer=f'{PROTOCOL}::Failures::'
        'test_a_pending_removal_keeps_everybody_off_however_old_the_claim',
        module='planning/changes',
        old='        if timed and image.busy is None:',
        new='        if timed:',
    ),
    Mutant(
        name='force passes a lease',
        killer=f'{PROTOCOL}::StandsStill::'
        'test_what_was_granted_meanwhile_is_not_overtaken',
        module='planning/verdicts',
        old='    {Reason.PINNED, Reason.PROTECTED,',
        new='    {Reason.LEASED, Reason.PINNED, Reason.PROTECTED,',
    ),
    Mutant(
        name='force passes pins that came later',
        killer=f'{PROTOCOL}::Explicit::'
        'test_force_does_not_pass_a_new_pin_of_the_same_owner',
        module='actions/evicting_on_request',
        old="return image.marks.labels_of('pin') <= known[image.identity]",
        new='return True',
    ),
    Mutant(
        name='first failure ends the pass',
        killer=f'{PROTOCOL}::Failures::'
        'test_one_failure_does_not_stop_the_pass',
        module='actions/claimed_images',
        old="""        self.withdraw_claim(image)
        self.end_image(verdict, Did.FAILED, why)""",
        new='        raise',
    ),
    Mutant(
        name='a bug of a handler ends the pass',
        killer=f'{PROTOCOL}::Failures::'
        'test_a_lost_reply_is_followed_by_a_look',
        module='actions/guard',
        old='        raise HandlerFailed(error) from error',
        new='        raise',
    ),
    Mutant(
        name='images that nobody asked for are taken',
        killer=f'{CACHE}::TestBadHandlers::'
        'test_an_object_listed_twice_is_no_duplicate',
        module='actions/guard',
        old='        if wrong := _find_fault(found, store, image_ids):',
        new='        if wrong := None:',
    ),
    Mutant(
        name='a store with a problem is passed over in silence',
        killer=f'{CACHE}::test_a_store_with_a_problem_is_told_and_never_read',
        module='actions/stores',
        old='    return [*for_each_store(handler, names, work), *problems]',
        new='    return for_each_store(handler, names, work)',
    ),
    Mutant(
        name='whom the control plane named before it failed is forgotten',
        killer=f'{CACHE}::TestControlPlane::'
        'test_whom_it_named_before_it_failed_is_still_there',
        module='actions/evidence',
        old='            users = known.users if known else {}',
        new='            users = {}',
    ),
    Mutant(
        name='evidence under names that the backend does not list',
        killer=f'{CACHE}::TestKeys::test_evidence_names_images_by_their_id',
        module='actions/means',
        old="""            key = self.handler.key(image_id)
""",
        new="""            key = image_id
""",
    ),
    Mutant(
        name='later evidence under names that the backend does not list',
        killer=f'{CACHE}::TestKeys::'
        'test_evidence_that_is_asked_for_again_is_translated_too',
        module='actions/terms',
        old='        lambda: means.translate_evidence(ask()),',
        new='        ask,',
    ),
    Mutant(
        name='evidence of two ids with one key loses users',
        killer=f'{CACHE}::TestKeys::'
        'test_evidence_of_two_ids_with_one_key_loses_nobody',
        module='actions/means',
        old='users[key] | who if key in users else who',
        new='who',
    ),
    Mutant(
        name='wildcards that protect nothing, silently',
        killer=f'{CACHE}::TestKeys::'
        'test_wildcards_of_ids_that_are_listed_otherwise_are_told',
        module='planning/protected',
        old='if key(example) != example',
        new='if False',
    ),
    Mutant(
        name='patterns under names that the backend does not list',
        killer=f'{CACHE}::TestKeys::'
        'test_exact_patterns_and_calls_name_images_by_their_id',
        module='cache',
        old='        protected = rules.protected.keyed(guarded.key)',
        new='        protected = rules.protected',
    ),
    Mutant(
        name='an age that starts before the image was last in use',
        killer=f'{CACHE}::TestLabels::'
        'test_an_old_plan_starts_an_age_when_it_is_applied',
        module='actions/applying',
        old='        now = self.terms.means.clocks.now()',
        new='        now = self.plan.now',
    ),
    Mutant(
        name='a stopped sweep evicts what it has claimed',
        killer=f'{CACHE}::'
        'test_once_stopped_a_sweep_ends_after_the_current_image',
        module='actions/batch',
        old='            elif self._claimed.is_over():',
        new='            elif self._trouble.why:',
    ),
    Mutant(
        name='a stopped sweep leaves its claims',
        killer=f'{CACHE}::TestBatches::'
        'test_what_came_late_is_claimed_in_batches_that_fit',
        module='actions/claimed_images',
        old="""        self.waiting.pop(verdict.image.identity, None)
        self.withdraw_claim(verdict.image)""",
        new='        self.waiting.pop(verdict.image.identity, None)',
    ),
    Mutant(
        name='a stopped sweep goes on labelling',
        killer=f'{CACHE}::test_once_stopped_nothing_is_labelled',
        module='actions/applying',
        old='            if self.terms.should_stop():',
        new='            if False:',
    ),
    Mutant(
        name='a failure to label is told nobody',
        killer=f'{CACHE}::test_a_failure_to_label_is_told',
        module='actions/applying',
        old='            self.terms.on_outcome(outcome)',
        new='            pass',
    ),
    Mutant(
        name='an image is read before its room is known',
        killer=f'{WITH_ROOM}::test_nothing_is_added_above_the_high_watermark',
        module='actions/adding',
        old='        if not there.missing(reserving.size):',
        new='        if True:',
    ),
    Mutant(
        name='a batch larger than its claim has time for',
        killer=f'{CACHE}::TestBatches::'
        'test_no_more_is_claimed_than_finds_the_time',
        module='actions/claimed_images',
        old='self.claim.has_room() and not self.is_over()',
        new='not self.is_over()',
    ),
    Mutant(
        name='a batch that was too large is repeated as large',
        killer=f'{CACHE}::TestBatches::'
        'test_what_came_late_is_claimed_in_batches_that_fit',
        module='actions/batch_size',
        old='            self.current = max(1, done)',
        new='            pass',
    ),
    Mutant(
        name='what was added again is taken for what is followed',
        killer=f'{PROTOCOL}::Failures::'
        'test_nor_if_somebody_else_claims_it_by_now',
        module='actions/lost_removals',
        old='            if self._claim.token in found.marks.claims',
        new='            if True',
    ),
    Mutant(
        name='a pending removal is followed for ever',
        killer=f'{PROTOCOL}::Failures::'
        'test_it_is_followed_no_longer_than_a_deadline',
        module='actions/lost_removals',
        old='self._timer.elapsed >= self._means.rules.deadline',
        new='self._timer.elapsed >= 9 * self._means.rules.deadline',
    ),
    Mutant(
        name='claims too short for a removal',
        killer=f'{RULES}::test_a_contradiction_cannot_be_made',
        module='planning/rules',
        old='        if self.claim_ttl - self.deadline < self.removal:',
        new='        if False:',
    ),
    Mutant(
        name='a store that fails is taken for empty',
        killer=f'{PROTOCOL}::Failures::'
        'test_a_store_that_fails_is_a_problem_and_never_empty',
        module='actions/stores',
        old='            problems[name] = describe_problem(name, found)',
        new='            pass',
    ),
    Mutant(
        name='a claim is forgotten while it may count',
        killer=f'{PROTOCOL}::Claims::'
        'test_nobodys_claim_is_removed_before_it_is_long_dead',
        module='planning/rules',
        old='        return now - expiry > self.claim_ttl + self.evidence_ttl',
        new='        return now > expiry',
    ),
    Mutant(
        name='a release that forgets who was made under the lease',
        killer=f'{PROTOCOL}::Testimony::'
        'test_a_lease_lasts_until_newer_evidence',
        module='actions/releasing',
        old='        if image.users is None:\n',
        new='        if False:\n',
    ),
    Mutant(
        name="anybody's claim stands for its own",
        killer=f'{PROTOCOL}::Claims::'
        'test_the_claims_of_others_stand_for_none_of_its_own',
        module='actions/batch',
        old='if self._claim.token not in image.marks.claims:',
        new='if not image.marks.claims:',
    ),
    Mutant(
        name='what anybody claims is what it follows',
        killer=f'{PROTOCOL}::Failures::'
        'test_nor_if_somebody_else_claims_it_by_now',
        module='actions/lost_removals',
        old='            if self._claim.token in found.marks.claims',
        new='            if found.marks.claims',
    ),
    Mutant(
        name='the handler is not told when the claim ends',
        killer=f'{PROTOCOL}::StandsStill::'
        'test_a_clock_that_jumps_meanwhile_ends_the_claim_as_well',
        module='actions/removing',
        old='self._handler.evict(image, self._claimed.claim.is_alive)',
        new='self._handler.evict(image, lambda: True)',
    ),
    Mutant(
        name='the claim is asked for before the handler is',
        killer=f'{PROTOCOL}::StandsStill::'
        'test_a_clock_that_jumps_meanwhile_ends_the_claim_as_well',
        module='actions/removing',
        old='self._handler.evict(image, self._claimed.claim.is_alive)',
        new="""self._handler.evict(
                image, lambda now=self._claimed.claim.is_alive(): now
            )""",
    ),
    Mutant(
        name='the claim is not asked for at last',
        killer=f'{PROTOCOL}::StandsStill::'
        'test_a_clock_that_jumps_meanwhile_ends_the_claim_as_well',
        module='handler',
        old="return None if alive() else 'its claim ran out of time'",
        new='return None',
    ),
    Mutant(
        name='a pin that came is overlooked',
        killer=f'{CLAIMED}::TestCheckClaimed::'
        'test_a_pin_or_lease_that_came_keeps_it',
        module='handler',
        old="came.labels_of('pin') or came.labels_of('lease')",
        new="came.labels_of('lease')",
    ),
    Mutant(
        name='a lease that came is overlooked',
        killer=f'{CLAIMED}::TestCheckClaimed::'
        'test_a_pin_or_lease_that_came_keeps_it',
        module='handler',
        old="came.labels_of('pin') or came.labels_of('lease')",
        new="came.labels_of('pin')",
    ),
    Mutant(
        name='a label that was lost is overlooked',
        killer=f'{PROTOCOL}::Sweep::test_a_boot_at_any_point_loses_nothing',
        module='handler',
        old='if not seen <= labels:',
        new='if False:',
    ),
    Mutant(
        name='a claim that came keeps an image for ever',
        killer=f'{CLAIMED}::TestCheckClaimed::'
        'test_nothing_else_that_came_does',
        module='handler',
        old="if came.labels_of('pin') or came.labels_of('lease'):",
        new='if came.labels:',
    ),
    Mutant(
        name='what the handler has waited for is waited for again',
        killer='proofs/test_together.py::Unended::'
        'test_whoever_has_waited_nobody_waits_again',
        module='actions/lost_removals',
        old='if lost.has_waited or is_late else',
        new='if is_late else',
    ),
    Mutant(
        name='what the handler waited for is over where it shows nothing',
        killer='proofs/test_together.py::Unended::'
        'test_so_it_does_where_the_handler_shows_nothing',
        module='actions/lost_removals',
        old='        if image.busy is None and not lost.has_waited:',
        new='        if image.busy is None:',
    ),
    Mutant(
        name='what cannot be seen is over',
        killer='proofs/test_together.py::Unended::'
        'test_what_cannot_be_seen_may_be_pending',
        module='actions/lost_removals',
        old='            return dict.fromkeys(left, End.PENDING)',
        new='            return dict.fromkeys(left, End.STAYED)',
    ),
    Mutant(
        name='a store is left for one removal that did not end',
        killer='proofs/test_together.py::Unended::'
        'test_nobody_is_granted_what_may_yet_go_however_late',
        module='actions/leaving_stores',
        old='UNFINISHED = 2',
        new='UNFINISHED = 1',
    ),
    Mutant(
        name='a third removal that does not end is begun',
        killer='proofs/test_together.py::Unended::'
        'test_nobody_is_granted_what_may_yet_go_however_late',
        module='actions/leaving_stores',
        old='UNFINISHED = 2',
        new='UNFINISHED = 3',
    ),
    Mutant(
        name='a store is left for four refusals',
        killer='proofs/test_together.py::Refused::'
        'test_a_removal_begins_the_row_anew',
        module='actions/leaving_stores',
        old='REFUSED = 5',
        new='REFUSED = 4',
    ),
    Mutant(
        name='a sixth refusal is waited for',
        killer='proofs/test_together.py::Refused::'
        'test_claims_that_cannot_be_written_are_refusals',
        module='actions/leaving_stores',
        old='REFUSED = 5',
        new='REFUSED = 6',
    ),
    Mutant(
        name='a store is left for two answers that nobody understands',
        killer='proofs/test_together.py::Misunderstood::'
        'test_answers_to_claims_count_as_well',
        module='actions/leaving_stores',
        old='NOT_UNDERSTOOD = 3',
        new='NOT_UNDERSTOOD = 2',
    ),
    Mutant(
        name='a fourth answer that nobody understands is waited for',
        killer='proofs/test_together.py::Misunderstood::'
        'test_answers_to_claims_count_as_well',
        module='actions/leaving_stores',
        old='NOT_UNDERSTOOD = 3',
        new='NOT_UNDERSTOOD = 4',
    ),
    Mutant(
        name='refusals need not be in a row',
        killer='proofs/test_together.py::Refused::'
        'test_a_removal_begins_the_row_anew',
        module='actions/leaving_stores',
        old='            self._refused = 0\n        if',
        new='            pass\n        if',
    ),
    Mutant(
        name='what is not understood need not be in a row',
        killer='proofs/test_together.py::Misunderstood::'
        'test_one_that_is_understood_begins_the_row_anew',
        module='actions/leaving_stores',
        old='            self._not_understood = 0\n        if',
        new='            pass\n        if',
    ),
    Mutant(
        name='any busy image is a refusal of its store',
        killer='proofs/test_together.py::Refused::'
        'test_of_the_images_own_none_are_too_many',
        module='actions/leaving_stores',
        old='isinstance(error, StoreBusy | StoreUnavailable)',
        new='isinstance(error, StoreBusy.__base__ | StoreUnavailable)',
    ),
    Mutant(
        name='a store that is busy refuses nothing',
        killer='proofs/test_together.py::Refused::'
        'test_five_in_a_row_leave_the_store',
        module='actions/leaving_stores',
        old='isinstance(error, StoreBusy | StoreUnavailable)',
        new='isinstance(error, StoreUnavailable)',
    ),
    Mutant(
        name='a store that is away refuses nothing',
        killer='proofs/test_together.py::Refused::'
        'test_claims_that_cannot_be_written_are_refusals',
        module='actions/leaving_stores',
        old='isinstance(error, StoreBusy | StoreUnavailable)',
        new='isinstance(error, StoreBusy)',
    ),
    Mutant(
        name='what was cancelled has ended',
        killer='proofs/test_together.py::Unended::'
        'test_what_was_cancelled_did_not_end_either',
        module='actions/leaving_stores',
        old='isinstance(error, Cancelled | Unfinished)',
        new='isinstance(error, Unfinished)',
    ),
    Mutant(
        name='what is pending has ended',
        killer='proofs/test_together.py::Unended::'
        'test_what_cannot_be_seen_may_be_pending',
        module='actions/leaving_stores',
        old='self._unfinished += end in (End.PENDING, End.IN_VAIN)',
        new='self._unfinished += end is End.IN_VAIN',
    ),
    Mutant(
        name='whatever is not known may be pending',
        killer='proofs/test_together.py::Misunderstood::'
        'test_three_in_a_row_leave_the_store',
        module='actions/leaving_stores',
        old='end in (End.PENDING, End.IN_VAIN)',
        new='end is not End.GONE',
    ),
    Mutant(
        name='claims that cannot be written are no refusals',
        killer='proofs/test_together.py::Misunderstood::'
        'test_answers_to_claims_count_as_well',
        module='actions/claimed_images',
        old="""            self._trouble.count_unclaimed(error)
""",
        new='',
    ),
    Mutant(
        name='nor are looks',
        killer='proofs/test_together.py::Refused::test_so_are_looks',
        module='actions/batch',
        old="""            self._trouble.count_failure(error)
""",
        new='',
    ),
    Mutant(
        name='a store that is to be left is gone through',
        killer='proofs/test_together.py::Misunderstood::'
        'test_answers_to_claims_count_as_well',
        module='actions/claimed_images',
        old='self._terms.should_stop() or self._trouble.why is not None',
        new='self._terms.should_stop()',
    ),
    Mutant(
        name='nobody is told of a store that was left',
        killer='proofs/test_together.py::Refused::test_it_is_told_once',
        module='actions/applying',
        old="            LOG.warning('%s', done.left)",
        new='            pass',
    ),
    Mutant(
        name='a store that was left is not reported',
        killer='proofs/test_together.py::Misunderstood::'
        'test_answers_to_claims_count_as_well',
        module='actions/applying',
        old='            if group.left is not None:',
        new='            if False:',
    ),
    Mutant(
        name='the trouble of one store is that of all',
        killer='proofs/test_together.py::Refused::'
        'test_claims_that_cannot_be_written_are_refusals',
        module='actions/evicting',
        old="""    trouble = Trouble(store)
""",
        new="""    trouble = globals().setdefault("_trouble", Trouble(store))
""",
    ),
    Mutant(
        name='a wait that came to nothing is forgotten',
        killer=f'{TROUBLE}::Unended::'
        'test_what_was_waited_for_to_no_end_did_not_end',
        module='actions/leaving_stores',
        old='end in (End.PENDING, End.IN_VAIN)',
        new='end is End.PENDING',
    ),
    Mutant(
        name='a full store is left',
        killer=f'{TROUBLE}::Refused::test_a_full_store_is_swept_all_the_same',
        module='actions/leaving_stores',
        old='return refused and not isinstance(error, StoreFull)',
        new='return refused',
    ),
    Mutant(
        name='claims that nobody answers are written for ever',
        killer=f'{TROUBLE}::Refused::test_so_are_those_that_nobody_answers',
        module='actions/leaving_stores',
        old='        if is_silent(error) and not _is_refusal(error):',
        new='        if False:',
    ),
    Mutant(
        name='each claim is taken off in vain',
        killer=f'{TROUBLE}::Refused::'
        'test_who_takes_no_claim_off_is_not_asked_for_each',
        module='actions/claimed_images',
        old='        if self._not_withdrawn >= _SILENT:',
        new='        if False:',
    ),
    Mutant(
        name='labels are written for ever',
        killer=f'{TROUBLE}::Labels::'
        'test_after_five_in_a_row_no_more_are_tried',
        module='actions/applying',
        old='            if refused < REFUSED:',
        new='            if True:',
    ),
    Mutant(
        name='a no that is taken back',
        killer=f'{RESULTS}::test_a_no_is_the_last_word_of_a_call',
        module='actions/removing',
        old="""        if not self.said_no:
            over""",
        new="""        if True:
            over""",
    ),
    Mutant(
        name='removals that begin together after the deadline',
        killer=f'{TOGETHER}::'
        'Calls::test_what_is_late_for_one_call_is_in_time_for_the_next',
        module='actions/removing',
        old='over or not self._claimed.claim.in_time()',
        new='over',
    ),
    Mutant(
        name='a stop that a handler of many does not hear',
        killer=f'{TOGETHER}::Calls::test_once_stopped_no_other_removal_begins',
        module='actions/removing',
        old='over or not self._claimed.claim.in_time()',
        new='not self._claimed.claim.in_time()',
    ),
    Mutant(
        name='a handler of many that is told nothing of time',
        killer=f'{TOGETHER}::'
        'Calls::test_what_is_late_for_one_call_is_in_time_for_the_next',
        module='actions/removing',
        old='self._handler.evict_many(images, in_time)',
        new='self._handler.evict_many(images, lambda: True)',
    ),
    Mutant(
        name='what is busy for itself is put off',
        killer=f'{TOGETHER}::Calls::test_what_is_busy_for_itself_is_kept',
        module='actions/removing',
        old='return said_no and busy',
        new='return busy',
    ),
    Mutant(
        name='what a handler is too late with is kept',
        killer=f'{RESULTS}::test_what_is_too_late_by_itself_is_put_off',
        module='actions/removing',
        old='if isinstance(error, TooLate):',
        new='if False:',
    ),
    Mutant(
        name='what was late is kept',
        killer=f'{TOGETHER}::'
        'Calls::test_what_is_late_for_one_call_is_in_time_for_the_next',
        module='actions/removing',
        old='        elif _is_late(result, in_time.said_no):',
        new='        elif False:',
    ),
    Mutant(
        name='what a busy store refused was late',
        killer=f'{RESULTS}::test_a_store_that_is_busy_is_not_late',
        module='actions/removing',
        old=' and not isinstance(error, StoreBusy)',
        new='',
    ),
    Mutant(
        name='a handler of many is called for nothing',
        killer=f'{TOGETHER}::'
        'Calls::test_what_no_look_let_pass_is_not_handed_over',
        module='actions/removing',
        old='        if not passed or not in_time():',
        new='        if not in_time():',
    ),
    Mutant(
        name='a claim is withdrawn while the handler is at work',
        killer=f'{TOGETHER}::'
        'Calls::test_between_two_results_the_handler_is_not_called',
        module='actions/claimed_images',
        old='        if self._to_withdraw is not None:',
        new='        if False:',
    ),
    Mutant(
        name='claims that are to be withdrawn are forgotten',
        killer=f'{TOGETHER}::Calls::test_what_is_busy_for_itself_is_kept',
        module='actions/claimed_images',
        old="""        for image in images:
            self.withdraw_claim(image)
""",
        new='',
    ),
    Mutant(
        name='claims are written on, whoever stops',
        killer=f'{TOGETHER}::'
        'Calls::test_once_stopped_no_other_claim_is_written',
        module='actions/claimed_images',
        old='                if untold and not self._may_claim():',
        new='                if False:',
    ),
    Mutant(
        name='claims are written together, however late',
        killer=f'{TOGETHER}::'
        'Calls::test_no_more_is_claimed_than_finds_the_time',
        module='actions/claimed_images',
        old='                if untold and not self._may_claim():',
        new='                if untold and self.is_over():',
    ),
    Mutant(
        name='claims are written together in a store that is to be left',
        killer=f'{TOGETHER}::'
        'Refused::test_claims_that_cannot_be_written_are_refusals',
        module='actions/claimed_images',
        old='                if untold and not self._may_claim():',
        new="""                if (
                    untold
                    and not self._trouble.why
                    and not self._may_claim()
                ):""",
    ),
    Mutant(
        name='a handler that was told all is cut short',
        killer=f'{RESULTS}::test_what_follows_the_last_label_is_waited_for',
        module='actions/claimed_images',
        old='                if untold and not self._may_claim():',
        new='                if not self._may_claim():',
    ),
    Mutant(
        name='what stands for all ends the claiming of some',
        killer=f'{RESULTS}::test_what_stands_for_all_is_told_of_each',
        module='actions/claimed_images',
        old="""                    continue
""",
        new="""                    if not self._may_claim():
                        break
                    continue
""",
    ),
    Mutant(
        name='claims that nobody was told of stay',
        killer=f'{RESULTS}::'
        'test_once_stopped_labelling_ends_before_a_claim_is_taken_off',
        module='actions/claimed_images',
        old="""            # Its claim may be written all the same.
            self.put_off(verdict)
""",
        new="""            self.late.append(verdict)
""",
    ),
    Mutant(
        name='images that nobody was told of are forgotten',
        killer=f'{TOGETHER}::'
        'Calls::test_no_more_is_claimed_than_finds_the_time',
        module='actions/claimed_images',
        old="""            # Its claim may be written all the same.
            self.put_off(verdict)
""",
        new="""            self.withdraw_claim(verdict.image)
""",
    ),
    Mutant(
        name='a claim is taken off while labelling goes on',
        killer=f'{RESULTS}::'
        'test_once_stopped_labelling_ends_before_a_claim_is_taken_off',
        module='actions/claimed_images',
        old='        with self.withdraw_later(), contextlib.closing(results):',
        new="""        self._kept = results
        with self.withdraw_later():""",
    ),
    Mutant(
        name='what the handler gave is left open',
        killer=f'{RESULTS}::test_results_without_an_end_are_closed',
        module='actions/results',
        old="""                safely(close)
""",
        new="""                globals().setdefault('_kept', []).append(close)
""",
    ),
    Mutant(
        name='a handler that cannot be closed ends the sweep',
        killer=f'{RESULTS}::'
        'test_once_stopped_labelling_ends_before_a_claim_is_taken_off',
        module='actions/results',
        old='            with contextlib.suppress(CacheError):',
        new='            if True:',
    ),
    Mutant(
        name='what cannot be deleted was lost',
        killer=f'{TOGETHER}::'
        'CannotGo::test_it_is_kept_and_told_and_the_store_is_not_left',
        module='actions/removing',
        old='ImageBusy | ImageInUse | Undeletable',
        new='ImageBusy | ImageInUse',
    ),
    Mutant(
        name='one refusal of many counts for each',
        killer=f'{TOGETHER}::'
        'Raised::test_five_calls_that_are_refused_leave_the_store',
        module='actions/removing',
        old="""        if not again:
""",
        new="""        if True:
""",
    ),
    Mutant(
        name='one wait of many that ended counts for each',
        killer=f'{TOGETHER}::Raised::test_a_wait_in_vain_counts_once',
        module='actions/leaving_stores',
        old='        elif end is End.GONE and not lost.again:',
        new='        elif end is End.GONE:',
    ),
    Mutant(
        name='a list of another length is believed',
        killer=f'{RESULTS}::test_results_that_are_none_are_looked_after',
        module='actions/results',
        old='    if isinstance(given, Sized) and len(given) != count:',
        new='    if False:',
    ),
    Mutant(
        name='whatever is a result is believed',
        killer=f'{RESULTS}::test_results_that_are_none_are_looked_after',
        module='actions/results',
        old='isinstance(result, CacheError) or is_result(result)',
        new='True',
    ),
    Mutant(
        name='true is a number of bytes',
        killer=f'{RESULTS}::test_results_that_are_none_are_looked_after',
        module='actions/guard',
        old="""        and not isinstance(result, bool)
""",
        new='',
    ),
    Mutant(
        name='less than nothing was freed',
        killer=f'{RESULTS}::test_results_that_are_none_are_looked_after',
        module='actions/guard',
        old="""        and result >= 0
""",
        new='',
    ),
    Mutant(
        name='results that are missing were good ones',
        killer=f'{RESULTS}::test_results_that_are_none_are_looked_after',
        module='actions/results',
        old='            yield Untold(error, first=number == told)',
        new='            yield None',
    ),
    Mutant(
        name='whatever is raised stands for each by itself',
        killer=f'{TOGETHER}::'
        'Raised::test_five_calls_that_are_refused_leave_the_store',
        module='actions/results',
        old='first=number == told',
        new='first=True',
    ),
    Mutant(
        name='claims that nobody knows of are believed',
        killer=f'{RESULTS}::test_labels_that_nobody_knows_of_are_no_claim',
        module='actions/claimed_images',
        old='self._end_claiming(verdict, result.error, again=again)',
        new='self._end_claiming(verdict, None)',
    ),
    Mutant(
        name='a look that is dear is taken for each',
        killer=f'{SIZE}::test_a_look_takes_a_twentieth_of_the_time',
        module='actions/batch_size',
        old='    return max(1, math.ceil(_PART * shared / each))',
        new='    return 1',
    ),
    Mutant(
        name='batches of any size',
        killer=f'{SIZE}::test_a_look_takes_a_twentieth_of_the_time',
        module='actions/batch_size',
        old='    if shared >= largest * each / _PART:',
        new='    if not each:',
    ),
    Mutant(
        name='a first batch without bounds',
        killer=f'{SIZE}::test_it_begins_within_bounds',
        module='actions/batch_size',
        old='        self.current = min(self._largest, _FIRST)',
        new='        self.current = self._largest',
    ),
    Mutant(
        name='a sweep that recovers nothing',
        killer=f'{RECOVERING}::test_a_sweep_plans_with_what_was_put_back',
        module='actions/sweeping',
        old='    failed = _recover_chosen(means.handler, stores)',
        new='    failed: dict[str, CacheError] = {}',
    ),
    Mutant(
        name='an apply that recovers nothing',
        killer=f'{RECOVERING}::'
        'test_an_apply_begins_with_it_too_before_any_label',
        module='actions/sweeping',
        old='    failed = recover_stores(means.handler, sound)',
        new='    failed: dict[str, CacheError] = {}',
    ),
    Mutant(
        name='a store that could not be recovered is swept',
        killer=f'{RECOVERING}::'
        'test_in_a_store_that_cannot_be_recovered_nothing_is_done',
        module='actions/listing',
        old='        if store in failed:',
        new='        if False:',
    ),
    Mutant(
        name='a plan is applied where nothing could be recovered',
        killer=f'{RECOVERING}::test_nor_is_what_a_plan_shows_and_that_is_told',
        module='actions/applying',
        old='        left = self._leave_failed(work)',
        new='        left: list[Left] = []',
    ),
    Mutant(
        name='what is pinned and in use has no shield',
        killer=f'{SHIELD}::'
        'test_it_is_on_what_is_pinned_protected_or_not_to_be_removed',
        module='planning/changes',
        old='any(one.reason in _SHIELDED for one in verdict.blockers)',
        new='verdict.reason in _SHIELDED',
    ),
    Mutant(
        name='a pin waits for a sweep to get its shield',
        killer=f'{CACHE}::TestLabels::'
        'test_a_pin_has_its_shield_at_once_where_one_is_wanted',
        module='actions/holding',
        old='if not self.means.handler.wants_shield:',
        new='if True:',
    ),
    Mutant(
        name='every pin has a shield',
        killer=f'{CACHE}::TestLabels::'
        'test_a_pin_has_its_shield_at_once_where_one_is_wanted',
        module='actions/holding',
        old='if not self.means.handler.wants_shield:',
        new='if False:',
    ),
    Mutant(
        name='a shield for ever',
        killer=f'{SHIELD}::'
        'test_it_is_on_what_is_pinned_protected_or_not_to_be_removed',
        module='planning/changes',
        old='return Relabel(add=wanted - there, remove=there - wanted)',
        new='return Relabel(add=wanted - there)',
    ),
    Mutant(
        name='no shield on what is not to be removed',
        killer=f'{SHIELD}::'
        'test_it_is_on_what_is_pinned_protected_or_not_to_be_removed',
        module='planning/changes',
        old='{Reason.PINNED, Reason.PROTECTED, Reason.DISABLED}',
        new='{Reason.PINNED, Reason.PROTECTED}',
    ),
    Mutant(
        name='a handler is blamed for what a source raised',
        killer=f'{ADDING}::test_what_it_raises_is_its_own_failure',
        module='actions/adding',
        old='        if opened.failure is not None:',
        new='        if False:',
    ),
    Mutant(
        name='a source is blamed for what a handler raised',
        killer=f'{ADDING}::test_what_its_handler_raises_is_not',
        module='actions/opened_source',
        old="""            with contextlib.suppress(CacheError):
""",
        new="""            if True:
""",
    ),
    Mutant(
        name='labels are left out',
        killer=f'{ADDING}::test_an_image_comes_with_its_labels',
        module='actions/adding',
        old='handler.add(opened.meta, opened.content, store, labels)',
        new='handler.add(opened.meta, opened.content, store, ())',
    ),
    Mutant(
        name='a text says how many bytes were freed',
        killer=f'{CHECKING}::test_what_was_freed_is_a_number_and_stops_nobody_else',
        module='actions/checking',
        old='check_freed(self._handler.evict(image, alive))',
        new='self._handler.evict(image, alive)',
    ),
    Mutant(
        name='true is how many bytes were freed',
        killer=f'{CHECKING}::test_what_was_freed_is_a_number_and_stops_nobody_else',
        module='actions/checking',
        old='isinstance(value, bool) or not isinstance(value, int)',
        new='not isinstance(value, int)',
    ),
    Mutant(
        name='anything is an image in a list',
        killer=f'{CHECKING}::test_a_list_holds_images_only',
        module='actions/checking',
        old='            return [check_kind(kind, one) for one in answer]',
        new='            return list(answer)',
    ),
    Mutant(
        name='a wrong value is told without who gave it',
        killer=f'{CHECKING}::test_an_image_of_wrong_types_cannot_be_made_and_says_who_tried',
        module='actions/checking',
        old="            raise ValueError(f'{name}: {error}') from error",
        new="            raise ValueError(f'{error}') from error",
    ),
    Mutant(
        name='users may be a text',
        killer=f'{CHECKING}::test_an_image_of_wrong_types_cannot_be_made_and_says_who_tried',
        module='checked_values',
        old='    if not isinstance(users, frozenset):',
        new='    if False:',
    ),
    Mutant(
        name='a size may be a float',
        killer=f'{CHECKING}::test_an_image_of_wrong_types_cannot_be_made_and_says_who_tried',
        module='checked_values',
        old='    if not isinstance(size, int) or isinstance(size, bool):',
        new='    if isinstance(size, bool):',
    ),
    Mutant(
        name='whatever stands for complete is taken for yes',
        killer='root/test_model.py::test_evidence_is_of_its_kinds',
        module='model',
        old="        check_flag('complete', self.complete)\n",
        new='',
    ),
    Mutant(
        name='marks may be a bare set',
        killer=f'{CHECKING}::test_an_image_of_wrong_types_cannot_be_made_and_says_who_tried',
        module='model',
        old='        if not isinstance(self.marks, Marks):',
        new='        if False:',
    ),
    Mutant(
        name='ranks of a policy are taken as they come',
        killer=f'{CHECKING}::test_the_ranks_of_a_policy_can_be_compared',
        module='actions/ranking',
        old='        if not _is_comparable(rank, other):',
        new='        if False:',
    ),
    Mutant(
        name='a rank that does not equal itself has a place',
        killer=f'{CHECKING}::test_the_ranks_of_a_policy_can_be_compared',
        module='actions/ranking',
        old='    return bool(one == one)  # noqa: PLR0124',
        new='    return True',
    ),
    Mutant(
        name='what others have reserved does not count',
        killer=f'{ROOM}::test_what_others_have_reserved_is_taken',
        module='planning/room',
        old='if one.token == own or not rules.is_reserved(one.until, now):',
        new='if True:',
    ),
    Mutant(
        name='a reservation that is over counts on',
        killer=f'{ROOM}::test_what_others_have_reserved_is_taken',
        module='planning/room',
        old='if one.token == own or not rules.is_reserved(one.until, now):',
        new='if one.token == own:',
    ),
    Mutant(
        name='a reservation for a lifetime is heeded',
        killer=f'{ROOM}::test_what_others_have_reserved_is_taken',
        module='planning/rules',
        old='return self.is_live(until, now) and until - now <= longest',
        new='return self.is_live(until, now)',
    ),
    Mutant(
        name='a reservation that outlasts ones own claims is not heeded',
        killer=f'{ROOM}::test_what_others_have_reserved_is_taken',
        module='planning/rules',
        old='max(self.claim_ttl, _DAY) + self.clock_skew',
        new='self.claim_ttl',
    ),
    Mutant(
        name='what comes in may fill all of a store',
        killer=f'{ROOM}::test_what_is_available_ends_at_the_high_watermark',
        module='planning/room',
        old='kept=-(-pool.total * (100 - rules.high_watermark) // 100),',
        new='kept=0,',
    ),
    Mutant(
        name='the part of a percent below the watermark is given away',
        killer=f'{ROOM}::test_what_is_available_ends_at_the_high_watermark',
        module='planning/room',
        old='kept=-(-pool.total * (100 - rules.high_watermark) // 100),',
        new='kept=pool.total * (100 - rules.high_watermark) // 100,',
    ),
    Mutant(
        name='images go for what never fits',
        killer=f'{ROOM}::test_nothing_goes_for_what_never_fits',
        module='planning/room',
        old="""    if freed >= missing:
        return Room""",
        new="""    if True:
        return Room""",
    ),
    Mutant(
        name='what is blocked goes for what comes in',
        killer=f'{ROOM}::test_what_is_to_stay_stays',
        module='planning/room',
        old='        if one.rank is not None and one.image.reclaimable',
        new='        if one.image.reclaimable',
    ),
    Mutant(
        name='an add does not look who else has the image on its way',
        killer=f'{WITH_ROOM}::test_what_somebody_else_has_on_its_way_is_busy',
        module='actions/adding',
        old='if not reserving.is_alone(lambda: means.clocks.sleep(POLL)):',
        new='if False:',
    ),
    Mutant(
        name='room is made for an image whose lease is refused',
        killer=f'{PREFETCH_LEASES}::test_a_lease_that_the_backend_refuses_is_'
        'refused_before_anything_goes',
        module='actions/prefetching_image',
        old='        self._check_lease()\n',
        new='',
    ),
    Mutant(
        name='an image is opened whose labels are refused',
        killer=f'{ADDING}::test_labels_that_the_backend_refuses_open_no_source',
        module='actions/adding',
        old='    means.handler.check_labels(image_id, checked)\n',
        new='',
    ),
    Mutant(
        name='a prefetched image is published without its lease',
        killer=f'{DEATHS}::'
        'test_a_sweep_at_the_moment_of_the_publish_takes_nothing',
        module='actions/publishing',
        old='{lease_label(OWNER, way.end_of_lease()), sha256_label(sha256)}',
        new='{sha256_label(sha256)}',
    ),
    Mutant(
        name='a prefetch looks for nobody else',
        killer=f'{AT_ONCE}::test_what_is_on_its_way_elsewhere_is_waited_for',
        module='actions/prefetching_image',
        old="""            if not reserving.has_rivals():
                reserving.write_record()
                if reserving.is_alone(self._pause_unless_stopped):""",
        new="""            if True:
                reserving.write_record()
                if True:""",
    ),
    Mutant(
        name='who waits for another thread does not say so',
        killer=f'{AT_ONCE}::test_who_waits_for_another_thread_says_the_same',
        module='actions/prefetching',
        old='one.go_on_waiting',
        new='one.check_stop',
    ),
    Mutant(
        name='a reservation is not renewed',
        killer=f'{AT_ONCE}::test_a_reservation_is_renewed_while_it_is_needed',
        module='actions/reserving',
        old="""                if self.is_alive():
                    self._write_now()""",
        new="""                if False:
                    self._write_now()""",
    ),
    Mutant(
        name='room that was reserved is not given back',
        killer=f'{PREFETCHING}::'
        'test_a_foreign_object_of_that_name_is_an_error',
        module='actions/reserving',
        old='            self._book.unreserve(written)',
        new='            pass',
    ),
    Mutant(
        name='room is reserved after all was given back',
        killer=f'{OPEN_BOOK}::'
        'test_all_of_ones_own_is_given_back_and_no_more_is_written',
        module='actions/open_book',
        old='            if not self._is_closed:',
        new='            if True:',
    ),
    Mutant(
        name='room is given back while it is being reserved',
        killer=f'{OPEN_BOOK}::test_what_is_being_written_is_given_back_then',
        module='actions/open_book',
        old="""        with entry.turn:
            self._book.unreserve(reservation)""",
        new="""        if entry.turn:
            self._book.unreserve(reservation)""",
    ),
    Mutant(
        name='room stays reserved while a stage is waited for',
        killer=f'{WAITING}::TestStages::'
        'test_nothing_is_reserved_while_a_stage_is_waited_for',
        module='actions/prefetching_image',
        old='incoming.meta, False, self._way.should_stop',
        new='incoming.meta, True, self._way.should_stop',
    ),
    Mutant(
        name='a turn that is over is taken again with the stage in hand',
        killer=f'{WAITING}::TestStages::'
        'test_the_stage_is_free_while_a_turn_is_waited_for',
        module='actions/prefetching_image',
        old='            if not reserving.is_alive():',
        new="""            if not reserving.is_alive() and not (
                self._take_turn(reserving)
            ):""",
    ),
    Mutant(
        name='what was taken over meanwhile is published all the same',
        killer=f'{WAITING}::TestStages::'
        'test_room_that_others_took_meanwhile_is_not_taken_again',
        module='actions/prefetching_image',
        old='            if not reserving.is_alive():',
        new='            if False:',
    ),
    Mutant(
        name='what leads elsewhere is not inspected',
        killer=f'{FORMATS}::'
        'test_what_leads_elsewhere_is_refused_before_it_is_visible',
        module='actions/prefetching_image',
        old='        stage.inspect_image()\n',
        new='',
    ),
    Mutant(
        name='another image passes for the one whose hash was given',
        killer='actions/test_given_hash.py::'
        'test_it_is_compared_where_it_can_be',
        module='actions/given_hash',
        old='    if known == given.value:',
        new='    if known:',
    ),
    Mutant(
        name='a repeat leaves the lease as it is',
        killer=f'{PREFETCHING}::'
        'test_a_repeat_renews_the_lease_and_fetches_nothing',
        module='actions/leasing',
        old='            if _ends_before(label, granted)',
        new='            if False',
    ),
    Mutant(
        name='a shorter lease takes off a longer one',
        killer=f'{PREFETCHING}::'
        'test_a_repeat_renews_the_lease_and_fetches_nothing',
        module='actions/leasing',
        old='            if _ends_before(label, granted)',
        new='            if label != granted',
    ),
    Mutant(
        name='a lease goes before the longer one is granted',
        killer=f'{LEASING}::test_a_shorter_lease_outlives_a_renewal',
        module='actions/leasing',
        old='_grant_lease(request, image_id, lambda _: NO_CHANGE)',
        new="""_grant_lease(
            request,
            image_id,
            lambda marks: Relabel(
                remove=marks.labels_of('lease', self.owner)
            ),
        )""",
    ),
    Mutant(
        name='a lease that hosts share is taken back',
        killer=f'{LEASING}::test_one_lease_of_two_hosts_is_not_taken_back',
        module='actions/granting',
        old='        if not labels or self._shared:',
        new='        if not labels:',
    ),
    Mutant(
        name='a hold that is not granted is not taken back',
        killer=f'{PROTOCOL}::Holds::'
        'test_a_hold_whose_renewal_is_lost_keeps_no_lease',
        module='actions/granting',
        old='        if not labels or self._shared:',
        new='        if True:',
    ),
    Mutant(
        name='what went as it came is called cached',
        killer=f'{PREFETCH_LEASES}::test_what_went_as_it_came_is_an_error',
        module='actions/publishing',
        old="        raise ImageBusy(key, 'it went as it came; ask",
        new="        str('ask",
    ),
    Mutant(
        name='an image is verified to its end however long that takes',
        killer=f'{VERIFYING}::test_it_stops_within_an_image',
        module='actions/verifying',
        old='                if self._should_stop():',
        new='                if False:',
    ),
    Mutant(
        name='what is free late is not waited for',
        killer=f'{MAKING_ROOM}::test_what_is_free_late_costs_no_more_images',
        module='actions/making_room',
        old='        return self._wait_while(is_pending, terms)',
        new='        return Room()',
    ),
    Mutant(
        name='what lies there under another name as well counts as staged',
        killer=f'{MAKING_ROOM}::TestStagedThere::'
        'test_what_is_not_taken_up_again_counts_for_nothing',
        module='actions/incoming',
        old='    alone = stat.S_ISREG(found.st_mode) and found.st_nlink == 1',
        new='    alone = stat.S_ISREG(found.st_mode)',
    ),
    Mutant(
        name='what is staged stays reserved as well',
        killer=f'{MAKING_ROOM}::TestStagedThere::'
        'test_nothing_goes_for_what_another_has_fetched',
        module='actions/reserving',
        old='        return max(0, self._size - self._count_staged())',
        new='        return self._size',
    ),
    Mutant(
        name='a pinned image is set aside',
        killer=f'{VERIFYING}::test_what_somebody_uses_or_may_use_stays',
        module='actions/verifying',
        old='Reason.TOO_YOUNG, Reason.PROTECTED, Reason.DISABLED',
        new='*Reason',
    ),
    Mutant(
        name='an image is set aside without being asked for',
        killer=f'{VERIFYING}::test_what_differs_is_told_and_stays',
        module='actions/verifying',
        old='        if not self._quarantine:',
        new='        if False:',
    ),
    Mutant(
        name='what was changed is passed over by who verifies',
        killer=f'{VERIFYING}::'
        'test_what_was_changed_and_is_in_no_list_is_named',
        module='actions/verifying',
        old='        for one in means.handler.altered(store)',
        new='        for one in ()',
    ),
    Mutant(
        name='what is retired overrules what blocks it',
        killer=f'{RETIRED}::test_it_is_told_and_overrules_no_blocker',
        module='planning/plan',
        old="""        if why:
            kept.append(keep_blocked(""",
        new="""        if why and not judge.rules.drops(retired):
            kept.append(keep_blocked(""",
    ),
    Mutant(
        name='what is retired goes whether or not that is wanted',
        killer=f'{RETIRED}::test_only_where_that_is_wanted_it_goes_by_itself',
        module='planning/rules',
        old='return self.drop_deleted and retired is not None',
        new='return retired is not None',
    ),
    Mutant(
        name='whatever nobody has retired goes first',
        killer=f'{RETIRED}::test_only_where_that_is_wanted_it_goes_by_itself',
        module='planning/rules',
        old='return self.drop_deleted and retired is not None',
        new='return self.drop_deleted',
    ),
    Mutant(
        name='what is retired waits for its turn',
        killer=f'{RETIRED}::test_it_is_the_first_to_go',
        module='planning/plan',
        old='queue.sort(key=lambda one: not rules.drops('
        'retired.get(one[0].image_id)))',
        new='pass',
    ),
    Mutant(
        name='who cannot tell what is retired ends the plan',
        killer=f'{RETIRING}::test_who_does_not_answer_retires_nothing',
        module='actions/retiring',
        old='except CacheError as error:',
        new='except KeyboardInterrupt as error:',
    ),
    Mutant(
        name='any id may be retired by an answer',
        killer=f'{RETIRING}::test_an_answer_of_others_is_passed_over',
        module='actions/retiring',
        old='return {keys[one]: how for one, how in said.items() '
        'if one in keys}',
        new='return {keys.get(one, one): how for one, how in said.items()}',
    ),
    Mutant(
        name='what is retired is named as no backend lists it',
        killer=f'{RETIRING}::TestInACache::test_evidence_itself_may_say_so',
        module='actions/means',
        old='            self.handler.key(image_id): how\n',
        new='            image_id: how\n',
    ),
]
