"""The handler ``xenapi``, broken on purpose, and by which tests it shows."""

from tests.mutation import Mutant

EVICTING = 'xenapi/test_evicting.py'
DEFECTS = 'xenapi/test_defects.py'
DISKS = 'xenapi/test_disks.py'
CHAIN = 'xenapi/test_chain.py'
ADDING = 'xenapi/test_adding.py'
SESSION = 'xenapi/port/test_session.py'
LEADERS = 'xenapi/port/test_leaders.py'
USERS = 'xenapi/test_users.py'
UNFINISHED = 'xenapi/test_unfinished.py'
DOUBTS = 'xenapi/test_doubts.py'
CALLS = 'xenapi/test_calls.py'
RESERVATIONS = 'xenapi/test_reservations.py'


def mutant(name, module, old, new, killer):
    return Mutant(name=name, killer=killer, module=module, old=old, new=new)


MUTANTS = [
    mutant(
        'the earlier reservation goes before the new one is there',
        'reservations',
        """            self._create_disk(repository, reservation)
            for disk in earlier:
                self._remove_disk(disk)
""",
        """            for disk in earlier:
                self._remove_disk(disk)
            self._create_disk(repository, reservation)
""",
        killer=f'{RESERVATIONS}::TestReservations::'
        'test_no_moment_is_without_one',
    ),
    mutant(
        'giving one back takes those of others',
        'reservations',
        'and found.token == token',
        '',
        killer=f'{RESERVATIONS}::TestReservations::'
        'test_others_see_it_until_it_is_given_back',
    ),
    mutant(
        'news of another task is believed',
        'port/tasks',
        "if event.get('ref') != self._task:",
        'if False:',
        killer=f'{SESSION}::TestCalls::'
        'test_news_of_another_task_is_none_of_this_one',
    ),
    mutant(
        'a claim of the dead counts as ours',
        'evicting',
        'max(claims) < now',
        'min(claims) < now',
        killer=f'{EVICTING}::TestClaims::'
        'test_a_claim_that_died_with_its_host_counts_for_nothing',
    ),
    mutant(
        'a claim is good to its end',
        'evicting',
        'timedelta(minutes=4)',
        'timedelta(0)',
        killer=f'{EVICTING}::TestClaims::'
        'test_a_claim_that_runs_out_keeps_the_image',
    ),
    mutant(
        'who asks between two tries is not heard',
        'evicting',
        'check_claimed(image, seen.disk.labels, alive)',
        'check_claimed(image, image.marks.labels, alive)  # seen',
        killer=f'{EVICTING}::TestClaims::'
        'test_who_asks_between_two_tries_has_it',
    ),
    mutant(
        'nobody asks for the claim as the request leaves',
        'evicting',
        'check_claimed(image, image.marks.labels, alive)',
        'pass',
        killer=f'{EVICTING}::TestClaims::'
        'test_who_stands_still_as_the_request_leaves_sends_none',
    ),
    mutant(
        'nor how long it has been',
        'evicting',
        'self._check_time(image, _TO_ARRIVE)',
        'pass',
        killer=f'{EVICTING}::TestClaims::'
        'test_who_stands_still_as_the_request_leaves_sends_none',
    ),
    mutant(
        'the claim is asked for before the way is there',
        'port/connection',
        '            leave=leave,\n',
        '',
        killer=f'{EVICTING}::TestClaims::'
        'test_a_destroy_that_was_not_made_is_not_under_way',
    ),
    mutant(
        'a destroy that was not made is remembered',
        'destroying',
        """        except CacheError:
            self._forget_begun(disk)
            raise""",
        """        except CacheError:
            raise""",
        killer=f'{EVICTING}::TestClaims::'
        'test_a_destroy_that_was_not_made_is_not_under_way',
    ),
    mutant(
        'a parent away for a moment is nobody',
        'last_looks',
        'if parent and not disk.parent:',
        'if False:',
        killer=f'{EVICTING}::TestLastLook::'
        'test_a_parent_that_is_away_for_a_moment_frees_nothing',
    ),
    mutant(
        'a new parent is not noticed',
        'survey',
        'return self.hangs(disk) and not self.is_shared(disk)',
        'return not self.is_shared(disk)',
        killer=f'{EVICTING}::TestLastLook::'
        'test_who_came_to_share_it_since_the_look_keeps_it',
    ),
    mutant(
        'others are looked at after the disk itself',
        'last_looks',
        """        self._survey = self._looks.latest(store, list(parents))
        refs = self._refs_of(parents)
        asleep = self._looks.sleepers(store, list(refs.values()))
        found = self._looks.find_many(store, images)
""",
        """        found = self._looks.find_many(store, images)
        self._survey = self._looks.latest(store, list(parents))
        refs = self._refs_of(parents)
        asleep = self._looks.sleepers(store, list(refs.values()))
""",
        killer=f'{EVICTING}::TestLastLook::'
        'test_a_clone_that_nova_makes_a_disk_of_stays',
    ),
    mutant(
        'newcomers are not looked for',
        'looks',
        'has_base and not survey.has_all(self._refs_of(store))',
        'False',
        killer=f'{EVICTING}::TestLastLook::'
        'test_a_clone_that_nova_makes_a_disk_of_stays',
    ),
    *(
        mutant(
            name,
            'chain',
            'return node.parent in earlier or node.parent != had',
            new,
            killer=f'{CHAIN}::TestChains::'
            'test_a_chain_that_changes_shows_in_two_looks',
        )
        for name, new in (
            ('a parent that went is no change', 'return node.parent != had'),
            ('a new broken chain is old', 'return node.parent in earlier'),
            ('an old broken chain is new', 'return True'),
        )
    ),
    mutant(
        'a look that met a chain in the making is trusted',
        'looks',
        'survey is None or not survey.settled',
        'survey is None',
        killer=f'{EVICTING}::TestLastLook::'
        'test_a_look_that_met_a_chain_in_the_making_is_made_anew',
    ),
    mutant(
        'a look that shows users is never made anew',
        'survey',
        'return self.hangs(disk) and not self.is_shared(disk)',
        'return self.hangs(disk)',
        killer=f'{EVICTING}::TestLastLook::'
        'test_a_look_that_shows_users_who_left_is_made_anew',
    ),
    mutant(
        'an SR that went is empty for a batch',
        'looks',
        'tells = disks and all(',
        'tells = all(',
        killer=f'{EVICTING}::TestLastLook::'
        'test_an_sr_that_went_is_told_of_by_the_look_of_a_batch',
    ),
    mutant(
        'an old look tells who shares what',
        'looks',
        'or age > _LASTS',
        '',
        killer=f'{EVICTING}::TestLastLook::'
        'test_a_look_at_all_disks_tells_for_five_minutes',
    ),
    mutant(
        'an SR that is another by now is none',
        'looks',
        'disk.sr != repository.ref',
        'False',
        killer=f'{EVICTING}::TestLastLook::'
        'test_an_sr_that_came_back_as_another_is_told',
    ),
    mutant(
        'whatever is gone, the disk is',
        'port/errors',
        'and not set(names).isdisjoint(error.params)',
        '',
        killer=f'{EVICTING}::TestTasks::'
        'test_what_is_gone_but_that_disk_is_no_success',
    ),
    mutant(
        'destroys of the dead are forgotten',
        'destroying',
        'disk.uuid in begun or _has_expired(disk, now)',
        'disk.uuid in begun',
        killer=f'{EVICTING}::TestStrangers::'
        'test_any_pending_destroy_may_be_theirs',
    ),
    mutant(
        'destroys of our own are forgotten',
        'destroying',
        'self._begun[disk.uuid] = _Begun(self._clocks.now(), task)',
        'pass',
        killer=f'{EVICTING}::TestTasks::'
        'test_a_password_that_changes_meanwhile_ends_no_task',
    ),
    mutant(
        'disks are not read again after the tasks',
        'handler',
        'if None in removals.values():',
        'if False:',
        killer=f'{EVICTING}::TestStrangers::'
        'test_one_that_ends_between_the_looks_is_seen',
    ),
    mutant(
        'a halted machine does not use its disk',
        'survey',
        "*(f'VBD {ref}' for ref in disk.vbds),",
        '',
        killer=f'{DEFECTS}::TestDefects::'
        'test_k_a_machine_that_holds_an_image_uses_it',
    ),
    mutant(
        'nothing is newborn',
        'survey',
        'if not grace:',
        'if grace:',
        killer=f'{DEFECTS}::TestDefects::'
        'test_i_nothing_goes_that_was_not_seen_for_the_grace',
    ),
    mutant(
        'a task that is lost was done',
        'destroying',
        "self._look_after_loss(disk, ReplyLost(f'{DESTROY}: {error}'))",
        'pass',
        killer=f'{EVICTING}::TestTasks::'
        'test_a_task_that_xapi_forgot_is_no_success',
    ),
    mutant(
        'an SR that tells no parents has no users',
        'chain',
        'if kind in KINDS:',
        'if True:',
        killer=f'{USERS}::TestTypes::test_where_none_are_told_nothing_goes',
    ),
    mutant(
        'a copy is no copy',
        'disks',
        'frozenset(named - {self.uuid})',
        'frozenset()',
        killer=f'{DISKS}::TestImages::'
        'test_half_an_image_is_known_by_tag_and_name',
    ),
    mutant(
        'base copies are images',
        'disks',
        "            and record['managed']\n",
        '',
        killer=f'{DISKS}::TestImages::test_what_lacks_mark_or_shape_is_none',
    ),
    mutant(
        'any name will do',
        'disks',
        "record['name_label'] == name_of(image_id)",
        'True',
        killer=f'{DISKS}::TestImages::'
        'test_or_by_name_and_label_once_the_tag_is_off',
    ),
    mutant(
        'siblings are nobody',
        'chain',
        'users |= self._other_children(parent, below=node.uuid)',
        'pass',
        killer=f'{CHAIN}::TestChains::test_users_and_bytes',
    ),
    mutant(
        'a chain without an end is known',
        'chain',
        'return Kin(self._find_tips(users), size, 0, why)',
        'return Kin(self._find_tips(users), size, 0, None)',
        killer=f'{CHAIN}::TestChains::'
        'test_what_cannot_be_followed_is_unknown_and_frees_nothing',
    ),
    mutant(
        'whatever it became, half an image goes',
        'adding',
        "disk.record['name_label'] != staging_name(image_id)",
        'False',
        killer=f'{ADDING}::TestAdd::'
        'test_half_an_image_that_is_no_longer_ours_is_not_taken_back',
    ),
    mutant(
        'the name comes before the mark',
        'adding',
        """        labelling.write(self._port, ref, IMAGE, meta.image_id)
""",
        """        name = name_of(meta.image_id)
        self._port.call('VDI.set_name_label', ref, name)
        labelling.write(self._port, ref, IMAGE, meta.image_id)
""",
        killer=f'{ADDING}::TestAdd::'
        'test_a_death_at_any_call_leaves_debris_or_an_image',
    ),
    mutant(
        'half images are not labelled',
        'adding',
        'for label in sorted({seen, *labels}):',
        'for label in ():',
        killer=f'{ADDING}::TestAdd::test_a_copy_of_half_an_image_is_none',
    ),
    mutant(
        'what must not be made twice is',
        'port/session',
        'return self._make_call(promptly, method, params, repeat=False)',
        'return self._make_call(promptly, method, params, repeat=True)',
        killer=f'{SESSION}::TestCalls::'
        'test_a_read_is_repeated_and_what_must_not_be_is_not',
    ),
    mutant(
        'what must not be late is',
        'port/session',
        'time.monotonic() - began > PROMPT',
        'False',
        killer=f'{SESSION}::TestCalls::'
        'test_what_must_not_be_late_leaves_in_time_or_never',
    ),
    mutant(
        'one type of SR is forgotten',
        'chain',
        "        'linstor',\n",
        '',
        killer=f'{USERS}::TestTypes::test_and_one_whose_users_left',
    ),
    mutant(
        'a driver of files is forgotten',
        'chain',
        "*('cephfs', 'glusterfs', 'moosefs'),",
        '',
        killer=f'{USERS}::TestTypes::test_and_one_whose_users_left',
    ),
    mutant(
        'who lost its parent is nobody',
        'survey',
        '[] if kin.users else self._orphans.of(disk)',
        '[]',
        killer=f'{USERS}::TestLostParents::'
        'test_a_clone_that_lost_its_parent_keeps_its_image',
    ),
    mutant(
        'a time is no trace',
        'orphans',
        'self._traced.get(image.trace, [])',
        '[]',
        killer=f'{USERS}::TestLostParents::'
        'test_a_clone_that_lost_its_parent_keeps_its_image',
    ),
    mutant(
        'a label is none either',
        'orphans',
        'self._labelled.get((image.uuid, True), [])',
        '[]',
        killer=f'{USERS}::TestLostParents::'
        'test_a_clone_that_lost_its_parent_keeps_its_image',
    ),
    mutant(
        'without a time there is none',
        'orphans',
        'labelled + self._labelled.get((image.uuid, False), [])',
        'labelled',
        killer=f'{USERS}::TestLostParents::'
        'test_without_a_time_the_label_of_its_image_tells',
    ),
    mutant(
        'whatever the labels say the time counts',
        'orphans',
        'if not self._is_labelled(one)',
        'if one',
        killer=f'{USERS}::TestLostParents::'
        'test_the_disks_are_named_and_counted',
    ),
    mutant(
        'a label of any disk hides its time',
        'orphans',
        'not self._images.isdisjoint(self._sources.get(uuid, ()))',
        'uuid in self._sources',
        killer=f'{USERS}::TestLostParents::'
        'test_a_label_that_names_no_image_leaves_it_to_the_time',
    ),
    mutant(
        'a full copy is one in vain',
        'orphans',
        'disk.sources, disk.trace is not None',
        'disk.sources, True',
        killer=f'{USERS}::TestLostParents::'
        'test_a_full_copy_looks_the_same_until_it_is_called_one',
    ),
    mutant(
        'the chain of another image means nothing',
        'orphans',
        'self._images |= forest.chain(disk.uuid)',
        'pass',
        killer=f'{USERS}::TestLostParents::'
        'test_the_disks_are_named_and_counted',
    ),
    mutant(
        'base copies are clones',
        'disks',
        "record['managed'] and record['type'] != _DATALESS",
        "record['type'] != _DATALESS",
        killer=f'{USERS}::TestLostParents::'
        'test_base_copies_and_changed_blocks_are_no_clones',
    ),
    mutant(
        'changed blocks are clones',
        'disks',
        "record['managed'] and record['type'] != _DATALESS",
        "record['managed']",
        killer=f'{USERS}::TestLostParents::'
        'test_base_copies_and_changed_blocks_are_no_clones',
    ),
    mutant(
        'nobody sleeps',
        'survey',
        '*self._sleepers.get(disk.ref, ()),',
        '',
        killer=f'{USERS}::TestSuspended::'
        'test_an_image_that_a_machine_sleeps_on_is_in_use',
    ),
    mutant(
        'nobody falls asleep at the last',
        'last_looks',
        "asleep.get(refs.get(uuid, ''), ())",
        '()',
        killer=f'{USERS}::TestSuspended::'
        'test_whoever_falls_asleep_after_the_look_is_seen',
    ),
    mutant(
        'nor while the SR is read anew',
        'looks',
        '            self._asleep = self._all_asleep()\n        return',
        '            pass\n        return',
        killer=f'{USERS}::TestSuspended::'
        'test_whoever_falls_asleep_after_the_look_is_seen',
    ),
    mutant(
        'a status that nobody knows is an end',
        'destroying',
        "record['status'] in ENDED",
        "record['status'] not in ('pending', 'cancelling')",
        killer=f'{EVICTING}::TestStrangers::'
        'test_so_may_one_whose_status_nobody_knows',
    ),
    mutant(
        'a full copy is no twin',
        'survey',
        'or self._twinned(disk)',
        '',
        killer=f'{DOUBTS}::TestCopies::'
        'test_neither_an_image_nor_its_full_copy_goes',
    ),
    mutant(
        'a twin is of one time as it is written',
        'twins',
        'disk.image_id, disk.cached_at].append',
        'disk.image_id, disk.trace].append',
        killer=f'{DOUBTS}::TestCopies::'
        'test_times_that_say_nothing_are_one_time',
    ),
    mutant(
        'a clone is a twin',
        'twins',
        'and chain.isdisjoint(self._forest.chain(other))',
        '',
        killer=f'{DOUBTS}::TestCopies::test_a_clone_is_no_twin',
    ),
    mutant(
        'what was written to is an image again',
        'survey',
        'or disk.doubt',
        '',
        killer=f'{DOUBTS}::TestCopies::'
        'test_an_image_goes_once_its_copy_was_told_to_be_one',
    ),
    mutant(
        'who was a twin is not labelled',
        'survey',
        'if self._is_twin(disk) and TWIN not in disk.labels',
        'if False',
        killer=f'{DOUBTS}::TestCopies::'
        'test_an_image_goes_once_its_copy_was_told_to_be_one',
    ),
    mutant(
        'newborns are labelled as twins',
        'survey',
        'not (disk.busy or newborn(disk, self._grace, self._now))',
        'True',
        killer=f'{DOUBTS}::TestCopies::'
        'test_nor_is_a_newborn_which_nova_makes_a_disk_of',
    ),
    mutant(
        'who could write is not labelled',
        'labelling',
        'for disk in writers.waiting(store):',
        'for disk in ():',
        killer=f'{DOUBTS}::TestWriters::'
        'test_it_is_labelled_while_it_is_claimed',
    ),
    mutant(
        'who could only read could write',
        'disk_reads',
        "if vbd['mode'] != 'RO'",
        'if vbd',
        killer=f'{DOUBTS}::TestWriters::test_one_that_it_could_only_read_goes',
    ),
    mutant(
        'a VBD that went could write',
        'disk_reads',
        'return found.intersection(refs)',
        'return set(refs)',
        killer=f'{DOUBTS}::TestWriters::'
        'test_a_spawn_that_copies_ends_within_a_look',
    ),
    mutant(
        'what the batch saw written to goes',
        'looks',
        '        self.note_attached(store, disks)\n',
        '',
        killer=f'{DOUBTS}::TestWriters::'
        'test_it_is_labelled_while_it_is_claimed',
    ),
    mutant(
        'what the last look saw written to goes',
        'last_looks',
        '        self._looks.note_attached(store, found.values())\n',
        '',
        killer=f'{DOUBTS}::TestWriters::test_so_does_what_the_last_look_saw',
    ),
    mutant(
        'what lost its claim is labelled the next time',
        'labelling',
        """        for store in {image.store for image in images}:
            self._label_written(store)
""",
        '',
        killer=f'{DOUBTS}::TestWriters::'
        'test_one_that_is_gone_is_not_labelled_for_ever',
    ),
    mutant(
        'what one mark releases is labelled the next time',
        'labelling',
        '        self._label_written(image.store)\n',
        '',
        killer=f'{DOUBTS}::TestWriters::'
        'test_it_is_labelled_while_it_is_claimed',
    ),
    mutant(
        'what could not be labelled is forgotten',
        'labelling',
        'if self._label_doubt(store, disk, WRITABLE):',
        'if self._label_doubt(store, disk, WRITABLE) or True:',
        killer=f'{DOUBTS}::TestWriters::'
        'test_what_could_not_be_labelled_is_by_the_next_mark',
    ),
    mutant(
        'what is gone is labelled for ever',
        'labelling',
        'done = errors.is_gone(error, disk.ref)',
        'done = False',
        killer=f'{DOUBTS}::TestWriters::'
        'test_one_that_is_gone_is_not_labelled_for_ever',
    ),
    mutant(
        'a look is good for ever',
        'last_looks',
        'self._clocks.monotonic() - self._at > _FRESH',
        'False',
        killer=f'{CALLS}::TestSweep::test_a_look_is_good_for_a_second',
    ),
    mutant(
        'nobody shares a look',
        'evicting',
        'images[number : number + TOGETHER - 1]',
        '[]',
        killer=f'{CALLS}::TestSweep::test_a_look_is_good_for_a_second',
    ),
    mutant(
        'a batch reads all disks',
        'handler',
        'image_ids and self._looks.find_copies(store, image_ids)',
        'None',
        killer=f'{CALLS}::TestSweep::'
        'test_foreign_disks_are_read_once_in_a_sweep',
    ),
    mutant(
        'labels wait for each other',
        'labelling',
        'for_each_in_flight(self._port, relabel, some)',
        'map(relabel, some)',
        killer=f'{CALLS}::TestTogether::test_labels_are_in_flight_together',
    ),
    mutant(
        'a lent login has many calls in flight',
        'port/session',
        '1 if alone else _LANES',
        '_LANES',
        killer=f'{CALLS}::TestSweep::test_a_lent_login_has_one_call_in_flight',
    ),
    mutant(
        'what has not ended is waited for again',
        'port/errors',
        'return Unfinished(image_id, str(error))',
        'return Uncertain(image_id, str(error))',
        killer=f'{UNFINISHED}::TestEndless::'
        'test_a_cancel_is_told_of_only_if_it_was_one',
    ),
    mutant(
        'a wrong answer is a lost one',
        'port/errors',
        'return NotUnderstood(image_id, str(error))',
        'return Uncertain(image_id, str(error))',
        killer=f'{UNFINISHED}::TestBadlyTold::'
        'test_a_sweep_meets_three_and_leaves_the_rest',
    ),
    mutant(
        'what was cancelled is of no interest',
        'port/errors',
        'return Cancelled(image_id, str(error))',
        'return ImageBusy(image_id, str(error))',
        killer=f'{UNFINISHED}::TestEndless::'
        'test_so_it_does_where_they_are_taken_back',
    ),
    mutant(
        'an SR that is busy is a disk that is',
        'port/errors',
        "return error.params[:1] == ('SR',)",
        'return False',
        killer=f'{UNFINISHED}::TestRefusals::'
        'test_a_sweep_is_refused_five_times_and_leaves_the_rest',
    ),
    mutant(
        'a disk that is busy is an SR that is',
        'port/errors',
        "return error.params[:1] == ('SR',)",
        'True',
        killer=f'{UNFINISHED}::TestRefusals::'
        'test_a_sweep_is_refused_five_times_and_leaves_the_rest',
    ),
    mutant(
        'a scan that failed is the disk of somebody',
        'port/errors',
        "return error.code == 'SR_BACKEND_FAILURE_40'",
        'return False',
        killer=f'{UNFINISHED}::TestRefusals::'
        'test_an_sr_that_is_busy_with_something_else',
    ),
    mutant(
        'a disk that is attached may be gone',
        'port/errors',
        "    'SR_BACKEND_FAILURE_24',\n",
        '',
        killer=f'{UNFINISHED}::TestRefusals::test_a_disk_that_is_attached',
    ),
    mutant(
        'in an SR that cannot be loaded it may be gone',
        'port/errors',
        "        'SR_BACKEND_FAILURE_47',\n",
        '',
        killer=f'{UNFINISHED}::TestRefusals::test_an_sr_that_cannot_be_loaded',
    ),
    mutant(
        'where a host is booting it may be gone',
        'port/errors',
        "        'HOST_STILL_BOOTING',\n",
        '',
        killer=f'{UNFINISHED}::TestRefusals::test_a_host_that_is_booting',
    ),
    mutant(
        'a host out of reach has ended its work',
        'port/errors',
        "return error.code == 'CANNOT_CONTACT_HOST'",
        'return False',
        killer=f'{UNFINISHED}::TestOutOfReach::test_its_work_may_go_on',
    ),
    mutant(
        'a cancel that was refused is one',
        'port/tasks',
        "return f'it could not be cancelled: {error}'",
        "return 'it was cancelled'",
        killer=f'{UNFINISHED}::TestEndless::test_else_it_is_told_why_not',
    ),
    mutant(
        'a cancel that was lost is one',
        'port/tasks',
        "return f'whether it was cancelled is not known: {error}'",
        "return 'it was cancelled'",
        killer=f'{UNFINISHED}::TestEndless::'
        'test_an_answer_that_was_lost_tells_nothing_of_it',
    ),
    mutant(
        'records that nobody understands are read for ever',
        'port/tasks',
        'if self._not_understood == _NOT_UNDERSTOOD:',
        'if False:',
        killer=f'{UNFINISHED}::TestBadlyTold::'
        'test_nor_is_a_status_that_nobody_knows',
    ),
    mutant(
        'the first that nobody understands is the last',
        'port/tasks',
        '_NOT_UNDERSTOOD = 3',
        '_NOT_UNDERSTOOD = 1',
        killer=f'{UNFINISHED}::TestBadlyTold::'
        'test_events_that_nobody_understands_are_polled_for',
    ),
    mutant(
        'they need not be in a row',
        'port/tasks',
        '        self._not_understood = 0\n        self.pause',
        '        self.pause',
        killer=f'{UNFINISHED}::TestBadlyTold::test_more_are_if_not_in_a_row',
    ),
    mutant(
        'any status will do',
        'port/tasks',
        'if status not in ENDED | _RUNNING:',
        'if False:',
        killer=f'{UNFINISHED}::TestBadlyTold::'
        'test_nor_is_a_status_that_nobody_knows',
    ),
    mutant(
        'events that nobody understands are asked for for ever',
        'port/tasks',
        'isinstance(error, XapiFailure | WrongAnswer)',
        'isinstance(error, XapiFailure)',
        killer=f'{UNFINISHED}::TestBadlyTold::'
        'test_events_that_nobody_understands_are_polled_for',
    ),
    mutant(
        'who knows no events is kept waiting',
        'port/tasks',
        'self._polls, self.pause = True, 0.0',
        'self._polls, self.pause = True, _LONGEST',
        killer=f'{UNFINISHED}::TestBadlyTold::'
        'test_a_pool_that_knows_no_events_is_polled_at_once',
    ),
    mutant(
        'what was forgotten has ended',
        'destroying',
        'begun.task not in told.ended',
        'begun.task in told.pending',
        killer=f'{UNFINISHED}::TestEndless::'
        'test_what_was_forgotten_may_be_worked_on_for_as_long',
    ),
    mutant(
        'those that took all time are tried again at once',
        'destroying',
        'self.set_aside.add(disk.uuid)',
        'pass',
        killer=f'{UNFINISHED}::TestEndless::'
        'test_they_are_tried_again_and_then_after_twice_the_time',
    ),
    mutant(
        'they are tried again as soon as ever',
        'set_aside',
        'min(2 * last.wait, _LONGEST)',
        '_FIRST',
        killer=f'{UNFINISHED}::TestEndless::'
        'test_they_are_tried_again_and_then_after_twice_the_time',
    ),
    mutant(
        'what cannot be followed is left to wait',
        'destroying',
        'stopped = self._tasks.cancel(task)',
        "stopped = ''",
        killer=f'{UNFINISHED}::TestBadlyTold::'
        'test_what_waits_in_a_queue_is_not_left_to_wait',
    ),
    mutant(
        'whoever is named to lead is followed',
        'port/logins',
        'if not self._any_leader and not leaders.is_among(',
        'if False and not leaders.is_among(',
        killer=f'{LEADERS}::TestStrangers::'
        'test_a_leader_that_nobody_named_gets_no_password',
    ),
    mutant(
        'a password goes in clear',
        'port/logins',
        'if not dialling.insecure:',
        'if False:',
        killer=f'{LEADERS}::TestClear::'
        'test_a_password_goes_over_https_unless_told_otherwise',
    ),
    mutant(
        'one that names a stranger stops the others',
        'port/logins',
        """                problems.append(str(error))
                kind = ConfigurationError""",
        '                raise ConfigurationError from error',
        killer=f'{LEADERS}::TestStrangers::'
        'test_a_leader_that_nobody_named_gets_no_password',
    ),
    mutant(
        'an upload is redirected anywhere',
        'port/raw_import',
        'if not leaders.is_among(found.host, pool):',
        'if False:',
        killer=f'{ADDING}::TestWhereTo::'
        'test_a_redirect_to_no_host_of_the_pool_is_refused',
    ),
]
