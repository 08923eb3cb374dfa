"""The questions to Nova, broken on purpose, and by which tests it shows."""

from tests.mutation import Mutant

USERS = 'frontends/nova_api/test_users.py::test_'
MEANWHILE = 'frontends/nova_api/test_users.py::TestMeanwhile::test_'
ASKING = 'frontends/nova_api/test_connection.py::test_'
LIES = 'frontends/nova_api/test_lies.py::test_no_lie_proves_absence'
PAGES = 'frontends/nova_api/test_lies.py::test_pages_tell_of_themselves'


def mutant(name, module, old, new, killer):
    return Mutant(
        name=name,
        killer=killer,
        module=f'frontends/nova_api/{module}',
        old=old,
        new=new,
    )


MUTANTS = [
    mutant(
        'anybody may answer in place of Nova',
        'connection',
        "if told.split() != ['compute', version]:",
        'if False:',
        f'{ASKING}whatever_else_is_answered_is_an_error',
    ),
    mutant(
        'what a proxy has kept is taken for fresh',
        'connection',
        ', **_FRESH}',
        '}',
        f'{ASKING}a_proxy_is_asked_for_nothing_that_it_has_kept',
    ),
    mutant(
        'nothing at all is taken for an answer',
        'connection',
        '        if status == 404:\n',
        '        if False:\n',
        f'{ASKING}an_endpoint_of_something_else_is_told_so',
    ),
    mutant(
        'a page need not go on where the last one ended',
        'listing',
        'if ids[:fresh] != ([] if last is None else [last]):',
        'if False:',
        PAGES,
    ),
    mutant(
        'a page in the middle may be short',
        'listing',
        ' or has_next and len(ids) < self._size',
        '',
        LIES,
    ),
    mutant(
        'a full page may be the last',
        'listing',
        'if not has_next and len(ids) == self._size:',
        'if False:',
        PAGES,
    ),
    mutant(
        'a server may be named twice',
        'listing',
        'if len(new) < len(ids) - fresh or new & self._seen:',
        'if False:',
        PAGES,
    ),
    mutant(
        'a list may take for ever',
        'listing',
        'if self._clock() > self._end:',
        'if False:',
        f'{USERS}a_list_that_takes_too_long_ends',
    ),
    mutant(
        'servers that wait to be reclaimed are not asked for',
        'listing',
        "    'soft_deleted': 'true',\n",
        '',
        f'{USERS}what_a_server_uses',
    ),
    mutant(
        'servers on hypervisors need not be listed',
        'counting',
        'missing = sorted(counted.servers - set(listed))',
        'missing: list[str] = []',
        LIES,
    ),
    mutant(
        'who is missing is taken for gone',
        'counting',
        "if not nova.is_gone(path, '2.69'):",
        'if False:',
        LIES,
    ),
    mutant(
        'a Nova without hypervisors is believed',
        'counting',
        'if not counted.hypervisors:',
        'if False:',
        f'{USERS}a_nova_without_hypervisors_proves_nothing',
    ),
    mutant(
        'a list of nobody is believed',
        'counting',
        'if not listed:',
        'if False:',
        f'{USERS}a_nova_without_servers_proves_nothing',
    ),
    mutant(
        'a link that is none is no link',
        'listing',
        'if not isinstance(relation, str):',
        'if False:',
        LIES,
    ),
    mutant(
        'who tells no state is in none',
        'servers',
        'if states is None:',
        'if states is None and (states := [""] * 3) is None:',
        f'{USERS}a_server_that_tells_no_state_proves_no_absence',
    ),
    mutant(
        'hypervisors that nobody listed are passed over',
        'counting',
        'if strangers := set(used) - counted.hypervisors:',
        'if strangers := set[str]():',
        f'{USERS}a_hypervisor_that_is_not_listed_proves_no_absence',
    ),
    mutant(
        'what is told in part is taken for all',
        'servers',
        'server_id=server_id, doubt=why)\n    try:',
        'server_id=server_id)\n    try:',
        f'{USERS}partial_records_are_named',
    ),
    mutant(
        'the images of rescues are taken for known',
        'servers',
        'if state in _ANOTHER_IMAGE:',
        'if False:',
        f'{USERS}a_server_that_may_use_another_image_proves_no_absence',
    ),
    mutant(
        'the snapshots of shelved servers are taken for known',
        'servers',
        "if states[1] == 'spawning'",
        "if False and states[1] == 'spawning'",
        f'{USERS}a_server_that_may_use_another_image_proves_no_absence',
    ),
    mutant(
        'kernels are not used',
        'servers',
        'found + [check_image_id(one) for one in kernels if one]',
        'found',
        f'{USERS}what_a_server_uses',
    ),
    mutant(
        'doubts of servers count for nothing',
        'users',
        ' and not gathered.doubts',
        '',
        f'{USERS}a_server_that_may_use_another_image_proves_no_absence',
    ),
    mutant(
        "Nova needs nobody's word",
        'users',
        'complete=self._complete and is_whole',
        'complete=is_whole',
        f'{USERS}without_the_callers_word_it_proves_use_only',
    ),
    mutant(
        'a list that does not fit together is complete',
        'users',
        '            return False\n',
        '            return True\n',
        LIES,
    ),
    mutant(
        'any region is taken for all',
        'users',
        'if complete and not (login.endpoint or login.region_name):',
        'if False:',
        f'{ASKING}of_several_regions_none_is_taken_for_all',
    ),
    mutant(
        'the time is told afterwards',
        'users',
        '            as_of=as_of,\n',
        '            as_of=self._clock(),\n',
        f'{USERS}the_time_is_from_before_the_first_request',
    ),
]
