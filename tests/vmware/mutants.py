"""The handler ``vmware``, broken on purpose, and by which tests it shows."""

from tests.mutation import Mutant

STORES = 'vmware/test_stores.py::TestStores::test_'
LOOKS = 'vmware/test_looks.py::TestLooks::test_'
MANY = 'vmware/test_looks.py::TestManyMachines::test_'
EVICTING = 'vmware/test_evicting.py::TestEvicting::test_'
RECOVERING = 'vmware/test_recovering.py::TestRecovering::test_'
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
        'self._removing.move_folders(paths, self._check_time)',
        'self._removing.move_folders(paths)',
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
        '            self._put_all_back(moves, error)\n',
        '',
        f'{EVICTING}who_cannot_see_machines_puts_it_back',
    ),
    mutant(
        'what could not be deleted is not put back',
        'evicting',
        'self._put_back(move, _error_of_removal(move.image, end))',
        'self._end(move, _error_of_removal(move.image, end))',
        f'{EVICTING}a_refused_disk_goes_back_and_is_undeletable',
    ),
    mutant(
        'a lost answer to the move ends it',
        'evicting',
        '            if found is None:',
        '            if found is None or ends[str(one.source)]:',
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
        'checking_aside',
        '(name.until, *claims)',
        '(name.until,)',
        f'{RECOVERING}an_eviction_that_still_runs_is_left_to_it',
    ),
    mutant(
        'an eviction without a claim is recovered while it runs',
        'checking_aside',
        '(name.until, *claims)',
        'claims',
        f'{RECOVERING}one_without_a_claim_is_left_until_its_time_is_over',
    ),
    mutant(
        'nobody waits to be sure that time is over',
        'checking_aside',
        '> self.skew + _MARGIN',
        '> self.skew',
        f'{RECOVERING}clocks_may_be_apart',
    ),
    mutant(
        'clocks of hosts are never apart',
        'checking_aside',
        '> self.skew + _MARGIN',
        '> _MARGIN',
        f'{RECOVERING}clocks_may_be_apart',
    ),
    mutant(
        'foreign files go with what was left',
        'checking_aside',
        '(*left.image.foreign, *left.filled)',
        'left.filled',
        f'{RECOVERING}a_foreign_file_is_put_back_with_it',
    ),
    mutant(
        'what lies in a label goes with it',
        'checking_aside',
        '(*left.image.foreign, *left.filled)',
        'left.image.foreign',
        f'{RECOVERING}a_label_that_holds_something_is_foreign',
    ),
    mutant(
        'what may be used is finished',
        'checking_aside',
        '    if users.why_unknown:\n        return users.why_unknown\n',
        '',
        f'{RECOVERING}one_that_may_be_used_is_put_back',
    ),
    mutant(
        'a pin that cannot be read means nothing',
        'checking_aside',
        'if (pins | leases) & marks.malformed:',
        'if False:',
        f'{RECOVERING}one_with_a_pin_that_cannot_be_read_is_put_back',
    ),
    mutant(
        'what is pinned is finished',
        'checking_aside',
        'end is None or not is_over(end) for',
        'end and not is_over(end) for',
        f'{RECOVERING}a_pinned_one_is_put_back',
    ),
    mutant(
        'what is held is finished',
        'checking_aside',
        'end is None or not is_over(end) for',
        'end is None for',
        f'{RECOVERING}a_leased_one_is_put_back',
    ),
    mutant(
        'what is shielded is finished',
        'checking_aside',
        'if SHIELD_FOLDER in found.folder.folders:',
        'if False:',
        f'{RECOVERING}a_shielded_one_is_put_back',
    ),
    mutant(
        'what nobody claimed is finished',
        'checking_aside',
        "return None if marks.claims else 'it bears no claim'",
        'return None',
        f'{RECOVERING}one_without_a_claim_is_put_back',
    ),
    mutant(
        'an image that was fetched anew is torn',
        'checking_aside',
        'if self.own is None or self.own.is_whole:',
        'if self.own is None:',
        f'{RECOVERING}what_a_died_eviction_did_not_get_to_is_finished',
    ),
    mutant(
        'what is used is looked for where it lies',
        'recovering',
        'self._users.of_folder(origin) | moved',
        'moved',
        f'{RECOVERING}what_is_used_is_put_back',
    ),
    mutant(
        'a disk is moved away from who names it',
        'recovering',
        '        if moved:\n',
        '        if False:\n',
        f'{RECOVERING}one_that_a_machine_names_where_it_lies_is_left',
    ),
    mutant(
        'what is torn is finished',
        'recovering',
        'elif left.is_torn:',
        'elif False:',
        f'{RECOVERING}one_torn_before_its_labels_came_is_put_together',
    ),
    mutant(
        'pieces are put back as an image',
        'recovering',
        'left.own is None and left.image.is_whole:',
        'left.own is None:',
        f'{RECOVERING}pieces_that_are_pinned_are_left',
    ),
    mutant(
        'a refused folder is put back without its disk',
        'recovering',
        'left.own is None and self._is_whole_still(left.image)',
        'left.own is None',
        f'{RECOVERING}a_folder_that_is_refused_without_its_disk_is_left',
    ),
    mutant(
        'what is torn is mixed with other files',
        'recovering',
        'if left.colliding:',
        'if False:',
        f'{RECOVERING}a_file_in_both_places_leaves_it_torn',
    ),
    mutant(
        'a label in both places stops what is put together',
        'recovering',
        'if one not in there]',
        'if one]',
        f'{RECOVERING}a_label_in_both_places_stops_nothing',
    ),
    mutant(
        'the disk comes back before its extent',
        'recovering',
        'if one not in last]',
        'if one]',
        f'{RECOVERING}the_disk_does_not_come_before_its_extent',
    ),
    mutant(
        'a disk that is gone keeps its folder',
        'recovering',
        'if end is not None and not is_gone(end):',
        'if end is not None:',
        f'{RECOVERING}a_disk_that_is_gone_already_lets_the_folder_go',
    ),
    mutant(
        'an undeletable one stays aside',
        'recovering',
        "{'CannotDeleteFile', 'FileLocked'}",
        "{'FileLocked'}",
        f'{RECOVERING}an_undeletable_one_is_put_back',
    ),
    mutant(
        'a locked one stays aside',
        'recovering',
        "{'CannotDeleteFile', 'FileLocked'}",
        "{'CannotDeleteFile'}",
        f'{RECOVERING}a_locked_one_is_put_back',
    ),
    mutant(
        'a shield beside another mark of Nova is one',
        'label_folders',
        'if stamps == {SHIELD_FOLDER}:',
        'if SHIELD_FOLDER in stamps:',
        f'{LABELS}folders_are_read',
    ),
    mutant(
        'an age outlives the shield that Nova took away',
        'label_folders',
        'if is_shielded or not _stamp(label):',
        'if True:',
        f'{LABELS}folders_are_read',
    ),
    mutant(
        'an age that ended with a shield comes back with the next one',
        'label_folders',
        'elif shielded and label.startswith(_MALFORMED):',
        'elif False:',
        f'{LABELS}it_is_not_an_age_again_once_there_is_a_new_shield',
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
]
