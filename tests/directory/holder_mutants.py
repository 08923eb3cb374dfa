"""The net and Nova's locks, broken on purpose."""

from tests.mutation import Mutant

HOLDERS = 'directory/test_holders.py'
NOVA = 'directory/test_nova_process.py'

NET = [
    Mutant(
        name='no net',
        killer=f'{HOLDERS}::TestQemu::'
        'test_a_lock_of_a_process_is_told_with_its_number',
        module='directory/holders',
        old='        process = record_lock.holder(fd)',
        new='        process = None',
    ),
    Mutant(
        name='a net in lists only',
        killer=f'{HOLDERS}::TestTurns::'
        'test_it_is_asked_after_the_look_at_the_disks',
        module='directory/evicting',
        old='        file = holders.look_at_file(fd, file)\n',
        new='',
    ),
    Mutant(
        name='a net in evictions only',
        killer=f'{HOLDERS}::TestNova::test_a_plan_tells_of_it',
        module='directory/listing',
        old='            files = holders.look_at_files(fd, files)\n',
        new='',
    ),
    Mutant(
        name='the net before the look at the disks',
        killer=f'{HOLDERS}::TestTurns::'
        'test_it_is_asked_after_the_look_at_the_disks',
        module='directory/evicting',
        old='                    one.file = self._find_same('
        'fd, one.image, listing)\n',
        new="""                    one.file = file = self._find_same(
                        fd, one.image, listing
                    )
                    early = file and holders.look_at_file(fd, file)
                    globals()['holders'] = type('Early', (), {
                        'look_at_file': staticmethod(lambda *_: early)
                    })
""",
    ),
    Mutant(
        name='a read lock is asked for',
        killer=f'{HOLDERS}::TestQemu::'
        'test_an_image_below_an_overlay_of_any_format',
        module='directory/system/record_lock',
        old='fcntl.fcntl(fd, fcntl.F_OFD_GETLK, _WHOLE)',
        new='fcntl.fcntl(fd, fcntl.F_OFD_GETLK, '
        'struct.pack(_FORM, fcntl.F_RDLCK, 0, 0, 0, 0))',
    ),
    Mutant(
        name='it is locked to find out',
        killer=f'{HOLDERS}::TestQemu::'
        'test_a_lock_of_a_process_is_told_with_its_number',
        module='directory/system/record_lock',
        old="""    answer = fcntl.fcntl(fd, fcntl.F_OFD_GETLK, _WHOLE)
    kind, _, _, _, process = struct.unpack(_FORM, answer)
    return None if kind == fcntl.F_UNLCK else int(process)
""",
        new="""    shared = struct.pack(_FORM, fcntl.F_RDLCK, 0, 0, 0, 0)
    try:
        fcntl.fcntl(fd, fcntl.F_OFD_SETLK, shared)
    except BlockingIOError:
        return -1
    return None
""",
    ),
    Mutant(
        name='who cannot ask goes on',
        killer=f'{HOLDERS}::TestUnknown::test_a_file_system_that_cannot_tell',
        module='directory/holders',
        old='        return file._replace(unknown=file.unknown or why)',
        new='        return file',
    ),
    Mutant(
        name='no loop devices',
        killer=f'{HOLDERS}::TestLoops::'
        'test_an_image_by_a_mount_of_another_name',
        module='directory/holders',
        old='loop.is_of(file)',
        new='False',
    ),
    Mutant(
        name='loop devices by name alone',
        killer=f'{HOLDERS}::TestLoops::'
        'test_those_of_other_files_do_not_matter',
        module='directory/holders',
        old='            return self.identity == file.identity',
        new='            return self.name == file.name',
    ),
    Mutant(
        name='loop devices by their paths alone',
        killer=f'{HOLDERS}::TestLoops::'
        'test_an_image_by_another_name_that_nobody_else_sees',
        module='directory/holders',
        old='        if self.told == file.identity:',
        new='        if False:',
    ),
    Mutant(
        name='loop devices by what is seen here alone',
        killer=f'{HOLDERS}::TestLoops::'
        'test_where_there_are_no_devices_the_path_still_tells',
        module='directory/holders',
        old='        return self.name == file.name',
        new='        return False',
    ),
    Mutant(
        name='paths on other mounts are looked at',
        killer=f'{HOLDERS}::TestLoops::test_a_path_elsewhere_is_not_looked_at',
        module='directory/holders',
        old='    if mounts.is_beside(folder, path):',
        new='    if path:',
    ),
    Mutant(
        name='a replaced file is asked for',
        killer=f'{HOLDERS}::TestUnknown::'
        'test_a_file_that_was_replaced_meanwhile',
        module='directory/holders',
        old='        if (found.st_dev, found.st_ino) != file.identity:',
        new='        if not found:',
    ),
]

PROCESS = [
    Mutant(
        name='our own locks in the process of Nova',
        killer=f'{NOVA}::TestLent::test_all_that_we_do_drops_no_lock',
        module='directory/nova_layout',
        old='        if lent is not None:',
        new='        if False:',
    ),
    Mutant(
        name='Nova is nowhere',
        killer=f'{NOVA}::TestNotLent::test_nothing_is_touched',
        module='directory/nova_process',
        old='    if lent is None and _LOCKUTILS in sys.modules:',
        new='    if False:',
    ),
    Mutant(
        name='Nova is everywhere',
        killer=f'{NOVA}::TestLent::test_they_can_be_lent_beside_the_options',
        module='directory/nova_process',
        old='    if lent is None and _LOCKUTILS in sys.modules:',
        new='    if _LOCKUTILS in sys.modules:',
    ),
    Mutant(
        name='lent locks are given back at once',
        killer=f'{NOVA}::TestLent::'
        'test_nova_s_lock_is_held_while_one_is_removed',
        module='directory/nova_process',
        old='                stack.enter_context(lent(name))',
        new='                lent(name).__enter__()',
    ),
    Mutant(
        name='lent locks are not taken',
        killer=f'{NOVA}::TestLent::'
        'test_nova_s_lock_is_held_while_one_is_removed',
        module='directory/nova_process',
        old='                stack.enter_context(lent(name))',
        new='                lent(name)',
    ),
    Mutant(
        name='a taken lock fails in its own words',
        killer=f'{NOVA}::TestLent::test_what_a_thread_of_nova_holds_is_busy',
        module='directory/nova_process',
        old='    return (*ours, lockutils.AcquireLockFailedException)',
        new='    return ours',
    ),
    Mutant(
        name='a lock is made under its own name',
        killer=f'{NOVA}::TestLockFiles::'
        'test_one_gets_its_name_when_nova_can_take_it',
        module='directory/nova_lock',
        old="    new = f'.{entry}.{secrets.token_hex(4)}'",
        new='    new = entry',
    ),
    Mutant(
        name='a lock is not given away',
        killer=f'{NOVA}::TestLockFiles::'
        'test_one_gets_its_name_when_nova_can_take_it',
        module='directory/nova_lock',
        old='            give_away(fd, owner)\n',
        new='',
    ),
    Mutant(
        name='a lock gets its name by its first name',
        killer=f'{NOVA}::TestLockFiles::'
        'test_what_is_swapped_before_it_gets_its_name_leads_nowhere',
        module='directory/nova_lock',
        old="os.link(f'/proc/self/fd/{fd}', entry, dst_dir_fd=folder)",
        new='os.link(new, entry, src_dir_fd=folder, dst_dir_fd=folder)',
    ),
    Mutant(
        name='a lock of other names is locked',
        killer=f'{NOVA}::TestLockFiles::'
        'test_a_file_of_root_with_a_second_name_is_not_locked',
        module='directory/nova_lock',
        old='        if found.st_nlink > 1:\n            why',
        new='        if False:\n            why',
    ),
    Mutant(
        name='a folder of locks is followed',
        killer=f'{NOVA}::TestLockFiles::test_nobody_leads_us_elsewhere',
        module='directory/nova_lock',
        old='safe_open.open_folder(os.path.join(path, _FOLDER))',
        new='os.open(os.path.join(path, _FOLDER), os.O_RDONLY)',
    ),
    Mutant(
        name='options lend nothing',
        killer=f'{NOVA}::TestLent::test_they_can_be_lent_beside_the_options',
        module='directory/handler',
        old="locks=resources.get('locks'), **given",
        new='**given',
    ),
]
