"""What is debris by what is in it, as tables of values."""

import dataclasses
import datetime

import pytest

from imagecache_handlers_vmware.checking_aside import Hindsight
from imagecache_handlers_vmware.debris_rules import find_strange
from imagecache_handlers_vmware.debris_rules import is_shadow
from imagecache_handlers_vmware.debris_rules import why_aside
from imagecache_handlers_vmware.debris_rules import why_coming
from imagecache_handlers_vmware.debris_rules import why_half
from imagecache_handlers_vmware.debris_rules import why_temporary
from imagecache_handlers_vmware.folder_trees import DatedFolder
from imagecache_handlers_vmware.folder_trees import gather_trees
from imagecache_handlers_vmware.folder_trees import Tree
from imagecache_handlers_vmware.image_folders import File
from imagecache_handlers_vmware.image_folders import Folder
from imagecache_handlers_vmware.image_folders import ImageFolder
from imagecache_handlers_vmware.paths import DatastorePath
from tests.vmware.samples import CLAIM
from tests.vmware.samples import LONG_AGO
from tests.vmware.samples import ONE
from tests.vmware.samples import STALE_CLAIM
from tests.vmware.samples import TWO

OVER, RUNS = '20200101t000000z', '20990101t000000z'
DISK, FLAT = f'{ONE}.vmdk', f'{ONE}-flat.vmdk'
BASE = DatastorePath('ds', 'base')
IS_OVER = Hindsight(now=LONG_AGO, skew=datetime.timedelta(0)).is_over
DAY = datetime.timedelta(days=1)


def folder(path, *entries):
    """Have a folder: what is called ic- or ts- is a folder in it."""
    folders = [one for one in entries if one.startswith(('ic-', 'ts-'))]
    files = [File(name=one, size=9) for one in entries if one not in folders]
    return Folder(path=path, files=tuple(files), folders=tuple(folders))


def half(*entries, name=ONE, below=()):
    top = folder(BASE.join(name), *entries)
    return why_half(Tree(top=top, below=below), IS_OVER)


@pytest.mark.parametrize(
    ('entries', 'why'),
    [
        ((), 'without a disk'),
        (('ts-2020-01-01-00-00-00', 'ic-hits.1'), 'without a disk'),
        ((DISK,), 'without its extent'),
        ((FLAT,), 'without its descriptor'),
        ((f'{ONE}.20.vmdk', f'{ONE}.20-flat.vmdk'), 'without its descriptor'),
        ((DISK, f'ic-{STALE_CLAIM}'), 'without its extent'),
        ((DISK, f'ic-pin.ops.{OVER}', f'ic-lease.vm.{OVER}'), 'extent'),
    ],
)
def test_half_an_image_is_debris(entries, why):
    assert why in half(*entries)


@pytest.mark.parametrize(
    'entries',
    [
        (DISK, FLAT),
        (f'{ONE}.iso',),
        (DISK, 'notes.txt'),
        (DISK, 'other.vmdk'),
        (DISK, f'ic-{CLAIM}'),
        (DISK, 'ic-pin.ops'),
        (DISK, 'ic-pin.ops.soon'),
        (DISK, f'ic-lease.vm.{RUNS}'),
    ],
)
def test_an_image_or_what_may_be_more_is_not(entries):
    assert half(*entries) is None


def test_what_is_called_otherwise_is_foreign():
    for name in 'notes', f'{ONE}.x', f'x{ONE}', ONE.upper() + 'A', 'golden':
        assert half(f'{name}.vmdk', name=name) is None


def test_a_label_that_holds_something_is_foreign():
    inside = folder(BASE.join(ONE, 'ic-notes'), 'db.vmdk')
    assert half(DISK, 'ic-notes', below=(inside,)) is None


@pytest.mark.parametrize(
    ('name', 'answer'),
    [
        (ONE, True),
        (f'{ONE}0', False),
        ('notes', False),
        ('', False),
        (f'OSTACK_IMG_{ONE}', False),
    ],
)
def test_what_nova_fetches_to_has_a_random_name(name, answer):
    path = DatastorePath('ds', f'vmware_temp/{name}')
    assert bool(why_temporary(Tree(top=folder(path)))) == answer


FETCH = DatastorePath('ds', f'vmware_temp/{TWO}')


def test_what_nova_fetches_is_debris():
    for entries in (
        (),
        (FLAT,),
        (DISK, FLAT, '.lck-5f0c', 'ic-pin.ops'),
        ('tmp-sparse.vmdk', DISK),
        (f'{ONE}.iso',),
    ):
        below = [folder(FETCH.join(ONE), *entries)]
        if 'ic-pin.ops' in entries:
            below.append(folder(FETCH.join(ONE, 'ic-pin.ops')))
        top = Folder(path=FETCH, folders=(ONE,))
        assert why_temporary(Tree(top=top, below=tuple(below))), entries


@pytest.mark.parametrize(
    ('files', 'below'),
    [
        (['notes.txt'], []),
        ([], [('backup', ['db.dump'])]),
        ([], [('backup', [])]),
        ([], [(ONE, ['notes.txt'])]),
        ([], [(ONE, ['other.vmdk', DISK])]),
        ([], [(f'{ONE}/ic-notes', ['x'])]),
        ([], [(f'{ONE}/backup', [])]),
        ([], [('ic-notes', ['x'])]),
    ],
)
def test_what_others_put_into_a_fetch_keeps_it(files, below):
    found = [folder(FETCH.join(name), *names) for name, names in below]
    folders = tuple(name for name, _ in below if '/' not in name)
    top = Folder(
        path=FETCH,
        files=tuple(File(name=one) for one in files),
        folders=folders,
    )
    assert why_temporary(Tree(top=top, below=tuple(found))) is None


def coming(*entries, name=f'{ONE}.coming-5f0c5f0c', filled=()):
    top = folder(BASE.join(name), *entries)
    return why_coming(Tree(top=dataclasses.replace(top, filled=filled)))


@pytest.mark.parametrize(
    'entries',
    [
        (),
        (DISK,),
        (f'{ONE}.iso',),
        (DISK, 'ic-site.a', 'ts-2020-01-01-00-00-00'),
    ],
)
def test_what_was_on_its_way_in_is_debris(entries):
    assert coming(*entries) == 'adding an image was cut off'


def test_what_others_put_to_what_was_on_its_way_in_keeps_it():
    for strange in 'notes.txt', 'other.vmdk', f'{TWO}.vmdk':
        assert coming(DISK, strange) is None, strange
    assert coming(DISK, 'ic-site.a', filled=frozenset({'ic-site.a'})) is None


def test_what_is_on_its_way_in_has_a_random_name():
    for name in (
        ONE,
        f'{ONE}.coming',
        f'{ONE}.coming-5f0c',
        f'{ONE}.coming-5f0c5f0c0',
        '.coming-5f0c5f0c',
    ):
        assert coming(name=name) is None, name


IMPORT = DatastorePath('ds', f'OSTACK_IMG_{TWO}')


@pytest.mark.parametrize(
    'entries',
    [
        (),
        ('.vmx', '.vmxf', '.vmsd', '.vmdk', '-flat.vmdk'),
        ('.vmdk', '_1.vmdk', '_1-flat.vmdk'),
        ('/disk.vmdk', '/disk-flat.vmdk'),
        ('/disk-0.vmdk', '/disk-0-flat.vmdk'),
        ('.vmdk', '.vmdk.lck', '/.lck-5f0c'),
        ('.vmdk', '/ic-cleaning.5f0c'),
    ],
)
def test_a_machine_that_never_ran_has_nothing_strange(entries):
    assert find_strange(imported(*entries)) == ()


@pytest.mark.parametrize(
    'strange',
    [
        # It ran.
        '/vmware.log',
        '/vmware-1.log',
        '.nvram',
        '.vswp',
        '.vmss',
        '.hlog',
        # A snapshot was taken of it.
        '-000001.vmdk',
        '-000001-delta.vmdk',
        '-000001-sesparse.vmdk',
        '-Snapshot1.vmsn',
        '-ctk.vmdk',
        # It is a template, or another machine.
        '.vmtx',
        '/golden.vmx',
        '0.vmdk',
        '.iso',
        '.20.vmdk',
        # Somebody put it there.
        '/notes.txt',
        '/database.vmdk',
        '/backup/',
        f'/{ONE}/',
    ],
)
def test_what_else_lies_in_its_folder_is_strange(strange):
    told = strange.strip('/')
    told = told if strange.startswith('/') else f'{IMPORT.name}{told}'
    tree = imported('.vmx', '.vmdk', '-flat.vmdk', strange)
    assert find_strange(tree) == (told,)


def test_a_label_in_its_folder_that_holds_something_is_strange():
    tree = imported('.vmdk', '/ic-notes')
    top = dataclasses.replace(tree.top, filled=frozenset({'ic-notes'}))
    assert find_strange(Tree(top=top)) == ('ic-notes',)


def imported(*entries):
    """Have the folder of an import; what begins with / has another name."""
    names = [
        one[1:] if one.startswith('/') else f'{IMPORT.name}{one}'
        for one in entries
    ]
    files = [one for one in names if not one.endswith('/')]
    top = folder(IMPORT, *files)
    folders = [one[:-1] for one in names if one.endswith('/')]
    return Tree(top=dataclasses.replace(top, folders=(*top.folders, *folders)))


@pytest.mark.parametrize(
    ('name', 'answer'),
    [
        (f'OSTACK_IMG_{ONE}', True),
        (f'OSTACK_IMG_{ONE}_1', False),
        (f'OSTACK_SNAP_{ONE}', False),
        ('OSTACK_IMG_golden', False),
        (ONE, False),
    ],
)
def test_a_shadow_machine_is_known_by_its_name(name, answer):
    assert is_shadow(name) == answer


def aside(*entries, until=OVER, own=(), below=()):
    path = DatastorePath('ds', f'base_evict/{ONE}.{until}.5f0c')
    tree = Tree(top=folder(path, *entries), below=below)
    there = ImageFolder(image_id=ONE, folder=folder(BASE.join(ONE), *own))
    return why_aside(tree, there if own else None, IS_OVER)


@pytest.mark.parametrize(
    ('entries', 'own'),
    [
        ((DISK, FLAT), (DISK, FLAT)),
        ((DISK, FLAT, 'ts-9999-01-01-00-00-00'), (DISK, FLAT)),
        ((DISK, FLAT, f'ic-{STALE_CLAIM}'), (f'{ONE}.iso',)),
        ((DISK,), ()),
        ((FLAT,), (DISK, FLAT)),
        ((), ()),
    ],
)
def test_what_recovery_leaves_aside_is_debris(entries, own):
    assert 'evicting' in aside(*entries, own=own)


@pytest.mark.parametrize(
    ('entries', 'own'),
    [
        # Recovery puts it back.
        ((DISK, FLAT), ()),
        # Recovery puts it together.
        ((DISK,), (FLAT,)),
        ((DISK, FLAT), ('ic-hits.1',)),
        # Somebody was granted it, or it is at work.
        ((DISK, FLAT, 'ic-pin.ops'), (DISK, FLAT)),
        ((DISK, FLAT, f'ic-lease.vm.{RUNS}'), (DISK, FLAT)),
        ((DISK, FLAT, 'ic-pin.ops.soon'), (DISK, FLAT)),
        ((DISK, FLAT, f'ic-{CLAIM}'), (DISK, FLAT)),
        # More is in it.
        ((DISK, FLAT, 'notes.txt'), (DISK, FLAT)),
    ],
)
def test_what_it_does_not_or_may_not_is_not(entries, own):
    assert aside(*entries, own=own) is None


def test_until_its_time_is_over_an_eviction_runs():
    assert aside(DISK, until=RUNS) is None


def test_what_lies_in_a_label_aside_is_foreign():
    path = DatastorePath('ds', f'base_evict/{ONE}.{OVER}.5f0c/ic-notes')
    inside = folder(path, 'db.vmdk')
    assert aside(DISK, 'ic-notes', below=(inside,)) is None


def test_what_bears_no_such_name_is_foreign():
    top = folder(DatastorePath('ds', 'base_evict/db01.backup'), DISK)
    assert why_aside(Tree(top=top), None, IS_OVER) is None


def dated(path, **times):
    names = {one: None for one in times}
    folders = [one for one in names if not one.endswith('_')]
    files = [File(name=one) for one in names if one.endswith('_')]
    found = Folder(path=path, files=tuple(files), folders=tuple(folders))
    return DatedFolder(folder=found, times=times)


def test_trees_are_dated_by_the_newest_of_all_that_is_in_them():
    old, new = LONG_AGO - 2 * DAY, LONG_AGO - DAY / 2
    found = [
        dated(BASE, old=old, deep=old, new=new, undated=None, file_=new),
        dated(BASE.join('old'), a=old, b_=old),
        dated(BASE.join('old', 'a')),
        dated(BASE.join('deep'), a=old),
        dated(BASE.join('deep', 'a'), b_=new),
        dated(BASE.join('new')),
        dated(BASE.join('undated'), b_=old),
    ]
    trees = {one.path.name: one for one in gather_trees(BASE, found)}
    assert {name: one.changed_at for name, one in trees.items()} == {
        'old': old,
        'deep': new,
        'new': new,
        'undated': None,
    }
    is_old = {name for name, one in trees.items() if one.is_old(LONG_AGO)}
    assert is_old == {'old'}
    assert trees['deep'].top.filled == {'a'}
    assert trees['old'].top.filled == frozenset()


def test_a_folder_that_is_not_there_has_none():
    assert gather_trees(BASE, []) == []
