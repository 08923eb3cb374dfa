"""What hosts of a fleet tell, broken on purpose, and by which tests it shows.

The weigher imports Nova: its mutants are tried where Nova is.
"""

from tests.mutation import Mutant

FLEET = 'frontends/fleet/test_'
SEEN = 'frontends/nova/test_seen_images.py::test_'
STATS = 'frontends/nova/test_cache_stats.py::Test'


def mutant(name, module, old, new, killer):
    return Mutant(
        name=name,
        killer=killer,
        module=f'frontends/{module}',
        old=old,
        new=new,
    )


DIGEST = [
    (
        'any edition is read',
        'if fields[0] != _EDITION:',
        'if False:',
        'anything_else_is_refused',
    ),
    (
        'a long text is read',
        'if len(text) > LONGEST:',
        'if False:',
        'anything_else_is_refused',
    ),
    (
        'images in any order are read',
        'if any(a >= b for a, b in zip(found, found[1:], strict=False)):',
        'if False:',
        'images_that_are_not_sorted_are_refused',
    ),
    (
        'an image may be told twice',
        'if any(a >= b for',
        'if any(a > b for',
        'images_that_are_not_sorted_are_refused',
    ),
    (
        'half an image is read',
        'if not data or len(data) % _PREFIX:',
        'if not data:',
        'anything_else_is_refused',
    ),
    (
        'two bytes are a prefix',
        "int.from_bytes(digest[:_PREFIX], 'big')",
        "int.from_bytes(digest[:2], 'big')",
        'what_is_not_there_is_not_found',
    ),
    (
        'what is coming is not named',
        'self.has_image(image_id) or self.awaits_image(image_id)',
        'self.has_image(image_id)',
        'what_is_cached_is_found_and_nothing_else',
    ),
    (
        'what is cut is complete',
        '_WHOLE if self.is_complete else _CUT',
        '_WHOLE',
        'what_counts_least_is_left_out',
    ),
    (
        'the smallest are kept',
        '(-worth[one], one)',
        '(worth[one], one)',
        'what_counts_least_is_left_out',
    ),
    (
        'use counts nothing',
        'image.size * (image.marks.hits + 1)',
        'image.size',
        'what_counts_least_is_left_out',
    ),
    (
        'what is coming is cut first',
        'kept = ranked[: places - len(told)]',
        'kept = ranked[:places]',
        'what_is_coming_is_cut_last',
    ),
    (
        'an image is known by its id only',
        'return _prefix_of(one), _prefix_of(other)',
        'return _prefix_of(one), _prefix_of(one)',
        'an_image_that_is_known_by_a_hash_only_is_found',
    ),
    (
        'what is there is coming as well',
        '- worth.keys())',
        ')',
        'an_image_that_comes_and_is_there_is_there',
    ),
]
LOCALITY = [
    (
        'a digest without an end',
        'return 0.5 if age <= 2 * max_age else 0.0',
        'return 0.5',
        'what_was_told_long_ago_counts_less',
    ),
    (
        'an old digest is a new one',
        'if age <= max_age:',
        'if True:',
        'what_was_told_long_ago_counts_less',
    ),
    (
        'a clock that is ahead is right',
        'abs(now - digest.as_of)',
        'now - digest.as_of',
        'what_was_told_long_ago_counts_less',
    ),
    (
        'what comes is there',
        '_COMING = 0.5',
        '_COMING = 1.0',
        'what_is_on_its_way_counts_half',
    ),
    (
        'small images count',
        '_SMALLEST = 64 * _MIB',
        '_SMALLEST = 0',
        'small_images_count_little',
    ),
    (
        'few that have it get all',
        '_RARE = 0.5',
        '_RARE = 1.0',
        'an_image_on_few_hosts_counts_less',
    ),
    (
        'a busy host gets more',
        'return _fade(io_ops / _BUSY)',
        'return 1.0',
        'work_under_way_lowers_it',
    ),
    (
        'a crowd gets more',
        '_fade(place.servers / max(_MANY, _SHARES_UNKNOWN * share))',
        '1.0',
        'a_host_with_more_than_its_share_is_worth_less',
    ),
    (
        'a crowd of new ones gets more',
        '_fade(place.fresh / _MANY)',
        '1.0',
        'new_servers_of_the_image_lower_it',
    ),
    (
        'a host that is full of others gets more',
        '_fade(place.servers / max(_MANY, _SHARES * share))',
        '1.0',
        'others_lower_it_from_three_times_its_share',
    ),
    (
        'a share is of one host',
        'servers * size / sum(sizes)',
        'servers',
        'a_host_with_more_than_its_share_is_worth_less',
    ),
    (
        'all hosts are as large',
        'if not all(size > 0 for size in sizes):',
        'if True:',
        'the_share_goes_by_the_size_of_a_host',
    ),
    (
        'only work counts',
        'min(_leisure(place.io_ops), _modesty(place, share))',
        '_leisure(place.io_ops)',
        'the_busier_of_both_counts',
    ),
]
TOLD = [
    (
        'its time is told to the second',
        'as_of=_round_down(digest.as_of)',
        'as_of=digest.as_of',
        'equal_images_are_equal_stats',
    ),
    (
        'which turn it was is told',
        'generation=0,',
        'generation=digest.generation,',
        'equal_images_are_equal_stats',
    ),
    (
        'stats of any size',
        'if len(_DIGEST) + len(text) > BUDGET:',
        'if False:',
        'a_larger_one_is_refused',
    ),
    (
        'nonsense ends the scheduler',
        'except ValueError:',
        'except ZeroDivisionError:',
        'what_was_changed_on_its_way_is_no_digest',
    ),
]
LOOKS = [
    (
        'an earlier look overrules a later one',
        'at < self._looked_at',
        'False',
        'a_look_that_began_earlier_is_none',
    ),
    (
        'a clock that was ahead is right',
        'self._clocks.monotonic() - max(0.0, age)',
        'at.timestamp()',
        'a_look_counts_after_a_clock_was_set_back',
    ),
    (
        'what cannot be read is empty',
        '(look.problems and not stores) or ',
        '',
        'what_cannot_be_read_is_not_empty',
    ),
    (
        'what came since is forgotten',
        'if one.at >= at',
        'if False',
        'what_came_since_a_look_began_is_there',
    ),
    (
        'what came once is there for ever',
        'if one.at >= at',
        'if True',
        'what_came_before_a_look_is_what_the_look_says',
    ),
    (
        'what may be gone is told',
        'Did.EVICTED, Did.GONE, Did.UNCERTAIN',
        'Did.EVICTED, Did.GONE',
        'what_goes_is_told_no_more',
    ),
    (
        'what came and went is told',
        'del self._arrived[name]',
        'pass',
        'what_came_and_goes_is_told_no_more',
    ),
    (
        'a part is the image',
        'if not one.variant and store in',
        'if store in',
        'what_is_made_of_an_image_is_not_the_image',
    ),
    (
        'of one store all is told',
        'store in (None, one.store)',
        'True',
        'of_one_store_only_what_is_in_it',
    ),
    (
        'any store is chosen',
        'one.total // GIB == total',
        'True',
        'the_store_of_that_size_is_chosen',
    ),
]
ADDED = [
    (
        'a spawn that failed brought its image',
        '            yield\n            store =',
        '            store =',
        'Added::test_what_comes_and_what_came_by_a_spawn',
    ),
    (
        'what comes comes for ever',
        'self._seen.end_expecting(image_ids)',
        'pass',
        'Added::test_a_spawn_that_failed_brought_nothing',
    ),
    (
        'what a driver tells is lost',
        "'stats': {**given, **told}",
        "'stats': told",
        'Added::test_what_a_sweep_saw',
    ),
    (
        'what fails costs the resources',
        'except Exception:\n            LOG.exc',
        'except ZeroDivisionError.__class__:\n            LOG.exc',
        'Nodes::test_what_fails_here_costs_no_resources',
    ),
    (
        'nodes come to be',
        'or not resources:',
        ':',
        'Nodes::test_each_node_tells_it_and_one_that_is_none_stays_so',
    ),
    (
        'before a look all is empty',
        'if seen.as_of is None:',
        'if False:',
        'Added::test_before_the_first_look_nothing_is_added',
    ),
    (
        'what a sweep removed is told',
        'if one.identity not in gone',
        'if True',
        'Added::test_what_goes_is_told_no_more_before_the_sweep_has_ended',
    ),
    (
        'the store is of no account',
        'if self._one_store:',
        'if False:',
        'OneStore::test_of_several_stores_that_which_nova_reports',
    ),
]
TAKEN = [
    (
        'a wish has no end',
        'if is_over(wish, self._clock()):',
        'if False:',
        'a_wish_that_is_over_is_not_begun',
    ),
    (
        'what another agent did is undone',
        'elif is_own or self._board.read(name) == outcome.begun:',
        'else:',
        'what_another_agent_of_this_name_did_is_not_undone',
    ),
    (
        'what nobody would remove is written',
        "if self._board.read(f'{WISHES}/{wish.wish_id}') is None:",
        'if False:',
        'a_wish_that_is_removed_before_it_is_seen_leaves_nothing',
    ),
]
STAYS = [
    (
        'a lost sign of life frees what work rests on',
        '        stay.leave(self._sign())',
        '        stay.end()',
        'what_rests_on_a_stay_outlives_a_lost_sign_of_life',
    ),
    (
        'what the board confirmed it keeps',
        'and self._read(name) == data',
        '',
        'what_a_failover_forgot_is_told_again',
    ),
]
SHARED = [
    (
        'each host tells of a store',
        'if there is not None and there.lists_as(new):',
        'if False:',
        'a_store_is_told_of_once',
    ),
    (
        'what others tell is written over',
        'data = (there or entry).encode()',
        'data = entry.encode()',
        'what_another_told_stays_when_it_is_gone',
    ),
    (
        'what leads is not asked',
        'if lead.seize():',
        'if lead.seize() or True:',
        'news_that_met_another_are_told_later',
    ),
    (
        'what was told late stays',
        'or before.digest.as_of != entry.digest.as_of',
        'or False',
        'a_look_that_was_told_late_is_undone_by_the_next',
    ),
    (
        'who joins again tells what it saw long ago',
        'return there if is_late else entry',
        'return entry',
        'who_joins_again_writes_over_no_later_look',
    ),
    (
        'a look without news loses the lead',
        'if self._is_new(entry) and self._tell_news(name, entry, lead):',
        'if self._is_new(entry) and [self._tell_news(name, entry, lead)]:',
        'who_leads_keeps_the_lead_by_a_look_without_news',
    ),
    (
        'what came elsewhere is forgotten',
        'whole = {*there.whole, *added}',
        'whole = {*now.whole, *added}',
        'what_came_to_others_since_a_look_stays',
    ),
    (
        'what went is kept',
        'if before.digest.as_of != entry.digest.as_of:',
        'if False:',
        'a_new_look_is_what_there_is',
    ),
    (
        'a host refers to what is not there yet',
        'self._publish_store(entry, self._lead)',
        'pass',
        'a_store_is_told_of_once',
    ),
]
TIMED = [
    (
        'each piece has its own time',
        'if left <= 0:',
        'if False:',
        'at_the_end_of_it_nobody_is_waited_for',
    ),
    (
        'the time of a request is that of the first',
        'if self._is_answered:',
        'if False:',
        'it_waits_no_longer_than_what_is_left',
    ),
    (
        'each part of a request has its own time',
        'self._is_answered = False',
        'pass',
        'it_waits_no_longer_than_what_is_left',
    ),
    (
        'what is taken slowly over TLS has all of the time for each piece',
        '        while left:\n            self._limit_time()\n',
        '        self._limit_time()\n        while left:\n',
        'who_takes_it_piece_by_piece_has_no_more_time_for_that',
    ),
]
IDLE = [
    (
        'a new wish is not looked for',
        'is_known = self._agent.wish_names == wishes',
        'is_known = True',
        'a_look_is_for_what_may_be_to_do',
    ),
    (
        'what is not done is left',
        'return is_known and wishes <= self._settled and not has_rest',
        'return is_known',
        'a_look_is_for_what_may_be_to_do',
    ),
]
ENDED = [
    (
        'what a board has of before stays',
        'return self.find_better(wish_id, there) is not None',
        'return False',
        'whatever_it_has_of_before_is_put_right',
    ),
    (
        'an end is written over what a successor does',
        'return end if is_same or there.tries < end.tries else None',
        'return end',
        'what_another_knows_better_stays',
    ),
    (
        'all is looked at, whatever that takes',
        'last = list(self._known)[-_WATCHED:]',
        'last = list(self._known)',
        'the_looks_stay_small',
    ),
]
LEADS = [
    (
        'a lead lasts as long as its host',
        '_PART = 0.6',
        '_PART = 1.0',
        'of_a_leader_that_is_gone_another_has_the_lead_in_time',
    ),
    (
        'two lead for good',
        'if self._stay.renew() and self._is_own(self._stay, note):',
        'if True:',
        'a_lead_that_was_seized_is_lost',
    ),
]
MUTANTS = [
    mutant(name, module, old, new, prefix + killer)
    for module, prefix, table in [
        ('fleet/digest', f'{FLEET}digest.py::test_', DIGEST),
        ('fleet/locality', f'{FLEET}locality.py::test_', LOCALITY),
        ('fleet/stats', f'{FLEET}stats.py::test_', TOLD),
        ('fleet/taking', f'{FLEET}taking.py::test_', TAKEN),
        ('fleet/taking', f'{FLEET}taking.py::test_', IDLE),
        ('fleet/ends', f'{FLEET}ends.py::test_', ENDED),
        ('fleet/timed_socket', f'{FLEET}timed_socket.py::test_', TIMED),
        ('fleet/agent', f'{FLEET}agent.py::test_', STAYS[:1]),
        ('fleet/telling', f'{FLEET}agent.py::test_', STAYS[1:]),
        ('fleet/telling', f'{FLEET}telling.py::test_', SHARED),
        ('fleet/lead', f'{FLEET}telling.py::test_', LEADS),
        ('nova/seen_images', SEEN, LOOKS),
        ('nova/cache_stats', STATS, ADDED),
    ]
    for name, old, new, killer in table
]
