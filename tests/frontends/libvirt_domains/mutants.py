"""What definitions prove, broken on purpose, and by which tests it shows."""

from tests.mutation import Mutant

USERS = 'frontends/libvirt_domains/test_users.py::test_'


def mutant(name, module, old, new, killer):
    return Mutant(
        name=name,
        killer=f'{USERS}{killer}',
        module=f'frontends/libvirt_domains/{module}',
        old=old,
        new=new,
    )


MUTANTS = [
    mutant(
        'what lies below a disk is not looked for',
        'chains',
        '            if not is_raw:\n',
        '            if False:\n',
        'an_image_below_an_overlay_is_used',
    ),
    mutant(
        'the bytes of a guest are followed',
        'chains',
        '            if not is_raw:\n',
        '            if True:\n',
        'the_bytes_of_a_guest_name_nothing',
    ),
    mutant(
        'a disk that cannot be read names nothing',
        'chains',
        "return Header(problems=(f'it cannot be read: {why}',))",
        'return Header()',
        'a_disk_that_is_missing_proves_no_absence',
    ),
    mutant(
        'names in a disk begin anywhere',
        'chains',
        'os.path.join(folder, below.path)',
        'below.path',
        'a_chain_is_followed_to_its_end',
    ),
    mutant(
        'a definition that is not understood is passed over',
        'users',
        "doubts.append(f'the definition of {one.user}: {error}')",
        'pass',
        'a_definition_that_is_not_understood_proves_no_absence',
    ),
    mutant(
        'a disk that is not understood is passed over',
        'users',
        "doubts += [f'{one.user}: {why}' for why in domain.problems]",
        'pass',
        'a_definition_that_is_not_understood_proves_no_absence',
    ),
    mutant(
        'only disks are used',
        'users',
        'named = {*domain.mentions, *domain.hints}',
        'named: set[str] = set()',
        'whatever_a_definition_names_is_used',
    ),
    mutant(
        'files of another host are read here',
        'users',
        '        if is_here:\n',
        '        if True:\n',
        'files_of_another_host_are_not_looked_for_here',
    ),
    mutant(
        'a copy of another size is another image',
        'users',
        'variant[1] if variant else name',
        'name',
        'a_file_of_novas_is_used_by_its_name',
    ),
    mutant(
        'a link is no image',
        'users',
        'os.path.basename(os.path.realpath(path))',
        'os.path.basename(path)',
        'a_link_is_what_it_leads_to',
    ),
    mutant(
        "libvirt needs nobody's word",
        'users',
        'complete=self._complete and not doubts',
        'complete=not doubts',
        'without_the_callers_word_it_proves_use_only',
    ),
    mutant(
        'doubts count for nothing',
        'users',
        'self._complete and not doubts',
        'self._complete',
        'a_disk_that_is_missing_proves_no_absence',
    ),
]
