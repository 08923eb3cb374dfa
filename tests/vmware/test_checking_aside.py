"""Checks of what lies aside, as tables of values."""

import datetime

import pytest

from imagecache_handlers_vmware.checking_aside import explain_wait
from imagecache_handlers_vmware.checking_aside import find_filled
from imagecache_handlers_vmware.checking_aside import find_images
from imagecache_handlers_vmware.checking_aside import Hindsight
from imagecache_handlers_vmware.checking_aside import is_abandoned
from imagecache_handlers_vmware.checking_aside import Leftover
from imagecache_handlers_vmware.checking_aside import why_kept
from imagecache_handlers_vmware.image_folders import File
from imagecache_handlers_vmware.image_folders import Folder
from imagecache_handlers_vmware.image_folders import ImageFolder
from imagecache_handlers_vmware.paths import DatastorePath
from imagecache_handlers_vmware.users import Users
from tests.vmware.samples import LONG_AGO
from tests.vmware.samples import ONE
from tests.vmware.samples import STALE_CLAIM

OVER, RUNS = '20200101t000000z', '20990101t000000z'
DISK, FLAT = f'{ONE}.vmdk', f'{ONE}-flat.vmdk'
CLAIMED = f'ic-{STALE_CLAIM}'
TIME = Hindsight(now=LONG_AGO, skew=datetime.timedelta(minutes=1))


def found(*entries, until=OVER):
    """Have an image aside: what is called ic- or ts- is a folder."""
    labels = [one for one in entries if one.startswith(('ic-', 'ts-'))]
    files = [File(name=one, size=1) for one in entries if one not in labels]
    path = DatastorePath('ds', f'base_evict/{ONE}.{until}.5f0c')
    folder = Folder(path=path, files=tuple(files), folders=tuple(labels))
    return ImageFolder(image_id=ONE, folder=folder)


def ask(image, *, own=None, filled=(), named=(), unreadable=()):
    left = Leftover(image=image, own=own, filled=filled)
    users = Users(by_folder={}, unreadable=unreadable)
    return why_kept(left, users, frozenset(named), TIME.is_over)


@pytest.mark.parametrize(
    'entries',
    [
        (DISK, FLAT, CLAIMED),
        (f'{ONE}.iso', CLAIMED),
        (f'{ONE}.20.vmdk', CLAIMED),
        (CLAIMED,),
        # Who pinned it as its last file went was told that it is gone.
        (CLAIMED, 'ic-pin.ops', 'ts-9999-01-01-00-00-00'),
        (DISK, FLAT, CLAIMED, f'ic-pin.ops.{OVER}', f'ic-lease.vm.{OVER}'),
        (DISK, FLAT, CLAIMED, 'ts-2020-01-01-00-00-00', 'ic-site.a'),
        (),
    ],
)
def test_nothing_keeps_what_was_about_to_go(entries):
    assert ask(found(*entries)) is None


@pytest.mark.parametrize(
    ('entries', 'why'),
    [
        ((), 'no claim'),
        (('ic-claim.5f0c.soon',), 'no claim'),
        ((CLAIMED, 'ic-pin.ops'), 'pinned'),
        ((CLAIMED, f'ic-pin.ops.{RUNS}'), 'pinned'),
        ((CLAIMED, 'ic-pin.ops.soon'), 'cannot be read'),
        ((CLAIMED, f'ic-lease.vm.{RUNS}'), 'held'),
        ((CLAIMED, 'ic-lease.vm'), 'cannot be read'),
        ((CLAIMED, 'ts-9999-01-01-00-00-00'), 'shielded'),
        (
            (CLAIMED, 'ts-9999-01-01-00-00-00', 'ts-2020-01-01-00-00-00'),
            'shielded',
        ),
        ((CLAIMED, 'database.vmdk'), "'database.vmdk' in it"),
    ],
)
def test_what_speaks_for_an_image_keeps_it(entries, why):
    assert why in ask(found(DISK, FLAT, *entries))


@pytest.mark.parametrize(
    ('there', 'entry', 'why'),
    [
        ((DISK, FLAT), 'ts-9999-01-01-00-00-00', None),
        (('ic-hits.1',), 'ts-9999-01-01-00-00-00', 'it is shielded'),
        ((DISK, FLAT), 'ic-pin.ops', 'it is pinned or held'),
        ((DISK, FLAT), f'ic-lease.vm.{RUNS}', 'it is pinned or held'),
    ],
)
def test_a_shield_keeps_only_what_can_be_put_back(there, entry, why):
    image = found(DISK, FLAT, CLAIMED, entry)
    assert ask(image, own=found(*there)) == why


def test_who_uses_it_or_may_keeps_it():
    image = found(DISK, FLAT, CLAIMED)
    assert ask(image, named=['b', 'a']) == 'used by a, b'
    assert "'c'" in ask(image, unreadable=('c',))
    assert 'ic-notes' in ask(image, filled=('ic-notes',))


def test_what_has_no_file_left_may_hold_something_all_the_same():
    image = found(CLAIMED)
    assert 'ic-notes' in ask(image, filled=('ic-notes',))
    assert "'c'" in ask(image, unreadable=('c',))
    assert ask(found('ic-hits.1')) == 'it bears no claim'


@pytest.mark.parametrize(
    ('until', 'label', 'answer'),
    [
        ('20251231t235459z', 'ic-hits.1', True),
        ('20251231t235500z', 'ic-hits.1', False),
        (OVER, 'ic-claim.5f0c.20251231t235500z', False),
        ('99991231t235959z', CLAIMED, False),
        ('soon', CLAIMED, False),
    ],
)
def test_it_is_abandoned_five_minutes_late(until, label, answer):
    assert is_abandoned(found(label, until=until), TIME.is_over) == answer


def test_only_what_lies_directly_aside_is_of_an_eviction():
    """Whatever bears such a name below is somebody's, or goes with it."""
    image = found(DISK, FLAT)
    aside, name = image.path.parent, image.path.name
    folders = [
        image.folder,
        Folder(path=image.path.join(name)),
        Folder(path=aside.join('kept', name)),
        Folder(path=aside.join('kept')),
    ]
    assert [one.path for one in find_images(aside, folders)] == [image.path]


def test_folders_that_hold_something_are_filled():
    image = found(DISK, 'ic-a', 'ic-b', 'ic-c', 'ic-d')
    path, file = image.path, (File(name='x'),)
    beside = DatastorePath('ds', f'{path.path}0')
    folders = [
        image.folder,
        Folder(path=path.join('ic-a')),
        Folder(path=path.join('ic-b'), files=file),
        Folder(path=path.join('ic-c'), folders=('d',)),
        Folder(path=path.join('ic-c', 'd'), files=file),
        Folder(path=path.join('ic-d'), folders=('e',)),
        Folder(path=path.join('ic-d', 'e')),
        Folder(path=beside.join('ic-a'), files=file),
    ]
    assert find_filled(image, folders) == {'ic-b', 'ic-c', 'ic-d'}


@pytest.mark.parametrize(
    ('here', 'there', 'is_torn', 'colliding'),
    [
        ([DISK], [FLAT], True, ()),
        ([DISK, FLAT], ['ic-pin.ops'], True, ()),
        ([DISK, FLAT], [DISK], True, (DISK,)),
        (['ic-pin.ops'], [DISK, FLAT], False, ()),
        ([DISK, FLAT], [DISK, FLAT], False, (FLAT, DISK)),
        ([DISK], ['ic-pin.ops'], False, ()),
    ],
)
def test_an_image_in_two_places_is_torn(here, there, is_torn, colliding):
    left = Leftover(image=found(*here), own=found(*there))
    assert left.is_torn == is_torn
    assert set(left.colliding) == set(colliding)


def test_what_is_in_one_place_is_not_torn():
    assert not Leftover(image=found(DISK)).is_torn


@pytest.mark.parametrize(
    ('until', 'claim', 'told'),
    [
        # One of a host whose clock is ahead by the skew, and its margin.
        ('20260101t002500z', CLAIMED, None),
        ('20260101t002501z', CLAIMED, 'no eviction lasts until 2026-01-01'),
        ('99991231t235959z', CLAIMED, 'no eviction lasts until 9999-12-31'),
        # An eviction may be at it, whatever its claim says.
        ('20260101t001000z', f'ic-claim.a.{RUNS}', None),
        (OVER, f'ic-claim.a.{RUNS}', 'a claim until 2099-01-01 00:00 UTC'),
        (OVER, CLAIMED, None),
    ],
)
def test_what_nobody_comes_back_to_is_told(until, claim, told):
    why = explain_wait(found(DISK, FLAT, claim, until=until), TIME)
    assert (told in why) if told else why is None
