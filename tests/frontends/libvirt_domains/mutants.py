"""What definitions prove, broken on purpose, and by which tests it shows."""

from tests.mutation import Mutant

ROOM = 'frontends/libvirt_domains'
USERS = 'users.py::test_'
CONNECTION = 'connection.py::test_'
HERE = f'{CONNECTION}whose_files_they_are'


def mutant(name, module, old, new, killer):
    if '::' not in killer:
        killer = f'{USERS}{killer}'
    return Mutant(
        name=name,
        killer=f'{ROOM}/test_{killer}',
        module=f'{ROOM}/{module}',
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
        'a disk that is missing names nothing',
        'chains',
        'self._told.add(found)',
        'pass',
        'a_disk_that_is_missing_proves_no_absence',
    ),
    mutant(
        'a disk that cannot be read names nothing',
        'chains',
        'self._told.add(_tell_failure(found.path, error))',
        'pass',
        'a_file_that_is_swapped_meanwhile_proves_no_absence',
    ),
    mutant(
        'the names that the kernel tells count for nothing',
        'chains',
        '            names |= found.names\n',
        '',
        'one_file_is_read_from_each_of_its_folders',
    ),
    mutant(
        'a way up is one of texts',
        'chains',
        'Backing(os.path.join(folder, below.path), below.is_raw)',
        'Backing(\n'
        '        os.path.normpath(os.path.join(folder, below.path)),\n'
        '        below.is_raw,\n'
        '    )',
        'a_way_up_is_the_kernels',
    ),
    mutant(
        'a file is read from one of its folders',
        'chains',
        'known = found.folder, found.file, is_raw',
        'known = found.file, is_raw',
        'one_file_is_read_from_each_of_its_folders',
    ),
    mutant(
        'what is mounted has the name of its place alone',
        'files',
        ', _find_root(fd)]',
        ']',
        'files.py::TestMounted',
    ),
    mutant(
        'nothing lies below a firmware',
        'users',
        '[*_list_disks(domain), *started.below]',
        'list(_list_disks(domain))',
        'what_lies_below_a_firmware_is_used',
    ),
    mutant(
        'a kernel may be missing',
        'firmware',
        'Named((Backing(path, is_raw),))',
        'Named() if is_raw else Named((Backing(path, is_raw),))',
        'a_firmware_that_may_be_any_file_proves_no_absence',
    ),
    mutant(
        'no domains use nothing',
        'users',
        "yield 'it has no domains'",
        'pass',
        'no_domains_prove_nothing',
    ),
    mutant(
        "another host's domains are all there are",
        'users',
        'if not answer.is_here:',
        'if False:',
        'another_host_proves_use_only',
    ),
    mutant(
        'what is named as a copy is a copy',
        'users',
        'for one in (name, variant[1]) if variant else (name,):',
        'for one in (variant[1] if variant else name,):',
        'a_file_of_novas_is_used_by_its_name',
    ),
    mutant(
        'the name of a connection is its URI',
        'connection',
        'uris = self.uri, conn.getURI()',
        'uris = [self.uri]',
        HERE,
    ),
    mutant(
        'any host is this one',
        'hosts',
        ' and hostname.casefold() in names',
        '',
        HERE,
    ),
    mutant(
        'a socket that leads elsewhere is here',
        'hosts',
        ' and not parts.query',
        '',
        HERE,
    ),
    mutant(
        'names in a disk begin anywhere',
        'chains',
        'Backing(os.path.join(folder, below.path), below.is_raw)',
        'Backing(below.path, below.is_raw)',
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
        "doubts += [f'{one.user}: {why}' for why in problems]",
        'pass',
        'a_definition_that_is_not_understood_proves_no_absence',
    ),
    mutant(
        'only disks are used',
        'users',
        'names = set(map(os.path.basename, mentions))',
        'names: set[str] = set()',
        'whatever_a_definition_names_is_used',
    ),
    mutant(
        'files of another host are read here',
        'users',
        '        if answer.is_here:\n',
        '        if True:\n',
        'another_host_proves_use_only',
    ),
    mutant(
        'a copy of another size is another image',
        'users',
        '(name, variant[1]) if variant else (name,)',
        '(name,)',
        'a_file_of_novas_is_used_by_its_name',
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
