"""The handler ``vmware``, broken on purpose, and by which tests it shows."""

from tests.mutation import Mutant

STORES = 'vmware/test_stores.py::TestStores::test_'
LOOKS = 'vmware/test_looks.py::TestLooks::test_'
MANY = 'vmware/test_looks.py::TestManyMachines::test_'
EVICTING = 'vmware/test_evicting.py::TestEvicting::test_'
RECOVERING = 'vmware/test_recovering.py::TestRecovering::test_'
TROUBLE = 'vmware/test_evicting_trouble.py'
USERS = 'vmware/test_users.py::test_'
FOLDERS = 'vmware/test_image_folders.py::test_'
LABELS = 'vmware/test_label_folders.py::test_'
SESSION = 'vmware/port/test_session.py::TestSession::test_'
MARKING = 'vmware/test_labelling.py::TestLabelling::test_'


def mutant(name, module, old, new, killer):
    return Mutant(name=name, killer=killer, module=module, old=old, new=new)


MUTANTS = [
    mutant(
        'who came before the move is not looked for',
        'evicting',
        'if named:',
        'if False:',
        f'{EVICTING}a_clone_made_before_the_move_keeps_its_image',
    ),
    mutant(
        'machines are looked for where the image lies now',
        'evicting',
        'users.of_folder(move.source) | users.of_folder(move.aside)',
        'users.of_folder(move.aside)',
        f'{EVICTING}one_that_is_off_keeps_it_too',
    ),
    mutant(
        'labels are not looked at after the move',
        'evicting',
        'check_claimed(image, found.labels, self._in_time)',
        'pass',
        f'{EVICTING}nova_that_took_the_mark_away_keeps_it',
    ),
    mutant(
        'a move begins when time is over',
        'evicting',
        '            self._check_time,\n            cancels=True,\n',
        '            cancels=True,\n',
        f'{EVICTING}nothing_begins_once_time_is_over',
    ),
    mutant(
        'foreign files go with the image',
        'evicting',
        'if not found.is_whole or found.foreign or users.why_unknown:',
        'if not found.is_whole or users.why_unknown:',
        f'{EVICTING}foreign_files_that_came_keep_it',
    ),
    mutant(
        'what cannot be seen after the move is not put back',
        'evicting',
        '            self._kept.put_back()\n            raise',
        '            raise',
        f'{EVICTING}who_cannot_see_machines_puts_it_back',
    ),
    mutant(
        'what could not be deleted is not put back',
        'image_removals',
        'self._kept.keep(move, why)',
        'results[move.key] = why',
        f'{EVICTING}a_refused_disk_goes_back_and_is_undeletable',
    ),
    mutant(
        'a lost answer to the move ends it',
        'unmoved_images',
        'end is not None and _is_torn(move, found, there)',
        'end is not None',
        f'{EVICTING}a_lost_answer_to_the_move_is_looked_after',
    ),
    mutant(
        'the own disk does not go last',
        'folder_requests',
        'for disk in found.disks[:-1]',
        'for disk in found.disks[:0]',
        f'{EVICTING}images_go_with_all_that_is_theirs',
    ),
    mutant(
        'a change is made again when its answer is lost',
        'port/session',
        "return self._make_call(request, ('returnval',), _copied, leave_now)",
        'return self.read(request)',
        f'{SESSION}a_change_whose_answer_is_lost_is_not_made_again',
    ),
    mutant(
        'a session that ended is used again',
        'port/session',
        '                self._drop_login(login)\n',
        '',
        f'{SESSION}a_session_that_ended_is_opened_anew_once',
    ),
    mutant(
        'a datastore may be called otherwise',
        'machines',
        'if name != datastore.name:',
        'if False:',
        f'{STORES}one_renamed_between_the_search_and_the_machines_is_not_read',
    ),
    mutant(
        'machines that were not told of do not count',
        'machines',
        'if reference not in told:',
        'if False:',
        f'{LOOKS}a_machine_that_is_hidden_may_use_any_image',
    ),
    mutant(
        'a machine without files uses none',
        'machines',
        'frozenset(files) or None',
        'frozenset(files)',
        f'{LOOKS}a_machine_that_names_no_file_cannot_be_read',
    ),
    mutant(
        'a machine whose files cannot be read uses none',
        'machines',
        'return Machine(name=name, files=None)\n        files |=',
        'return Machine(name=name, files=frozenset())\n        files |=',
        f'{LOOKS}a_machine_that_cannot_be_read_may_use_any_image',
    ),
    mutant(
        'drives are not read',
        'machines',
        '(_FILES, _DEVICES) if with_drives else (_FILES,)',
        '(_FILES,)',
        f'{LOOKS}an_iso_in_a_drive_is_used',
    ),
    mutant(
        'the first page is all',
        'port/properties',
        'if token is None:',
        'if True:',
        f'{MANY}all_pages_of_machines_are_read',
    ),
    mutant(
        'an answer that says nothing is believed',
        'port/properties',
        """        session.forget_login()
        found = _read_pages(session, request, use)
""",
        """        session.forget_login()
        return found
""",
        f'{STORES}an_answer_that_says_nothing_is_asked_for_again',
    ),
    mutant(
        'a machine that cannot be read uses nothing',
        'users',
        'elif machine.name not in written_off:',
        'elif False:',
        f'{USERS}a_machine_that_cannot_be_read_may_use_anything',
    ),
    mutant(
        'one that was written off is never a user',
        'users',
        'if machine.files is not None:',
        'if machine.files is not None and machine.name not in written_off:',
        f'{USERS}one_that_is_written_off_does_not_count_while_it_is_unreadable',
    ),
    mutant(
        'half an image is one',
        'image_folders',
        'disk <= self._files.keys()',
        'not disk.isdisjoint(self._files)',
        f'{FOLDERS}a_whole_image_has_its_own_disk_and_extent',
    ),
    mutant(
        'foreign folders are not seen',
        'image_folders',
        'sorted(files + folders)',
        'sorted(files)',
        f'{FOLDERS}what_is_not_of_the_image_is_named',
    ),
    mutant(
        'an eviction that still runs is recovered',
        'recovering',
        '(name.until, *claims)',
        '(name.until,)',
        f'{RECOVERING}an_eviction_that_still_runs_is_left_to_it',
    ),
    mutant(
        'an eviction without a claim is recovered while it runs',
        'recovering',
        '(name.until, *claims)',
        'claims',
        f'{RECOVERING}one_without_a_claim_is_left_until_its_time_is_over',
    ),
    mutant(
        'what is used is looked for where it lies',
        'recovering',
        'users.of_folder(origin) | users.of_folder(left.path)',
        'users.of_folder(left.path)',
        f'{RECOVERING}what_is_used_is_put_back',
    ),
    mutant(
        'what may be used is finished',
        'recovering',
        'if users.why_unknown and not used:',
        'if False:',
        f'{RECOVERING}nothing_is_finished_while_a_machine_cannot_be_read',
    ),
    mutant(
        'a shield beside another mark of Nova is one',
        'label_folders',
        'if stamps == {SHIELD_FOLDER}:',
        'if SHIELD_FOLDER in stamps:',
        f'{LABELS}folders_are_read',
    ),
    mutant(
        'a label is made for an image that is gone',
        'folder_requests',
        'parents=False,',
        'parents=True,',
        f'{MARKING}no_label_is_made_for_an_image_that_is_gone',
    ),
    mutant(
        'a label that was gone is taken for an image that is there',
        'labelling',
        '            self._read_labels(image, folder)\n\n',
        '            pass\n\n',
        f'{MARKING}taking_a_label_off_an_image_that_is_gone_says_so',
    ),
    mutant(
        'whatever is at a location is ours',
        'looks',
        'if image.location != str(folder):',
        'if False:',
        f'{MARKING}what_is_elsewhere_is_not_ours',
    ),
    mutant(
        'a torn move is left so',
        'unmoved_images',
        'not found.is_whole or there is None or move.source in there',
        'there is None',
        f'{TROUBLE}::TestCore::test_half_a_move',
    ),
    mutant(
        'a folder aside that went is an image that is gone',
        'unmoved_images',
        'if there is None or move.source in there:',
        'if False:',
        f'{TROUBLE}::TestMoreMoves::test_a_folder_aside_that_went_is_not_an_image_that_is_gone',
    ),
    mutant(
        'what lost its disk is put back',
        'image_removals',
        'elif aside is None or (found is not None and found.is_whole):',
        'elif True:',
        f'{TROUBLE}::TestPutBackHalf::test_a_lost_answer_to_the_last_removal_leaves_no_diskless_folder',
    ),
    mutant(
        'what may have lost its disk is put back unseen',
        'image_removals',
        'if isinstance(end, Endless) or (aside is None and not _is_no(end)):',
        'if False:',
        f'{TROUBLE}::TestPutBackHalf::test_what_cannot_be_seen_stays_aside',
    ),
    mutant(
        'the end of an ISO is not looked at',
        'image_removals',
        'ends |= {isos[path]: end for path, end in removed.items()}',
        'pass',
        f'{TROUBLE}::TestIso::test_a_locked_iso_is_put_back',
    ),
    mutant(
        'an ISO is deleted when time is over',
        'image_removals',
        'self._removing.delete_folders(paths, self._check_time)',
        'self._removing.delete_folders(paths)',
        f'{TROUBLE}::TestIso::test_an_iso_is_not_deleted_once_time_is_over',
    ),
    mutant(
        'a sized copy that stays does not keep the image',
        'folder_requests',
        '                ends[key] = end\n',
        '                pass\n',
        f'{TROUBLE}::TestSizedCopies::test_a_locked_sized_copy_keeps_the_own_disk',
    ),
    mutant(
        'a late move is not cancelled',
        'groups',
        '    if cancels:',
        '    if False:',
        f'{TROUBLE}::TestMoreMoves::test_a_move_given_up_does_not_come_after_a_machine',
    ),
    mutant(
        'a vCenter that hangs is waited for by each',
        'groups',
        'if lost >= _BEARABLE:',
        'if False:',
        f'{TROUBLE}::TestTime::test_a_vcenter_that_hangs_after_the_moves_costs_few_timeouts',
    ),
    mutant(
        'a renamed datastore keeps what is aside',
        'moves',
        'if refused and (renamed := self._find_renamed()):',
        'if False and (renamed := self._find_renamed()):',
        f'{TROUBLE}::TestMoreMoves::test_one_renamed_after_the_move_is_put_back',
    ),
    mutant(
        'a refusal is forgotten',
        'kept_images',
        '                self._tell_refusal(move)\n',
        '                pass\n',
        f'{TROUBLE}::TestCore::test_undeletable_ones_do_not_stop_others_for_ever',
    ),
    mutant(
        'a refusal is not shown',
        'handler',
        '[with_refusal(one, now) for one in found]',
        'list(found)',
        f'{TROUBLE}::TestCore::test_undeletable_ones_do_not_stop_others_for_ever',
    ),
]
