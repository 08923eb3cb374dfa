"""The handler ``directory``, broken on purpose, and by which tests it shows.

Each edit is of one module of ``imagecache_handlers``.
"""

from tests.mutation import Mutant

CHAINS = 'directory/test_chains.py'
LOOKING = 'directory/test_looking.py'
MOUNTS = 'directory/test_other_mounts.py'
OVERLAYS = 'directory/test_overlays.py'
SWEEPERS = 'directory/test_sweepers.py'
BESIDE = 'directory/test_beside_images.py'
WALK = 'directory/test_walk.py'
SECOND = 'directory/test_second_look.py'
TOGETHER = 'directory/test_evicting_many.py'
LINKING = 'directory/test_linking.py'
INCOMING = 'directory/test_incoming.py'
RESERVING = 'directory/test_reserving.py'
CONTENTS = 'directory/test_contents.py'
USERS_BESIDE = 'directory/test_users_beside.py'
LENT = 'directory/test_lent.py'
ADOPTING = 'directory/test_adopting.py'
WORDS = 'directory/test_words.py'
IDENTITY = 'directory/test_store_identity.py'

MUTANTS = [
    Mutant(
        name='at most two files of a chain are followed',
        killer=f'{CHAINS}::TestChains::'
        'test_whoever_has_the_top_of_twelve_uses_the_bottom',
        module='directory/users/chains',
        old='if (file, *place) in seen:',
        new='if (file, *place) in seen or len(seen) > 1:',
    ),
    Mutant(
        name='files are compared by number alone',
        killer=f'{OVERLAYS}::TestUsers::'
        'test_a_name_that_leads_elsewhere_is_a_use',
        module='directory/users/overlays',
        old='return users.union(self.named.get(name, ()))',
        new='return users',
    ),
    Mutant(
        name='what looks like nothing names none',
        killer=f'{OVERLAYS}::TestUnknown::'
        'test_a_disk_of_which_nobody_can_tell',
        module='directory/users/walked_files',
        old='            if part is Part.FOREIGN:\n                why +=',
        new='            if False:\n                why +=',
    ),
    Mutant(
        name='the problems of a header are passed over',
        killer=f'{OVERLAYS}::TestUnknown::test_a_header_that_is_damaged',
        module='directory/users/walked_files',
        old='else header.problems',
        new='else ()',
    ),
    Mutant(
        name='what was read is believed although it has changed',
        killer=f'{LOOKING}::TestChanges::'
        'test_not_even_times_that_were_set_back_hide_it',
        module='directory/users/memory',
        old='if known is None or known[0] != stamp(found):',
        new='if known is None:',
    ),
    Mutant(
        name='what was read just now is believed for ever',
        killer=f'{LOOKING}::TestReading::'
        'test_what_has_just_been_changed_is_read_again',
        module='directory/users/memory',
        old='if found.st_ctime_ns + COARSE_NS < at_ns:',
        new='if True:',
    ),
    Mutant(
        name='only disks of instances are looked at',
        killer=f'{BESIDE}::TestPlain::'
        'test_a_foreign_file_of_which_nobody_can_tell',
        module='directory/users/walk',
        old='            self._look_under(path, judge)\n',
        new='            pass\n',
    ),
    Mutant(
        name="the files of Nova's locks are opened",
        killer=f'{WALK}::TestOpened::'
        'test_a_lock_beside_a_store_below_the_given_folder',
        module='directory/users/walk',
        old='is_shut = name == _LOCKS and self._has_locks(folder)',
        new='is_shut = False',
    ),
    Mutant(
        name='a look that met no disk is one',
        killer=f'{SWEEPERS}::TestOwn::'
        'test_no_disk_is_no_look_until_it_is_accepted',
        module='directory/hosts/judging',
        old='if now == 0 and before != 0:',
        new='if False:',
    ),
    Mutant(
        name='far fewer disks are as good',
        killer=f'{SWEEPERS}::TestOwn::test_far_fewer_disks_are_asked_about',
        module='directory/hosts/judging',
        old='return 2 * now < before',
        new='return False and 2 * now < before',
    ),
    Mutant(
        name='where others look is of no matter',
        killer=f'{SWEEPERS}::TestPeers::'
        'test_a_forgotten_host_blocks_nobody_until_it_comes_back',
        module='directory/hosts/judging',
        old='        if view.sees(place):\n            continue',
        new='        continue',
    ),
    Mutant(
        name='a place that others must see waits for room',
        killer=f'{SWEEPERS}::TestPeers::test_a_place_does_not_wait_for_room',
        module='directory/hosts/sweepers',
        old='if error.errno not in records.FULL or not counted:',
        new='if error.errno not in records.FULL:',
    ),
    Mutant(
        name='times that are as young as the look are believed',
        killer=f'{SECOND}::TestTicks::test_a_disk_that_was_laid_elsewhere',
        module='directory/users/facts',
        old='return found.st_ctime_ns + COARSE_NS < at_ns',
        new='return True',
    ),
    Mutant(
        name='a time that was set back hides a change',
        killer=f'{SECOND}::TestActs::test_what_is_believed_by_its_times',
        module='directory/users/memory',
        old='return found.st_size, found.st_mtime_ns, found.st_ctime_ns',
        new='return found.st_size, found.st_mtime_ns, 0',
    ),
    Mutant(
        name='no folder is listed again',
        killer=f'{SECOND}::TestNotSpared::test_a_machine_that_comes',
        module='directory/users/second_look',
        old='if not is_known and not self._is_list_same(folder):',
        new='if False:',
    ),
    Mutant(
        name='no file is asked for again',
        killer=f'{SECOND}::TestActs::test_what_was_changed_just_now',
        module='directory/users/second_look',
        old='                and self._files.are_alike(progress)\n',
        new='',
    ),
    Mutant(
        name='where names lead is not asked again',
        killer=f'{SECOND}::TestActsInNova::test_what_was_changed_just_now',
        module='directory/users/second_look',
        old='                and '
        'self._chains.leads.lead_as_before(progress)\n',
        new='',
    ),
    Mutant(
        name='what is read again need not be the same',
        killer=f'{SECOND}::TestTicks::test_a_disk_that_was_laid_elsewhere',
        module='directory/users/known_files',
        old='return header == self._met.headers.get(identity(found))',
        new='return True',
    ),
    Mutant(
        name='an image that goes makes no difference to others',
        killer=f'{SECOND}::TestActsInNova::test_what_was_changed_just_now',
        module='directory/users/known_files',
        old='            or self._met.headers.get(which, '
        'NOTHING) != NOTHING\n',
        new='',
    ),
    Mutant(
        name='what is new beside images names nothing',
        killer=f'{SECOND}::TestNotSpared::'
        'test_what_is_ours_is_replaced_by_what_names_a_file',
        module='directory/users/known_files',
        old='        if not _names_none(fd, name, found):\n'
        '            return False\n',
        new='',
    ),
    Mutant(
        name='what is new in a store is not looked at',
        killer=f'{SECOND}::TestActsInNova::test_what_was_changed_just_now',
        module='directory/users/second_look',
        old='            if entries[name] or not is_ours:\n'
        '                return False\n',
        new='            if not is_ours:\n                continue\n',
    ),
    Mutant(
        name='a file is an image for ever',
        killer=f'{SECOND}::TestNotSpared::'
        'test_an_image_that_loses_its_sidecar',
        module='directory/users/second_look',
        old='            and judge(name, entries) is judge(name, before)\n',
        new='',
    ),
    Mutant(
        name='what lies among locks is nothing',
        killer=f'{SECOND}::TestActsInNova::test_what_was_changed_just_now',
        module='directory/users/second_look',
        old='            or is_small(os.stat(name, '
        'dir_fd=fd, follow_symlinks=False))\n',
        new='            or True\n',
    ),
    Mutant(
        name='a folder of locks tells of each change in it',
        killer=f'{SECOND}::TestSmall::'
        'test_an_image_of_a_disk_among_locks_is_kept',
        module='directory/users/second_look',
        old='                not folder.is_shut\n'
        '                and path not in',
        new='                path not in',
    ),
    Mutant(
        name='a short disk.info says nothing',
        killer=f'{SECOND}::TestSmall::test_a_short_word_that_is_taken_back',
        module='directory/users/known_files',
        old='        if name == INFO:',
        new='        if name == INFO and not is_small(found):',
    ),
    Mutant(
        name='a look outlasts the clock that it was made by',
        killer=f'{SECOND}::TestClock::'
        'test_what_was_seen_before_it_was_set_back_is_forgotten',
        module='directory/users/second_look',
        old='                and not is_clock_set(self._facts.offset_ns)\n',
        new='',
    ),
    Mutant(
        name='what was read outlasts the clock of that time',
        killer=f'{SECOND}::TestClock::'
        'test_what_was_read_before_it_was_set_meanwhile',
        module='directory/users/memory',
        old='        if is_clock_set(self._offset_ns):\n'
        '            return None\n',
        new='',
    ),
    Mutant(
        name='once the clock was set nothing is remembered any more',
        killer=f'{SECOND}::TestClock::'
        'test_after_it_was_set_all_is_remembered_anew',
        module='directory/users/memory',
        old='            return type(self)({})\n',
        new='            pass\n',
    ),
    Mutant(
        name='a server is believed',
        killer=f'{SECOND}::TestNotSpared::test_a_file_system_that_may_be_late',
        module='directory/users/second_look',
        old='return all(map(_is_timed, devices.values()))',
        new='return True',
    ),
    Mutant(
        name='times of files in memory are believed',
        killer=f'{SECOND}::TestInMemory::'
        'test_what_is_written_through_a_mapping_is_seen',
        module='directory/system/mounts',
        old='in _LOCAL - _TIMELESS',
        new='in _LOCAL',
    ),
    Mutant(
        name='definitions are not read again',
        killer=f'{SECOND}::TestNotSpared::test_definitions_of_machines',
        module='directory/users/overlays',
        old='if not survey.problems and not self._definitions:',
        new='if not survey.problems:',
    ),
    Mutant(
        name='no look before the turn of an image',
        killer=f'{TOGETHER}::TestResults::test_each_has_a_verdict_of_its_own',
        module='directory/evicting',
        old='                    self._refuse_used(store, '
        'fd, file, survey, why)\n',
        new='',
    ),
    Mutant(
        name='the look is as old as the call',
        killer=f'{TOGETHER}::TestTurns::'
        'test_the_look_is_made_with_all_locks_held',
        module='directory/evicting',
        old='            ones = self._take_locks(store, fd, '
        'images[:most], hold, locks)\n',
        new='            self.overlays.survey_again()\n'
        '            ones = self._take_locks(store, fd, '
        'images[:most], hold, locks)\n',
    ),
    Mutant(
        name='a look counts for ever',
        killer=f'{TOGETHER}::TestTime::'
        'test_the_others_have_another_look_if_one_took_long',
        module='directory/evicting',
        old='if time.monotonic() - began > _FRESH:',
        new='if False:',
    ),
    Mutant(
        name='the claim is not asked for at last',
        killer=f'{TOGETHER}::TestTurns::test_a_pin',
        module='directory/evicting',
        old='                    check_claimed(one.image, labels, alive)\n',
        new='                    if not alive():\n'
        '                        raise ImageBusy(file.name)\n',
    ),
    Mutant(
        name='labels are those of the look',
        killer=f'{TOGETHER}::TestTurns::test_a_pin',
        module='directory/evicting',
        old='                    if one.state != '
        'folder.read_state(fd, file.name):\n',
        new='                    if False:\n',
    ),
    Mutant(
        name='a touch changes no state',
        killer=f'{TOGETHER}::TestNova::test_one_that_nova_touches_stays',
        module='directory/folder',
        old='    return _stamp(file), _stamp(beside)',
        new='    return (), _stamp(beside)',
    ),
    Mutant(
        name='a sidecar changes no state',
        killer=f'{TOGETHER}::TestTurns::test_a_pin',
        module='directory/folder',
        old='    return _stamp(file), _stamp(beside)',
        new='    return _stamp(file), ()',
    ),
    Mutant(
        name='who holds locks waits for others',
        killer=f'{TOGETHER}::TestLocks::test_who_waits_for_one_holds_no_other',
        module='directory/evicting',
        old='                is_holding, patience = True, 0.0\n',
        new='                is_holding = True\n',
    ),
    Mutant(
        name="Nova's locks are not taken",
        killer=f'{TOGETHER}::TestNova::test_one_that_nova_has_locked_stays',
        module='directory/evicting',
        old='                    its.enter_context(hold(image.location))\n',
        new='',
    ),
    Mutant(
        name='copies keep each other from going',
        killer=f'{TOGETHER}::TestNova::'
        'test_copies_of_one_image_share_its_lock',
        module='directory/nova_layout',
        old='if one not in taken]',
        new=']',
    ),
    Mutant(
        name='locks are given back at once',
        killer=f'{TOGETHER}::TestTurns::'
        'test_the_look_is_made_with_all_locks_held',
        module='directory/evicting',
        old='                locks.push(its.pop_all())\n',
        new='',
    ),
    Mutant(
        name='what was removed is not settled',
        killer=f'{TOGETHER}::TestTruth::'
        'test_all_are_gone_for_good_before_their_sidecars_go',
        module='directory/candidates',
        old='        folder.settle_change(fd, '
        "removed[0].image.location, 'removed')\n",
        new='        pass\n',
    ),
    Mutant(
        name='what may come back is told as gone',
        killer=f'{TOGETHER}::TestTruth::test_what_may_come_back_is_uncertain',
        module='directory/candidates',
        old='            one.result = '
        'Uncertain(one.image.location, error.why)\n',
        new='            pass\n',
    ),
    Mutant(
        name='what is added again goes',
        killer=f'{TOGETHER}::TestResults::'
        'test_one_that_lost_a_label_or_was_added_again_stays',
        module='directory/evicting',
        old='if image.cached_at != file.cached_at:',
        new='if False:',
    ),
    Mutant(
        name='a batch is begun too late',
        killer=f'{TOGETHER}::TestTime::'
        'test_it_is_asked_before_each_and_ends_the_others',
        module='directory/evicting',
        old='check_claimed(one.image, labels, alive)',
        new='check_claimed(one.image, labels)',
    ),
    Mutant(
        name='all labels are as claims',
        killer=f'{TOGETHER}::TestMarks::'
        'test_any_other_label_outlasts_a_loss_of_power',
        module='directory/labelling',
        old='    return all(label.startswith(_CLAIM) for label in labels)',
        new='    return True',
    ),
    Mutant(
        name='claims are noted where notes are seen late',
        killer=f'{TOGETHER}::TestMarks::'
        'test_elsewhere_a_claim_is_a_label_as_any',
        module='directory/labelling',
        old='    if is_local and _relabel_claims(fd, file, labels):',
        new='    if _relabel_claims(fd, file, labels):',
    ),
    Mutant(
        name='a claim waits for the disk',
        killer=f'{TOGETHER}::TestMarks::'
        'test_claims_are_seen_at_once_and_wait_for_no_disk',
        module='directory/labelling',
        old='    if is_local and _relabel_claims(fd, file, labels):',
        new='    if False:',
    ),
    Mutant(
        name='the first look counts for ever',
        killer=f'{TOGETHER}::TestTime::'
        'test_a_look_that_got_old_counts_for_none',
        module='directory/evicting',
        old='if time.monotonic() - began > _FRESH:',
        new='if done and time.monotonic() - began > _FRESH:',
    ),
    Mutant(
        name='who waited in vain waits for each',
        killer=f'{TOGETHER}::TestLocks::'
        'test_who_waits_in_vain_for_one_waits_for_no_other',
        module='directory/evicting',
        old='                    patience = 0.0\n',
        new='                    pass\n',
    ),
    Mutant(
        name='who marks waits in vain for each',
        killer=f'{TOGETHER}::TestLocks::'
        'test_who_marks_waits_in_vain_for_one_only',
        module='directory/marking',
        old='                        patience = 0.0\n',
        new='                        pass\n',
    ),
    Mutant(
        name='a group takes all descriptors',
        killer=f'{TOGETHER}::TestRoom::test_a_look_has_its_descriptors',
        module='directory/evicting',
        old='most = max(1, descriptors.count_spare() // _LOCKS_EACH)',
        new='most = len(images)',
    ),
    Mutant(
        name='one lock too many fails its image',
        killer=f'{TOGETHER}::TestRoom::'
        'test_what_cannot_be_locked_is_left_to_the_next_group',
        module='directory/evicting',
        old='if is_holding and error.errno in _NO_MORE:',
        new='if False:',
    ),
    Mutant(
        name='a claim takes the last room for names',
        killer=f'{TOGETHER}::TestMarks::'
        'test_a_claim_leaves_room_for_the_lock_of_who_evicts',
        module='directory/labelling',
        old='            if new:\n'
        '                _leave_room(fd, name)\n'
        '            ended',
        new='            ended',
    ),
    Mutant(
        name='a claim that is written outlives its note',
        killer=f'{TOGETHER}::TestMarks::'
        'test_a_claim_that_is_noted_and_written_is_taken_back',
        module='directory/labelling',
        old=' or old & file.sidecar_labels',
        new='',
    ),
    Mutant(
        name='an image keeps the name that it was staged by',
        killer=f'{LINKING}::TestPlain::'
        'test_it_has_one_name_from_the_first_moment',
        module='directory/stages',
        old='        os.unlink(self.entry, dir_fd=self.incoming)\n',
        new='        pass\n',
    ),
    Mutant(
        name='what others have a name of is linked',
        killer=f'{LINKING}::TestCopies::test_what_has_another_name',
        module='directory/stages',
        old='        and found.st_nlink == _NAMES\n        and not',
        new='        and not',
    ),
    Mutant(
        name='what others may write becomes an image',
        killer=f'{LINKING}::TestCopies::test_what_others_may_write',
        module='directory/stages',
        old=' and not found.st_mode & _OTHERS_WRITE',
        new=' and True',
    ),
    Mutant(
        name='what is linked is not asked for who owns it',
        killer=f'{LINKING}::TestOwners::'
        'test_root_gives_nobody_the_files_of_others',
        module='directory/stages',
        old='        and found.st_uid == os.geteuid()\n',
        new='',
    ),
    Mutant(
        name='what took the place of what was linked is an image',
        killer=f'{LINKING}::TestCopies::'
        'test_what_took_the_place_of_what_was_linked',
        module='directory/stages',
        old='        and os.path.samestat(found, '
        'os.fstat(content.fileno()))\n',
        new='',
    ),
    Mutant(
        name='root stages in the folder of the owner of a store',
        killer=f'{INCOMING}::TestFolder::'
        'test_root_has_one_that_the_owner_of_the_store_cannot_enter',
        module='directory/incoming',
        old='return ROOTS if is_roots else INCOMING',
        new='return INCOMING',
    ),
    Mutant(
        name='root takes a folder that others put there for its own',
        killer=f'{INCOMING}::TestFolder::'
        'test_root_takes_none_that_they_put_there',
        module='directory/system/own_folder',
        old='        if owner != os.geteuid():\n',
        new='        if False:\n',
    ),
    Mutant(
        name='what a server made for somebody else is ours',
        killer=f'{INCOMING}::TestFolder::'
        'test_where_root_is_squashed_there_is_none',
        module='directory/system/own_folder',
        old='    if found.st_uid != os.geteuid():\n',
        new='    if False:\n',
    ),
    Mutant(
        name='what root gave away and left is never debris',
        killer=f'{INCOMING}::TestDebris::'
        'test_so_is_what_root_staged_for_others',
        module='directory/incoming',
        old='return found.st_uid == incoming.owner or ',
        new='return ',
    ),
    Mutant(
        name='what is linked stays with who staged it',
        killer=f'{LINKING}::TestOwners::'
        'test_root_gives_it_to_whom_the_folder_belongs_to',
        module='directory/stages',
        old='    folder.give_away(new, there)\n'
        '    is_given = os.fstat(new).st_uid == there.st_uid',
        new='    is_given = True',
    ),
    Mutant(
        name='a name that came meanwhile is not noticed',
        killer=f'{LINKING}::TestCopies::'
        'test_what_was_linked_meanwhile_does_not_become_an_image',
        module='directory/stages',
        old='if os.fstat(self.new).st_nlink != _NAMES:',
        new='if False:',
    ),
    Mutant(
        name='what does not become an image is lost',
        killer=f'{LINKING}::TestPlain::'
        'test_what_is_refused_can_be_gone_on_with',
        module='directory/stages',
        old='_link_open(self.new, self.incoming, self.entry)',
        new='pass',
    ),
    Mutant(
        name='what does not become an image stays open to others',
        killer=f'{LINKING}::TestPlain::'
        'test_what_is_refused_can_be_gone_on_with',
        module='directory/stages',
        old='            undoing.callback(_set_mode, self.new, mode)\n',
        new='',
    ),
    Mutant(
        name='what is linked is as old as its download',
        killer=f'{LINKING}::TestPlain::'
        'test_mode_and_age_are_those_of_one_that_is_copied',
        module='directory/stages',
        old='            os.utime(self.new)\n',
        new='',
    ),
    Mutant(
        name='what is linked need not be whole',
        killer=f'{LINKING}::TestPlain::test_so_is_what_is_not_whole',
        module='directory/adding',
        old='        _refuse_size(meta, size)\n        named',
        new='        named',
    ),
    Mutant(
        name='a folder of ours that others may enter is passed by',
        killer=f'{INCOMING}::TestUsers::test_where_others_may_enter_it_does',
        module='directory/system/own_folder',
        old=' or _explain_other(folder, found) is not None',
        new='',
    ),
    Mutant(
        name='a folder that is called like ours is passed by',
        killer=f'{INCOMING}::TestUsers::'
        'test_so_does_a_folder_of_that_name_elsewhere',
        module='directory/users/files',
        old='if folder.judge is None or name not in FOLDERS:',
        new='if name not in FOLDERS:',
    ),
    Mutant(
        name='what is staged is looked at',
        killer=f'{INCOMING}::TestUsers::test_what_is_staged_uses_nothing',
        module='directory/users/walk',
        old='if (found := find_left_out(folder, name)) is not None:',
        new='if (found := find_left_out(folder, name)) is None:',
    ),
    Mutant(
        name='whose folder it is does not matter',
        killer=f'{INCOMING}::TestFolder::test_nor_what_belongs_to_others',
        module='directory/system/own_folder',
        old='if not rights.is_owned(folder, found):',
        new='if False:',
    ),
    Mutant(
        name='what somebody works on is debris',
        killer=f'{INCOMING}::TestDebris::test_nor_what_somebody_holds',
        module='directory/incoming',
        old=' and not flock.is_held(incoming.fd, entry)',
        new=' and True',
    ),
    Mutant(
        name='what is new is debris',
        killer=f'{INCOMING}::TestDebris::test_what_is_newer_is_not',
        module='directory/incoming',
        old=' and now.timestamp() - found.st_mtime > _KEPT',
        new=' and True',
    ),
    Mutant(
        name='one file of a stage goes without the others',
        killer=f'{INCOMING}::TestDebris::'
        'test_nor_what_lies_beside_something_newer',
        module='directory/incoming',
        old='    kin = _list_kin(entry, names)\n',
        new='    kin = [entry]\n',
    ),
    Mutant(
        name='debris is cleaned without a second look',
        killer=f'{INCOMING}::TestDebris::'
        'test_nor_what_lies_beside_something_newer',
        module='directory/incoming',
        old='if _explain_over(incoming, entry, names, now) is None:\n',
        new='if False:\n',
    ),
    Mutant(
        name='what a list misses while it changes is not there',
        killer=f'{RESERVING}::TestReserving::'
        'test_it_is_seen_while_it_is_replaced',
        module='directory/reserving',
        old='{*os.listdir(incoming), *os.listdir(incoming)}',
        new='os.listdir(incoming)',
    ),
    Mutant(
        name='strangers reserve',
        killer=f'{RESERVING}::TestReserving::'
        'test_nor_is_what_belongs_to_others',
        module='directory/reserving',
        old=' and rights.is_owned(incoming, found)',
        new='',
    ),
    Mutant(
        name='the older of two counts',
        killer=f'{RESERVING}::TestReserving::'
        'test_of_two_that_were_left_the_later_counts',
        module='directory/reserving',
        old='if entry.until > known.until:',
        new='if False:',
    ),
    Mutant(
        name='what is over goes at once',
        killer=f'{RESERVING}::TestReserving::'
        'test_what_is_over_is_listed_for_a_day_and_then_debris',
        module='directory/reserving',
        old='return now - self.until >= LISTED',
        new='return now >= self.until',
    ),
    Mutant(
        name='another file is read for the image',
        killer=f'{CONTENTS}::TestContents::'
        'test_nor_what_was_replaced_between_the_looks',
        module='directory/contents',
        old='if (there.st_dev, there.st_ino) != found.identity:',
        new='if False:',
    ),
    Mutant(
        name='one that was added again is read',
        killer=f'{CONTENTS}::TestContents::'
        'test_nor_is_one_that_was_added_again',
        module='directory/contents',
        old='if found.cached_at != image.cached_at:',
        new='if False:',
    ),
    Mutant(
        name='what is set aside may not last',
        killer=f'{CONTENTS}::TestQuarantine::'
        'test_it_lasts_before_what_is_written_of_it_moves',
        module='directory/quarantine',
        old="        folder.settle_change(self.to, file.name, 'set aside')\n",
        new='',
    ),
    Mutant(
        name='what is gone was set aside',
        killer=f'{CONTENTS}::TestQuarantine::'
        'test_one_that_is_gone_is_not_found',
        module='directory/quarantine',
        old='    if not removal.is_there:',
        new='    if False:',
    ),
    Mutant(
        name='the labels of what is set aside are lost',
        killer=f'{CONTENTS}::TestQuarantine::'
        'test_it_moves_with_what_is_written_of_it',
        module='directory/quarantine',
        old='            os.rename(\n'
        '                sidecar.path(file.name),\n'
        '                sidecar.path(self.name),\n'
        '                src_dir_fd=fd,\n'
        '                dst_dir_fd=self.to,\n'
        '            )\n',
        new='            pass\n',
    ),
    Mutant(
        name='without folders of instances a blank disk has no users',
        killer=f'{USERS_BESIDE}::TestUsersBeside::'
        'test_where_no_instances_are_looked_at',
        module='directory/users_beside',
        old='if not survey.sees:',
        new='if False:',
    ),
    Mutant(
        name='a blank disk that is linked has no users',
        killer=f'{USERS_BESIDE}::TestUsersBeside::test_one_that_is_linked',
        module='directory/users_beside',
        old='if found.st_nlink > 1 else ()',
        new='if False else ()',
    ),
    Mutant(
        name='a blank disk that is open has no users',
        killer=f'{USERS_BESIDE}::TestUsersBeside::test_one_that_is_open',
        module='directory/users_beside',
        old=' | holders.find_holders(fd, name, found)',
        new='',
    ),
    Mutant(
        name='a poor look tells that nobody uses a blank disk',
        killer=f'{USERS_BESIDE}::TestUsersBeside::test_where_nobody_can_tell',
        module='directory/handler',
        old='if why := self._sweeper.judge_look(store, survey):',
        new='if why := None:',
    ),
    Mutant(
        name='what is lent goes before what is set',
        killer=f'{LENT}::TestLent::'
        'test_what_is_lent_counts_where_no_path_is_set',
        module='directory/lent',
        old="if filled['path']:",
        new='if False:',
    ),
    Mutant(
        name='a thread that waits makes others not wait',
        killer=f'{SWEEPERS}::TestPeers::'
        'test_threads_of_one_process_wait_for_each_other',
        module='directory/hosts/sweepers',
        old='            try:\n                stack',
        new='            self._in_vain.add(store)\n'
        '            try:\n                stack',
    ),
    Mutant(
        name='an overlay is adopted',
        killer=f'{ADOPTING}::TestRefused::test_what_names_other_files',
        module='directory/adopting',
        old='if why := self_contained.explain_unfit(file.fd, found.st_size):',
        new='if why := None:',
    ),
    Mutant(
        name='what is being written is adopted',
        killer=f'{ADOPTING}::TestRefused::test_what_is_open_for_writing',
        module='directory/system/writers',
        old='fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)',
        new='pass',
    ),
    Mutant(
        name='whatever has the name is adopted in the end',
        killer=f'{ADOPTING}::TestRefused::'
        'test_a_link_that_is_put_in_its_place',
        module='directory/adopting',
        old='if found is None or found.identity != there:',
        new='if False:',
    ),
    Mutant(
        name='an old file is adopted as old as it is',
        killer=f'{ADOPTING}::TestAdopting::test_nothing_of_the_file_changes',
        module='directory/adopting',
        old='_make_sidecar(file, image_id, self.clock())',
        new='_make_sidecar(file, image_id, datetime.datetime.min)',
    ),
    Mutant(
        name='what is written beside images is adopted',
        killer=f'{ADOPTING}::TestRefused::test_what_lies_elsewhere_or_is_ours',
        module='directory/adopting',
        old=' or self.layout.tell_part(name, ()) is Part.OURS',
        new='',
    ),
    Mutant(
        name='who adopts waits for nobody',
        killer=f'{ADOPTING}::TestRenaming::test_whoever_labels_it_waits',
        module='directory/adopting',
        old='if sidecar.is_fit_name(name):\n                    locks',
        new='if False:\n                    locks',
    ),
    Mutant(
        name='a renamed file is not looked for again',
        killer=f'{ADOPTING}::TestRenaming::'
        'test_whoever_comes_to_have_it_meanwhile',
        module='directory/adopting',
        old='renaming.refuse_used(self._look(store, new), file, new)',
        new='pass',
    ),
    Mutant(
        name='what a process has open is renamed',
        killer=f'{ADOPTING}::TestRenaming::test_nobody_has_it',
        module='directory/renaming',
        old='users |= holders.find_holders(file.folder, name, found)',
        new='pass',
    ),
    Mutant(
        name='a failed adoption leaves its sidecar',
        killer=f'{ADOPTING}::TestRefused::'
        'test_what_begins_to_be_written_to_meanwhile',
        module='directory/renaming',
        old='stack.callback(_try_undo, undo, *given)',
        new='pass',
    ),
    Mutant(
        name='a file that is renamed replaces another',
        killer=f'{ADOPTING}::TestRenaming::'
        'test_whoever_puts_something_there_meanwhile',
        module='directory/system/rename',
        old='_NO_REPLACE):',
        new='0):',
    ),
    Mutant(
        name='the disk of a machine is adopted',
        killer=f'{ADOPTING}::TestRefused::'
        'test_a_disk_of_a_machine_that_is_shut_down',
        module='directory/users/words',
        old='written=_list_named(tree)',
        new='written=frozenset()',
    ),
    Mutant(
        name='a machine writes to disks alone',
        killer=f'{WORDS}::test_what_a_machine_may_write_to',
        module='directory/users/words',
        old="_READ = frozenset(['backingStore',",
        new="_READ = frozenset(['nvram', 'filesystem', 'backingStore',",
    ),
    Mutant(
        name='the flash of a firmware is only read',
        killer=f'{WORDS}::test_what_a_machine_may_write_to',
        module='directory/users/words',
        old="return not is_flash or element.get('readonly') == 'yes'",
        new='return True',
    ),
    Mutant(
        name='what lies below the disk of a machine is renamed',
        killer=f'{ADOPTING}::TestBelow::test_it_keeps_its_name',
        module='directory/own_disks',
        old='if is_renamed and not self.folders:',
        new='if False:',
    ),
    Mutant(
        name='the folder above a link is taken for that above its name',
        killer=f'{ADOPTING}::TestBelow::test_by_a_folder_above_a_link',
        module='directory/own_disks',
        old='place = os.path.join(folder, below.path)',
        new='place = os.path.normpath(os.path.join(folder, below.path))',
    ),
    Mutant(
        name='disks that may be any file count for nothing',
        killer=f'{ADOPTING}::TestBelow::test_what_cannot_be_followed',
        module='directory/own_disks',
        old='if domain.problems:',
        new='if False:',
    ),
    Mutant(
        name='what is below a disk of unknown form is renamed',
        killer=f'{ADOPTING}::TestBelow::test_what_cannot_be_followed',
        module='directory/own_disks',
        old='if header.problems:',
        new='if False:',
    ),
    Mutant(
        name='machines that come meanwhile are not looked for',
        killer=f'{ADOPTING}::TestBelow::'
        'test_a_machine_that_is_defined_meanwhile',
        module='directory/adopting',
        old='self._refuse_disks(file, is_renamed=True)',
        new='pass',
    ),
    Mutant(
        name='a disk with snapshots inside is adopted',
        killer=f'{ADOPTING}::TestRefused::test_what_a_machine_wrote_in',
        module='directory/machine_traces',
        old='    if snapshots:',
        new='    if False:',
    ),
    Mutant(
        name='a raw file that is to be an image may name any',
        killer=f'{ADOPTING}::TestRenaming::test_one_that_is_raw',
        module='directory/users/overlays',
        old='return Part.IMAGE if entry == name else judge(entry, names)',
        new='return judge(entry, names)',
    ),
    Mutant(
        name='a copy of a folder is the same store',
        killer=f'{IDENTITY}::test_a_copy_of_a_folder_is_not_the_same_store',
        module='directory/store_identity',
        old="said[2] not in (None, b'%d' % found.st_ino)",
        new='False',
    ),
]
