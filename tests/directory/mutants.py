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

MUTANTS = [
    (
        CHAINS,
        Mutant(
            name='at most two files of a chain are followed',
            killer=f'{CHAINS}::TestChains::'
            'test_whoever_has_the_top_of_twelve_uses_the_bottom',
            module='directory/users/chains',
            old='if (file, *place) in seen:',
            new='if (file, *place) in seen or len(seen) > 1:',
        ),
    ),
    (
        OVERLAYS,
        Mutant(
            name='files are compared by number alone',
            killer=f'{OVERLAYS}::TestUsers::'
            'test_a_name_that_leads_elsewhere_is_a_use',
            module='directory/users/overlays',
            old='return users.union(self.named.get(name, ()))',
            new='return users',
        ),
    ),
    (
        OVERLAYS,
        Mutant(
            name='what looks like nothing names none',
            killer=f'{OVERLAYS}::TestUnknown::'
            'test_a_disk_of_which_nobody_can_tell',
            module='directory/users/met',
            old='            if part is Part.FOREIGN:\n                why +=',
            new='            if False:\n                why +=',
        ),
    ),
    (
        OVERLAYS,
        Mutant(
            name='the problems of a header are passed over',
            killer=f'{OVERLAYS}::TestUnknown::test_a_header_that_is_damaged',
            module='directory/users/met',
            old='else header.problems',
            new='else ()',
        ),
    ),
    (
        LOOKING,
        Mutant(
            name='what was read is believed although it has changed',
            killer=f'{LOOKING}::TestChanges::'
            'test_not_even_times_that_were_set_back_hide_it',
            module='directory/users/memory',
            old='if known is None or known[0] != stamp(found):',
            new='if known is None:',
        ),
    ),
    (
        LOOKING,
        Mutant(
            name='what was read just now is believed for ever',
            killer=f'{LOOKING}::TestReading::'
            'test_what_has_just_been_changed_is_read_again',
            module='directory/users/memory',
            old='if found.st_ctime_ns + _COARSE_NS < at_ns:',
            new='if True:',
        ),
    ),
    (
        BESIDE,
        Mutant(
            name='only disks of instances are looked at',
            killer=f'{BESIDE}::TestPlain::'
            'test_a_foreign_file_of_which_nobody_can_tell',
            module='directory/users/walk',
            old='            self._look_under(path, judge)\n',
            new='            pass\n',
        ),
    ),
    (
        WALK,
        Mutant(
            name="the files of Nova's locks are opened",
            killer=f'{WALK}::TestOpened::'
            'test_a_lock_beside_a_store_below_the_given_folder',
            module='directory/users/walk',
            old='is_shut = name == _LOCKS and self._has_locks(folder)',
            new='is_shut = False',
        ),
    ),
    (
        SWEEPERS,
        Mutant(
            name='a look that met no disk is one',
            killer=f'{SWEEPERS}::TestOwn::'
            'test_no_disk_is_no_look_until_it_is_accepted',
            module='directory/hosts/sweepers',
            old='if now == 0 and before != 0:',
            new='if False:',
        ),
    ),
    (
        SWEEPERS,
        Mutant(
            name='far fewer disks are as good',
            killer=f'{SWEEPERS}::TestOwn::'
            'test_far_fewer_disks_are_asked_about',
            module='directory/hosts/sweepers',
            old='return 2 * now < before',
            new='return False and 2 * now < before',
        ),
    ),
    (
        SWEEPERS,
        Mutant(
            name='where others look is of no matter',
            killer=f'{SWEEPERS}::TestPeers::'
            'test_a_forgotten_host_blocks_nobody_until_it_comes_back',
            module='directory/hosts/sweepers',
            old='        if view.sees(place):\n            continue',
            new='        continue',
        ),
    ),
]
