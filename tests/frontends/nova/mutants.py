"""The frontend of Nova, broken on purpose, and by which tests it shows."""

from tests.mutation import Mutant

INSTANCES = 'frontends/nova/test_instances.py::TestEvidence::test_'
ANSWERS = 'frontends/nova/test_answers.py::TestAnswers::test_'
MANAGER = 'frontends/nova/test_manager.py::Test'
LIBVIRT = 'frontends/nova/test_libvirt.py::Test'


def mutant(name, module, old, new, killer):
    return Mutant(
        name=name,
        killer=killer,
        module=f'frontends/nova/{module}',
        old=old,
        new=new,
    )


MUTANTS = [
    mutant(
        'columns are read that are not loaded',
        'instances',
        'return is_set(column) if is_set else hasattr(instance, column)',
        'return is_set is not None or hasattr(instance, column)',
        f'{INSTANCES}who_uses_what',
    ),
    mutant(
        'what is not stored is not asked for',
        'instances',
        'else _ask(instance, column)',
        'else None',
        f'{INSTANCES}who_uses_what',
    ),
    mutant(
        'each column of each instance is asked for',
        'instances',
        'if place in stored',
        'if False',
        f'{INSTANCES}what_an_object_has_in_itself_is_not_asked_for',
    ),
    mutant(
        'one hostile id ends the list',
        'instances',
        '    except ValueError:\n        return False',
        '    except ZeroDivisionError:\n        return False',
        f'{INSTANCES}what_cannot_name_an_image_is_told_and_counted',
    ),
    mutant(
        'what is not loaded is no image',
        'instances',
        'not refused and not unread',
        'not refused',
        f'{INSTANCES}what_is_not_known_leaves_it_incomplete',
    ),
    mutant(
        'what was passed over is no image',
        'instances',
        'not refused and not unread',
        'not unread',
        f'{INSTANCES}what_is_not_known_leaves_it_incomplete',
    ),
    mutant(
        'those that are refused for the same are counted as one',
        'instances',
        'refused += len(who)',
        'refused += 1',
        f'{INSTANCES}each_of_several_that_are_made_of_the_same_counts',
    ),
    mutant(
        'those of which the same is not loaded are counted as one',
        'instances',
        'len(who) for columns, who in groups.items() if _UNREAD in columns',
        '1 for columns, who in groups.items() if _UNREAD in columns',
        f'{INSTANCES}each_of_several_that_are_made_of_the_same_counts',
    ),
    mutant(
        'a replica is asked who is there',
        'reading_again',
        'use_slave=False',
        'use_slave=True',
        f'{MANAGER}Complete::test_a_replica_that_is_behind_is_not_asked',
    ),
    mutant(
        'a ramdisk is nothing that is used',
        'instances',
        "'image_ref', 'kernel_id', 'ramdisk_id'",
        "'image_ref', 'kernel_id'",
        f'{INSTANCES}who_uses_what',
    ),
    mutant(
        'a list of no known time is complete',
        'answers',
        'return gather_evidence(instances, self._clock())',
        'return gather_evidence(\n'
        '            instances, self._clock(), complete=self._complete\n'
        '        )',
        f'{ANSWERS}complete_it_is_only_of_a_known_time',
    ),
    mutant(
        'a list is as new as its last instance',
        'answers',
        'as_of = self._clock()\n        instances = self._read_again()',
        'instances = self._read_again()\n        as_of = self._clock()',
        f'{ANSWERS}first_the_given_list_and_then_newer_ones',
    ),
    mutant(
        'an aged list ends no pass',
        'answers',
        'self.is_aged = True',
        'pass',
        f'{ANSWERS}where_nobody_can_be_asked_it_has_aged',
    ),
    mutant(
        'hosts that were not asked have no instances',
        'reading_again',
        'complete and are_of_host(instances, host)',
        'complete',
        f'{MANAGER}Complete::test_other_hosts_are_not_known_to_be_all',
    ),
    mutant(
        'two passes at once',
        'manager',
        'if not self._sweeping.acquire(blocking=False):',
        'if False:',
        f'{MANAGER}Update::test_no_pass_beside_a_pass',
    ),
    mutant(
        'the service ends in the middle of an image',
        'stopping',
        'ended.wait(max(0, latest - time.monotonic()))',
        'pass',
        f'{MANAGER}Stopping::test_work_is_told_to_end_and_then_waited_for',
    ),
    mutant(
        'a failure of ours ends a spawn',
        'holding',
        'except CacheError as error:',
        'except ZeroDivisionError as error:',
        f'{MANAGER}Holding::test_what_fails_here_ends_no_spawn',
    ),
    mutant(
        'an image is held for ever',
        'holding',
        'cache.release(image_id, owner)',
        'pass',
        f'{MANAGER}Holding::test_an_image_is_held_while_an_instance_is_made',
    ),
    mutant(
        'what a blank disk is used by is not asked',
        'leftovers',
        'elif users:',
        'elif False:',
        f'{LIBVIRT}Leftovers::test_what_a_disk_lies_on_is_kept_and_renewed',
    ),
    mutant(
        'of what nobody can tell Nova hears',
        'leftovers',
        'there.discard(name)',
        'pass',
        f'{LIBVIRT}Leftovers::test_of_what_nobody_can_tell_nova_does_not_hear',
    ),
    mutant(
        'an old name goes though its image is used',
        'leftovers',
        'if found is None or found[1] in self._used:',
        'if found is None:',
        f'{LIBVIRT}Leftovers::test_an_old_name_stays_while_its_image_is_used',
    ),
    mutant(
        'Nova looks for leftovers at every image',
        'leftovers',
        'or not has_leftovers(base)',
        '',
        f'{LIBVIRT}Leftovers::'
        'test_where_there_are_only_images_nova_looks_at_none',
    ),
    mutant(
        'a cache is managed of which no file tells',
        'libvirt',
        "_ELSEWHERE = 'rbd', 'lvm'",
        "_ELSEWHERE = ('rbd',)",
        f'{LIBVIRT}Elsewhere::'
        'test_disks_that_are_no_files_leave_the_cache_alone',
    ),
]
