"""Mutants of the staging, each with the tests that kill it."""

from tests.mutation import Mutant

STAGES = 'staging/test_stages.py'
FETCHING = 'staging/test_fetching.py'
INSPECTING = 'staging/test_inspecting.py'
LEFTOVERS = 'staging/test_leftovers.py'
MADE = 'staging/test_made_disk.py'
ODD = 'staging/test_odd_vmdk.py'
TABLES = 'staging/test_vhdx_tables.py'
UNPACKING = 'staging/test_unpacking.py'
READING = 'staging/test_reading_ahead.py'
STEERING = 'staging/test_steering_root.py'


def one(tests, killer, module, name, old, new):
    return Mutant(
        name=name,
        killer=f'{tests}::{killer}',
        module=f'staging/{module}',
        old=old,
        new=new,
    )


MUTANTS = [
    one(
        *(MADE, 'test_a_vhd_is_made_raw_to_its_last_byte'),
        *('converting', 'a vhd is as large as its geometry says'),
        *("if driver == 'vpc':", 'if False:'),
    ),
    one(
        *(MADE, 'test_the_size_of_a_vhd_is_what_it_has_now'),
        *('headers', 'a vhd is as large as it was made'),
        *("unpack_from('>Q', header, 48)", "unpack_from('>Q', header, 40)"),
    ),
    one(
        *(MADE, 'test_a_header_inside_of_the_disk_is_refused'),
        *('converting', 'what came out of it is believed'),
        *('        self._check_made()\n', ''),
    ),
    one(
        *(MADE, 'test_a_disk_of_another_size_is_refused'),
        *('made_disk', 'what was made may have any size'),
        *('if made != _round_up(virtual_size):', 'if False:'),
    ),
    one(
        *(MADE, 'test_a_disk_may_end_within_a_sector'),
        *('made_disk', 'the rest of a sector is another size'),
        *('if made != _round_up(virtual_size):', 'if made != virtual_size:'),
    ),
    one(
        *(MADE, 'test_a_large_disk_of_nothing_is_made'),
        *('made_disk', 'what is small has no large disk'),
        *('_ANY_GROWTH = Limits(growth_from=2**63)', '_ANY_GROWTH = Limits()'),
    ),
    one(
        *(ODD, 'test_a_disk_in_words_is_refused_whatever_it_is_declared'),
        *('odd_vmdk', 'a disk in words is known by its title alone'),
        *(' or _WORDS.match(head)', ''),
    ),
    one(
        *(ODD, 'test_a_descriptor_that_is_all_there_is_has_no_data'),
        *('odd_vmdk', 'what has a title only is a disk'),
        *('head.startswith(_TITLE) or ', ''),
    ),
    one(
        *(ODD, 'test_so_is_one_of_the_oldest_kind'),
        *('odd_vmdk', 'the oldest kind is overlooked'),
        *('if head.startswith(_OLDEST):', 'if False:'),
    ),
    one(
        *(STAGES, 'test_a_file_that_is_in_a_cache_is_never_written'),
        *('stage_file', 'a cached file is written again'),
        *(' and found.st_nlink == 1', ''),
    ),
    one(
        *(STAGES, 'test_a_file_that_was_given_away_begins_anew'),
        *('stage_file', 'what others may write is gone on with'),
        *('        and found.st_uid == os.geteuid()\n', ''),
    ),
    one(
        *(STAGES, 'test_another_file_than_was_hashed_is_no_content'),
        *('staged_image', 'whatever has that name is published'),
        *('                self._check_hashed(fd)\n', ''),
    ),
    one(
        *(STAGES, 'test_nor_is_one_used_that_its_owner_made'),
        *('staging_folder', 'root stages where others may change it'),
        *(
            'own_folder.make_ours(above, name)\n'
            '        with own_folder.opened_ours(',
            'own_folder.make_own(above, name)\n'
            '        with own_folder.opened_own(',
        ),
    ),
    one(
        *(STAGES, 'test_a_second_one_waits_for_a_bounded_time'),
        *('stage', 'a stage is waited for longer than is allowed'),
        *('patience = self.limits.turn_seconds if', 'patience = 900 if'),
    ),
    one(
        *(STEERING, 'test_a_conversion_reads_what_was_inspected'),
        *('converting', 'qemu-img goes by a name of a folder of others'),
        *("cwd=f'/proc/self/fd/{self.folder_fd}'", 'cwd=self.folder'),
    ),
    one(
        *(STEERING, 'test_a_conversion_reads_what_was_inspected'),
        *('converting', 'qemu-img reads what took the place of the image'),
        *(
            "f'file.filename=./{self.source}'",
            "f'file.filename={self.folder}/{self.source}'",
        ),
    ),
    one(
        *(STAGES, 'test_what_no_checksum_tells_of_begins_anew'),
        *('stage', 'two halves of nobody knows what'),
        *('meta.checksum is None or not record', 'not record'),
    ),
    one(
        *(STAGES, 'test_a_tail_of_holes_begins_anew_once'),
        *('fetching', 'a torn stage is never begun anew'),
        *('if not self._is_right() and found:', 'if False:'),
    ),
    one(
        *(STAGES, 'test_before_it_goes_on_the_source_is_asked_again'),
        *('fetching', 'nobody asks what the image is by now'),
        *("raise self._wrong('it was replaced meanwhile')", 'return'),
    ),
    one(
        *(STAGES, 'test_a_record_is_never_written_into_a_file_that_is_there'),
        *('record', 'a record is written into what is there'),
        *(
            '        os.unlink(names.new_record, dir_fd=folder)\n',
            '        pass\n',
        ),
    ),
    one(
        *(FETCHING, 'test_a_wrong_hash_is_refused'),
        *('fetching', 'a wrong hash passes'),
        *('return known is None or', 'return True or'),
    ),
    one(
        *(FETCHING, 'test_a_byte_at_each_try_is_no_progress'),
        *('patience', 'a byte is progress'),
        *('_WORTH = 2**16', '_WORTH = 1'),
    ),
    one(
        *(READING, 'test_what_it_raises_comes_after_what_came'),
        *('reading_ahead', 'what ends a source early ends it well'),
        *('            self._put(error)\n', '            self._put(None)\n'),
    ),
    one(
        *(READING, 'test_few_pieces_are_read_ahead'),
        *('reading_ahead', 'a process that dies has lost all that came'),
        *('_MOST = 2', '_MOST = 0'),
    ),
    one(
        *(READING, 'test_it_was_left_when_this_ends'),
        *('reading_ahead', 'a source is read though nobody wants it'),
        *('        self.join(self._patience)\n', '        pass\n'),
    ),
    one(
        *(UNPACKING, 'test_a_bomb_is_not_unpacked'),
        *('unpacking', 'zeros are unpacked without an end'),
        *('    if len(end) > _MOST_AFTER:', '    if False:'),
    ),
    one(
        *(UNPACKING, 'test_little_follows_its_gzip'),
        *('unpacking', 'a gzip is read on to its end, whatever follows'),
        *(
            "    if rest.strip(b'\\0') or len(rest) > _MOST_AFTER:",
            '    if False:',
        ),
    ),
    one(
        *(UNPACKING, 'test_a_chain_is_refused'),
        *('unpacking', 'what follows the disk is passed over'),
        *("    if end.strip(b'\\0'):", '    if False:'),
    ),
    one(
        *(
            'staging/test_vhdx_tables.py',
            'test_a_broken_one_is_refused_by_its_tables',
        ),
        *('inspecting', 'a broken vhdx is read to its end'),
        *('if why := explain_tables(file.fileno()):', "if why := '':"),
    ),
    one(
        *(INSPECTING, 'test_a_raw_image_with_a_header_is_refused'),
        *('inspecting', 'raw is whatever it looks like'),
        *('    if found == declared:', "    if declared == 'raw':"),
    ),
    one(
        *(INSPECTING, 'test_a_vmdk_that_leads_elsewhere_is_refused'),
        *('headers', 'a vmdk may have a parent'),
        *("if 'parentfilenamehint' in text:", 'if False:'),
    ),
    one(
        *(LEFTOVERS, 'test_what_somebody_works_on_stays'),
        *('leftovers', 'a stage that is worked on is left over'),
        *(
            'return not flock.is_held(fd, lock_of(left.location))',
            'return True',
        ),
    ),
]
