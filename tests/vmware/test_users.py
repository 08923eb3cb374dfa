"""Users: a machine that names a file of an image uses it."""

import dataclasses

import pytest

from imagecache_handlers_vmware.paths import aside_of
from imagecache_handlers_vmware.paths import DatastorePath
from imagecache_handlers_vmware.users import find_users
from imagecache_handlers_vmware.users import Machine

BASE = DatastorePath('ds', 'base')
BASES = [BASE, aside_of(BASE)]


def machine(*files, name='vm'):
    return Machine(name=name, files=frozenset(files), datastore='ds')


def lost_machine(name):
    return Machine(name=name, files=None, datastore='ds')


@pytest.mark.parametrize(
    ('file', 'folder'),
    [
        ('[ds] base/i/i.vmdk', BASE.join('i')),
        ('[ds] base/i/i.80-flat.vmdk', BASE.join('i')),
        ('[ds] base/i', BASE.join('i')),
        ('[ds]base/i/i.iso', BASE.join('i')),
        ('[ds] base//i/i.iso', BASE.join('i')),
        ('[ds] /base/i/i.iso', BASE.join('i')),
        ('[ds] base/i/deeper/x', BASE.join('i')),
        ('[ds] base_evict/i.5f/i.vmdk', aside_of(BASE).join('i.5f')),
    ],
)
def test_a_file_in_a_folder_is_a_use_of_it(file, folder):
    users = find_users([machine(file)], BASES)
    assert users.of_folder(folder) == {'vm'}


@pytest.mark.parametrize(
    'file',
    [
        '[ds] vm/vm.vmdk',
        '[ds]1] base/i/i.vmdk',
        '[other] base/i/i.vmdk',
        '[ds] base2/i/i.vmdk',
        '[ds] x/base/i/i.vmdk',
        '',
    ],
)
def test_a_file_elsewhere_is_none(file):
    users = find_users([machine(file)], BASES)
    assert not users.by_folder
    assert not users.unreadable


@pytest.mark.parametrize(
    'file',
    [
        '[] /vmfs/volumes/5f0c/base/i/i.iso',
        '[] base/i/i.iso',
        '/vmfs/volumes/5f0c//base/i/i.iso',
        'ds:///vmfs/volumes/5f0c/base_evict/i.5f/i.iso',
        '[ds] ../5f0c/base/i/i.iso',
        '[ds] ./base/i/i.iso',
        '[other] ../5f0c/base/i/i.iso',
    ],
)
def test_a_path_that_does_not_say_where_it_ends_may_name_anything(file):
    assert find_users([machine(file)], BASES).unreadable == ('vm',)
    assert not find_users([machine(file)], BASES, ['vm']).unreadable


@pytest.mark.parametrize(
    'file', ['[] /usr/lib/vmware/isoimages/linux.iso', '[ds] ../x', '/dev/sg0']
)
def test_one_that_names_no_base_does_not(file):
    assert not find_users([machine(file)], BASES).unreadable


def test_a_datastore_of_another_name_there_is_read_by_that_name():
    other = Machine(
        name='vm',
        files=frozenset({'[theirs] base/i/i.vmdk', '[ds] base/j/j.vmdk'}),
        datastore='theirs',
    )
    assert find_users([other], BASES).by_folder == {
        BASE.join('i'): {'vm'},
    }


def test_all_users_are_named():
    both = [machine('[ds] base/i/i.vmdk', name=one) for one in 'ab']
    assert find_users(both, BASES).of_folder(BASE.join('i')) == {'a', 'b'}


def test_a_machine_that_cannot_be_read_may_use_anything():
    machines = [lost_machine(one) for one in ('lost', 'hidden')]
    users = find_users(machines, BASES)
    assert users.why_unknown == (
        "2 machines of this datastore cannot be read, such as 'hidden': "
        'repair or unregister it, or name it in ignore_vms'
    )


def test_a_machine_of_which_old_things_are_told_may_use_anything():
    old = dataclasses.replace(machine('[old] i/i.vmdk'), is_stale=True)
    users = find_users([old], BASES)
    assert "machine 'vm' of this datastore names files" in users.why_unknown
    assert find_users([old], BASES, ['vm']).why_unknown is None


def test_one_that_is_written_off_does_not_count_while_it_is_unreadable():
    lost = lost_machine('lost')
    assert find_users([lost], BASES, ['lost']).why_unknown is None
    back = machine('[ds] base/i/i.vmdk', name='lost')
    users = find_users([back], BASES, ['lost'])
    assert users.of_folder(BASE.join('i')) == {'lost'}


def test_a_folder_that_goes_by_two_paths_has_the_users_of_both():
    """On vSAN some machines name it by its uuid, others by its name."""
    stable = DatastorePath('ds', 'uuid')
    machines = [
        machine('[ds] base/i/i.vmdk', name='a'),
        machine('[ds] uuid/i/i.vmdk', name='b'),
    ]
    users = find_users(machines, [BASE, stable]).call_folders(stable, BASE)
    assert users.of_folder(BASE.join('i')) == {'a', 'b'}
